// SPDX-License-Identifier: MIT
#include "line.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX (30.0 * 86400)

static const struct command commands[] = {
    { "", "", "the screen: conversations, messages, a line to type", 0, cmd_screen },
    { "--json", "--json [--follow]", "JSON-RPC on standard input and output, for scripts", 0,
            cmd_json },
    { "send", "send USER TEXT|-", "send one message; - takes it from standard input", 3, cmd_send },
    { "listen", "listen [--json] [--from USER] [--count N] [--wait SECS]",
            "print messages as they come", 1, cmd_listen },
    { "login", "login [--label NAME]", "log this device in; asks for the password", 1, cmd_login },
};

enum option_key {
    OPTION_SERVER = 256,
    OPTION_USER,
    OPTION_CA_FILE,
    OPTION_TOKEN_FILE,
    OPTION_CONFIG,
    OPTION_PROFILE,
    OPTION_CONSUMER,
    OPTION_TRANSPORT,
    OPTION_TIMEOUT,
    OPTION_JSON,
    OPTION_FOLLOW,
    OPTION_FROM,
    OPTION_COUNT,
    OPTION_WAIT,
    OPTION_LABEL,
    OPTION_PLAIN,
    OPTION_HELP,
    OPTION_VERSION,
};

static const struct {
    enum option_key key;
    const char *name;
    const char *argument; // NULL: none
    const char *summary;
} options[] = {
    { OPTION_SERVER, "server", "URL", "where chatd is (http://127.0.0.1:7480)" },
    { OPTION_USER, "user", "NAME", "who you are, for login" },
    { OPTION_CA_FILE, "ca-file", "FILE", "certificates to trust instead of the system's" },
    { OPTION_TOKEN_FILE, "token-file", "FILE", "a token, instead of that of the last login" },
    { OPTION_CONFIG, "config", "FILE", "another configuration file" },
    { OPTION_PROFILE, "profile", "NAME", "another section of it, with its own login" },
    { OPTION_CONSUMER, "consumer", "NAME", "read and send as this named consumer of yours" },
    { OPTION_TRANSPORT, "transport", "auto|poll", "poll: never try a WebSocket" },
    { OPTION_TIMEOUT, "timeout", "SECS", "give up after so long (exit 124)" },
    { OPTION_JSON, "json", NULL, "JSON-RPC for scripts; with a command: its output as JSON" },
    { OPTION_FOLLOW, "follow", NULL, "with --json: go on after the end of input" },
    { OPTION_FROM, "from", "USER", "listen: only this user's messages" },
    { OPTION_COUNT, "count", "N", "listen: end after so many messages" },
    { OPTION_WAIT, "wait", "SECS", "listen: end after so long without a message" },
    { OPTION_LABEL, "label", "NAME", "login: what this device is called (the host's name)" },
    { OPTION_PLAIN, "plain", NULL, "lines instead of the screen, for screen readers" },
    { OPTION_HELP, "help", NULL, "this text" },
    { OPTION_VERSION, "version", NULL, "the version" },
};

#define OPTION_COUNT_ALL (sizeof(options) / sizeof(options[0]))

static void print_help(void)
{
    printf("usage:\n");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        printf("  chat-tui [OPTIONS] %s\n      %s\n", commands[i].usage, commands[i].summary);
    }
    printf("\noptions:\n");
    for (size_t i = 0; i < OPTION_COUNT_ALL; i++) {
        char left[40];
        snprintf(left, sizeof(left), "--%s%s%s", options[i].name,
                options[i].argument != NULL ? " " : "",
                options[i].argument != NULL ? options[i].argument : "");
        printf("  %-24s %s\n", left, options[i].summary);
    }
    printf("\nThe whole manual: man chat-tui\n");
}

static bool read_seconds(const char *name, const char *text, int64_t *ms)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end != '\0' || !(seconds >= 0) || seconds > SECONDS_MAX) {
        complain("--%s needs a number of seconds, such as 10", name);
        return false;
    }
    *ms = (int64_t)(seconds * 1000);
    return true;
}

static bool read_count(const char *text, uint64_t *count)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (end == text || *end != '\0' || number < 1) {
        complain("--count needs a whole number from 1 on");
        return false;
    }
    *count = (uint64_t)number;
    return true;
}

static bool read_transport(const char *text, bool *is_never_ws)
{
    *is_never_ws = strcmp(text, "poll") == 0;
    if (!*is_never_ws && strcmp(text, "auto") != 0) {
        complain("--transport is auto or poll");
        return false;
    }
    return true;
}

static bool take_option(int key, const char *value, struct arguments *arguments)
{
    switch (key) {
    case OPTION_SERVER:
        arguments->profile.server = value;
        return true;
    case OPTION_USER:
        arguments->profile.user = value;
        return true;
    case OPTION_CA_FILE:
        arguments->profile.ca_file = value;
        return true;
    case OPTION_TOKEN_FILE:
        arguments->profile.token_file = value;
        return true;
    case OPTION_CONFIG:
        arguments->profile.config = value;
        return true;
    case OPTION_PROFILE:
        arguments->profile.name = value;
        return true;
    case OPTION_CONSUMER:
        arguments->consumer = value;
        return true;
    case OPTION_TRANSPORT:
        return read_transport(value, &arguments->is_never_ws);
    case OPTION_TIMEOUT:
        return read_seconds("timeout", value, &arguments->timeout_ms);
    case OPTION_JSON:
        arguments->is_json = true;
        return true;
    case OPTION_FOLLOW:
        arguments->is_following = true;
        return true;
    case OPTION_FROM:
        arguments->from = value;
        return true;
    case OPTION_COUNT:
        return read_count(value, &arguments->count);
    case OPTION_WAIT:
        return read_seconds("wait", value, &arguments->wait_ms);
    case OPTION_PLAIN:
        arguments->is_plain = true;
        return true;
    case OPTION_LABEL:
        arguments->label = value;
        return true;
    default:
        return false; // getopt has said what is wrong
    }
}

static const struct command *find_command(const struct arguments *arguments)
{
    const char *name = arguments->operand_count > 0 ? arguments->operands[0]
            : arguments->is_json                    ? "--json"
                                                    : "";

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, name) != 0) {
            continue;
        }
        if (commands[i].operand_count != arguments->operand_count) {
            complain("usage: chat-tui %s", commands[i].usage);
            return NULL;
        }
        bool is_screen = commands[i].run == cmd_screen;
        if (is_screen ? arguments->timeout_ms > 0 : arguments->is_plain) {
            complain(is_screen ? "--timeout is for commands and --json, not for the screen"
                               : "--plain is for the screen, not for commands");
            return NULL;
        }
        return &commands[i];
    }
    complain("there is no command \"%s\" (chat-tui --help lists all)", name);
    return NULL;
}

enum line_verdict line_read(int argc, char **argv, struct arguments *arguments,
        const struct command **command)
{
    struct option known[OPTION_COUNT_ALL + 1] = { 0 };
    int key;

    for (size_t i = 0; i < OPTION_COUNT_ALL; i++) {
        known[i] = (struct option){ options[i].name,
            options[i].argument != NULL ? required_argument : no_argument, NULL,
            (int)options[i].key };
    }
    *arguments = (struct arguments){ .wait_ms = -1 };
    while ((key = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (key == OPTION_HELP) {
            print_help();
            return LINE_DONE;
        }
        if (key == OPTION_VERSION) {
            printf("chat-tui %s\n", CHAT_VERSION);
            return LINE_DONE;
        }
        if (!take_option(key, optarg, arguments)) {
            return LINE_WRONG;
        }
    }
    for (int i = optind; i < argc; i++) {
        if (arguments->operand_count == 3) {
            complain("too many words: a text with spaces needs quotes");
            return LINE_WRONG;
        }
        arguments->operands[arguments->operand_count++] = argv[i];
    }
    *command = find_command(arguments);
    return *command != NULL ? LINE_RUN : LINE_WRONG;
}

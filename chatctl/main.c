// SPDX-License-Identifier: MIT
// chatctl: administration of chatd from the command line.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

#define ADMIN_SOCKET_DEFAULT "/var/lib/chatd/admin.sock"

static const struct command commands[] = {
    { "status", NULL, "", 0, 0, "Connections, log and partitions at a glance.", status_show },
    { "user", "add", "NAME [--token | --password]", 1, 1,
            "Add a user; with --token print a device token, with --password read one.", user_add },
    { "user", "invite", "NAME", 1, 1, "Reserve a name and print the code that registers it, once.",
            user_invite },
    { "user", "import", "FILE [--tokens] [--dry-run]", 1, 1,
            "Add the users of a JSON Lines file {\"user\":NAME, \"password\"?:TEXT}; - is stdin.",
            user_import },
    { "user", "list", "", 0, 0, "All users, by name.", user_list },
    { "presence", "get", "USER...", 1, OPERANDS_MAX,
            "Who of these is there, and since when they are not.", presence_get },
    { "presence", "list", "[--state STATE]", 0, 0, "All who have a session.", presence_list },
    { "presence", "count", "", 0, 0, "How many are online, away and invisible.",
            presence_show_count },
    { "presence", "watch", "[USER...]", 0, OPERANDS_MAX,
            "Print changes as they come, until interrupted.", presence_follow },
    { "partition", "list", "", 0, 0, "All partitions that hold anything.", partition_list },
    { "partition", "show", "NUMBER", 1, 1, "One partition.", partition_show },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
    fprintf(out, "usage: chatctl [--admin-socket PATH] [--json] NOUN VERB [...]\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char line[100];
        snprintf(line, sizeof(line), "%s%s%s %s", commands[i].noun,
                commands[i].verb == NULL ? "" : " ",
                commands[i].verb == NULL ? "" : commands[i].verb, commands[i].synopsis);
        fprintf(out, "  %-42s %s\n", line, commands[i].sentence);
    }
    fprintf(out,
            "\n  --admin-socket PATH  chatd's admin socket (default " ADMIN_SOCKET_DEFAULT
            ",\n                       or $CHATCTL_ADMIN_SOCKET)\n"
            "  --json               answers and errors as JSON\n"
            "  --version, --help\n\n"
            "exit codes: 0 ok, 1 failed, 2 usage, 3 unreachable, 4 not allowed, 5 not found,\n"
            "            6 refused, 7 partly done, 8 a check failed, 124 time-out\n");
}

static const struct command *find(const char *noun, const char *verb)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].noun, noun) == 0 &&
                (commands[i].verb == NULL ||
                        (verb != NULL && strcmp(commands[i].verb, verb) == 0))) {
            return &commands[i];
        }
    }
    return NULL;
}

static bool read_flag(struct arguments *arguments, const char *word)
{
    if (strcmp(word, "--json") == 0) {
        arguments->is_json = true;
    } else if (strcmp(word, "--token") == 0 || strcmp(word, "--tokens") == 0) {
        arguments->has_token = true;
    } else if (strcmp(word, "--dry-run") == 0) {
        arguments->is_dry_run = true;
    } else if (strcmp(word, "--password") == 0) {
        arguments->has_password = true;
    } else {
        return false;
    }
    return true;
}

struct line {
    struct rpc rpc;
    struct arguments arguments;
    const char *words[2 + OPERANDS_MAX];
    int word_count;
};

// False: said what is wrong.
static bool read_line(struct line *line, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--admin-socket") == 0 && i + 1 < argc) {
            line->rpc.admin_socket = argv[++i];
        } else if (strncmp(argv[i], "--admin-socket=", 15) == 0) {
            line->rpc.admin_socket = argv[i] + 15;
        } else if (strcmp(argv[i], "--state") == 0 && i + 1 < argc) {
            line->arguments.state = argv[++i];
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!read_flag(&line->arguments, argv[i])) {
                fprintf(stderr, "chatctl: there is no option %s (chatctl --help lists all)\n",
                        argv[i]);
                return false;
            }
        } else if (line->word_count == 2 + OPERANDS_MAX) {
            fprintf(stderr, "chatctl: too many arguments\n");
            return false;
        } else {
            line->words[line->word_count++] = argv[i];
        }
    }
    return true;
}

static int run(struct line *line)
{
    const struct command *command = line->word_count == 0
            ? NULL
            : find(line->words[0], line->word_count > 1 ? line->words[1] : NULL);

    if (command == NULL) {
        fprintf(stderr, "chatctl: no such command (chatctl --help lists all)\n");
        return EXIT_USAGE;
    }
    int skip = command->verb == NULL ? 1 : 2;
    line->arguments.operand_count = line->word_count - skip;
    for (int i = 0; i < line->arguments.operand_count; i++) {
        line->arguments.operands[i] = line->words[skip + i];
    }
    if (line->arguments.operand_count < command->operands_min ||
            line->arguments.operand_count > command->operands_max) {
        fprintf(stderr, "usage: chatctl %s %s %s\n", command->noun,
                command->verb == NULL ? "" : command->verb, command->synopsis);
        return EXIT_USAGE;
    }
    line->rpc.is_json = line->arguments.is_json;
    return (int)command->run(&line->rpc, &line->arguments);
}

int main(int argc, char **argv)
{
    const char *from_environment = getenv("CHATCTL_ADMIN_SOCKET");
    struct line line = {
        .rpc.admin_socket = from_environment != NULL ? from_environment : ADMIN_SOCKET_DEFAULT,
    };

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        print_help(stdout);
        return EXIT_OK;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("chatctl %s\n", CHAT_VERSION);
        return EXIT_OK;
    }
    if (argc == 1) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    return read_line(&line, argc, argv) ? run(&line) : EXIT_USAGE;
}

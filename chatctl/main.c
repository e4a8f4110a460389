// SPDX-License-Identifier: MIT
// chatctl: administration of chatd from the command line.

#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "output.h"

#define TIMEOUT_MS_DEFAULT 60000
#define TIMEOUT_S_MAX 86400.0

// False: said what is wrong.
static bool read_timeout(const struct arguments *arguments, long *timeout_ms)
{
    char *end;

    *timeout_ms = TIMEOUT_MS_DEFAULT;
    if (arguments->timeout == NULL) {
        return true;
    }
    double seconds = strtod(arguments->timeout, &end);
    if (end == arguments->timeout || *end != '\0' || !(seconds >= 0.001) ||
            seconds > TIMEOUT_S_MAX) {
        complain(arguments->is_json, "usage", "--timeout needs a number of seconds, such as 10");
        return false;
    }
    *timeout_ms = (long)(seconds * 1000);
    return true;
}

// False: said what is wrong.
static bool choose_server(const struct arguments *arguments, struct rpc *rpc)
{
    *rpc = (struct rpc){
        .admin_socket =
                arguments->admin_socket != NULL ? arguments->admin_socket : ADMIN_SOCKET_DEFAULT,
        .server = arguments->server,
        .token_file = arguments->token_file,
        .ca_file = arguments->ca_file,
        .is_json = arguments->is_json,
    };
    if (arguments->server != NULL && arguments->admin_socket != NULL) {
        complain(rpc->is_json, "usage", "give --server or --admin-socket, not both");
        return false;
    }
    if (arguments->server != NULL && arguments->token_file == NULL) {
        complain(rpc->is_json, "usage",
                "--server needs --token-file: a file of mode 0600 with the token of an admin user");
        return false;
    }
    return read_timeout(arguments, &rpc->timeout_ms);
}

int main(int argc, char **argv)
{
    struct arguments arguments = { 0 };
    const struct command *command;
    const char *noun;
    struct rpc rpc;

    if (!line_read(argc, argv, &arguments, &command, &noun)) {
        return EXIT_USAGE;
    }
    if (arguments.wants_version && !arguments.wants_help) {
        printf(arguments.is_json ? "{\"version\":\"%s\"}\n" : "chatctl %s\n", CHAT_VERSION);
        return EXIT_OK;
    }
    if (arguments.wants_help) {
        help_print(noun, command, arguments.is_json);
        return EXIT_OK;
    }
    if (command == NULL) {
        complain(arguments.is_json, "usage", "NOUN VERB is missing (chatctl --help lists all)");
        return EXIT_USAGE;
    }
    if (!choose_server(&arguments, &rpc)) {
        return EXIT_USAGE;
    }
    return (int)command->run(&rpc, &arguments);
}

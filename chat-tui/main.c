// SPDX-License-Identifier: MIT
// chat-tui: the client, for people and for scripts.

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "assistant.h"
#include "line.h"
#include "script.h"
#include "trust.h"

enum exit_code cmd_json(struct profile *profile, struct web *web, const struct arguments *arguments)
{
    const struct script_options options = {
        .is_following = arguments->is_following,
        .is_never_ws = arguments->is_never_ws,
        .timeout_ms = arguments->timeout_ms,
    };

    return script_run(profile, web, &options);
}

int main(int argc, char **argv)
{
    const struct command *command = NULL;
    struct arguments arguments;
    struct profile profile;
    enum exit_code code = EXIT_USAGE;

    // Errors of the write that finds it, and told as such: a reader that is gone, a limit of size.
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    switch (line_read(argc, argv, &arguments, &command)) {
    case LINE_DONE:
        return EXIT_OK;
    case LINE_WRONG:
        return EXIT_USAGE;
    case LINE_RUN:
        break;
    }
    if (!profile_read(&arguments.profile, &profile)) {
        return EXIT_USAGE;
    }
    if (command->run == cmd_screen && isatty(STDIN_FILENO) != 0 && profile_is_new(&profile)) {
        code = assistant_run(&profile);
        if (code != EXIT_OK) {
            return (int)code;
        }
    }
    struct web *web = profile_open(&profile);
    if (web == NULL) {
        return EXIT_USAGE;
    }
    bool is_ready = command->run == cmd_login || obtain_token(&profile, web, &arguments, &code);
    if (is_ready) {
        code = command->run(&profile, web, &arguments);
    }
    if (web_is_certificate_other(web)) {
        trust_complain(&profile, web);
        code = code == EXIT_OK ? EXIT_UNREACHABLE : code;
    }
    web_destroy(web);
    explicit_bzero(profile.token, sizeof(profile.token));
    return (int)code;
}

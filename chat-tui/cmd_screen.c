// SPDX-License-Identifier: MIT
// chat-tui without a command: the screen.

#include "chat-tui/screen/app.h"
#include "commands.h"

enum exit_code cmd_screen(struct profile *profile, struct web *web,
        const struct arguments *arguments)
{
    const struct app_options options = { .is_never_ws = arguments->is_never_ws,
        .is_plain = arguments->is_plain };

    return app_run(profile, web, &options);
}

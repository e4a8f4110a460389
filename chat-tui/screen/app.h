// SPDX-License-Identifier: MIT
// The screen as a running program: keys and server events change the model, the model is drawn, and
// what it needs is asked of the server.

#pragma once

#include "chat-tui/complain.h"
#include "chat-tui/profile.h"

struct app_options {
    bool is_never_ws;
    bool is_plain; // lines, for screen readers and printers
};

enum exit_code app_run(struct profile *profile, struct web *web,
        const struct app_options *options) MUST_USE;

// SPDX-License-Identifier: MIT
// chat-tui --json: JSON-RPC on standard input and output, one object a line (chat-tui(1)).

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "complain.h"
#include "profile.h"

struct script_options {
    bool is_following; // the end of input is not the end
    bool is_never_ws;
    int64_t timeout_ms; // 0: none
};

enum exit_code script_run(struct profile *profile, struct web *web,
        const struct script_options *options) MUST_USE;

// SPDX-License-Identifier: MIT
// The command line of chat-tui, and its help.

#pragma once

#include "commands.h"
#include "shared/check.h"

struct command {
    const char *name; // the first operand, or "--json"
    const char *usage;
    const char *summary;
    int operand_count; // with its name
    enum exit_code (
            *run)(struct profile *profile, struct web *web, const struct arguments *arguments);
};

enum line_verdict { LINE_RUN, LINE_DONE, LINE_WRONG };

// DONE: help or version was printed. WRONG: said what is.
enum line_verdict line_read(int argc, char **argv, struct arguments *arguments,
        const struct command **command) MUST_USE;

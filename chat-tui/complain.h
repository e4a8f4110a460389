// SPDX-License-Identifier: MIT
// What is wrong, for people on standard error, and the exit code that goes with it.

#pragma once

#include "shared/cli/exit_code.h"
#include "shared/json.h"

// "chat-tui: ..." on stderr; control characters are left out.
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The error's message, with what was being done.
enum exit_code complain_of(const char *what, const struct json *answer);

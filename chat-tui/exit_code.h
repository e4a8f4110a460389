// SPDX-License-Identifier: MIT
// Exit codes of chat-tui(1), the same as chatctl's.

#pragma once

#include "shared/bytes.h"
#include "shared/json.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3,
    EXIT_NOT_ALLOWED = 4,
    EXIT_NOT_FOUND = 5,
    EXIT_REFUSED = 6,
    EXIT_TIMEOUT = 124,
};

// Of an answer's error, by its kind.
enum exit_code exit_code_of(const struct json *answer);

// "chat-tui: ..." on stderr; control characters are left out.
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The error's message, with what was being done.
enum exit_code complain_of(const char *what, const struct json *answer);

// SPDX-License-Identifier: MIT
// Exit codes of chatctl(8) and chat-tui(1): the same for both.

#pragma once

#include "shared/bytes.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3,
    EXIT_NOT_ALLOWED = 4,
    EXIT_NOT_FOUND = 5,
    EXIT_REFUSED = 6,
    EXIT_PARTLY = 7,
    EXIT_CHECK_FAILED = 8,
    EXIT_TIMEOUT = 124,
};

// Of an error's kind, as it is on the wire.
enum exit_code exit_code_of(struct bytes kind);

// SPDX-License-Identifier: MIT
// Reading what must not stand in the arguments: a password, and a name typed to confirm.

#pragma once

#include <stdbool.h>

#include "shared/check.h"
#include "shared/cli/prompt.h"

// Twice from the terminal, without echo, or once the first line of stdin. False: said what is
// wrong.
bool password_read(char password[PASSWORD_LINE_BYTES], bool is_json) MUST_USE;

// Asks on stderr for the name; false when another was typed, or nothing.
bool password_confirm_name(const char *name) MUST_USE;

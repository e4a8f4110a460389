// SPDX-License-Identifier: MIT
// Questions on the terminal, one line each; the question goes to standard error.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "shared/check.h"
#include "shared/limits.h"

#define PASSWORD_LINE_BYTES (PASSWORD_BYTES_MAX + 2)

// One line without its end. False: there is none, or it is too long.
bool prompt_read(FILE *file, char *line, size_t bytes) MUST_USE;
// Shows the question and, in brackets, what an empty answer means (NULL: nothing). White space
// around the answer does not count.
bool prompt_ask(const char *question, const char *usual, char *answer, size_t bytes) MUST_USE;
// What is typed does not appear; on a pipe the line is simply read.
bool prompt_password(const char *question, char password[PASSWORD_LINE_BYTES]) MUST_USE;
// True only for "yes".
bool prompt_yes(const char *question) MUST_USE;

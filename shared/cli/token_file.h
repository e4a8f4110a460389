// SPDX-License-Identifier: MIT
// A device token in a file that nobody else may use.

#pragma once

#include <stddef.h>

#include "shared/check.h"
#include "shared/limits.h"

#define TOKEN_BUFFER_BYTES (TOKEN_BYTES_MAX + 2)

enum token_file_verdict {
    TOKEN_FILE_GOOD,
    TOKEN_FILE_MISSING,
    TOKEN_FILE_UNREADABLE,
    TOKEN_FILE_PUBLIC, // its mode lets others use it
    TOKEN_FILE_EMPTY,  // it does not hold one token
};

// says: the sentence for people, unless it is GOOD.
enum token_file_verdict token_file_read(const char *path, char token[TOKEN_BUFFER_BYTES],
        char *says, size_t says_bytes) MUST_USE;

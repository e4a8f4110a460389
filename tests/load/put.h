// SPDX-License-Identifier: MIT
// Writes text piece by piece into room that the caller knows to be large enough: each function
// returns where the next piece goes.

#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline char *put_bytes(char *at, const char *bytes, size_t count)
{
    memcpy(at, bytes, count);
    return at + count;
}

static inline char *put_text(char *at, const char *text)
{
    return put_bytes(at, text, strlen(text));
}

static inline char *put_number(char *at, uint64_t number)
{
    char digits[20];
    size_t count = 0;

    do {
        digits[sizeof digits - ++count] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return put_bytes(at, digits + sizeof digits - count, count);
}

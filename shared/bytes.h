// SPDX-License-Identifier: MIT
// Lent bytes: a pointer and a length, never owned, not NUL terminated.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const char *data;
    uint32_t size;
};

static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){ text, (uint32_t)strlen(text) };
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

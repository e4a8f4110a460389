// SPDX-License-Identifier: MIT
// A short text that is typed to find something: a name, words of a message.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/limits.h"

struct pattern {
    char text[SEARCH_QUERY_BYTES_MAX + 1]; // NUL terminated, valid UTF-8 as what is typed is
    uint32_t bytes;
};

void pattern_clear(struct pattern *pattern);
// What does not fit, and controls, are left out. False: nothing was added.
bool pattern_add(struct pattern *pattern, struct bytes typed);
// The last character.
bool pattern_shorten(struct pattern *pattern);
static inline struct bytes pattern_bytes(const struct pattern *pattern)
{
    return (struct bytes){ pattern->text, pattern->bytes };
}

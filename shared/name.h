// SPDX-License-Identifier: MIT
// User names, [a-z0-9][a-z0-9._-]{0,31}, and where a user lives.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/limits.h"

struct name {
    char text[NAME_BYTES_MAX + 1]; // NUL terminated
    uint8_t size;
};

bool name_is_valid(struct bytes text);

// The text must be a valid name.
struct name name_of(struct bytes text);

static inline struct bytes name_bytes(const struct name *name)
{
    return (struct bytes){ name->text, name->size };
}

// XXH32(name, seed 0) mod count: the same number that HAProxy computes with xxh32(0),mod(count).
uint16_t name_partition(struct bytes name, uint16_t count);

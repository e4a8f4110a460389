// SPDX-License-Identifier: MIT
// Memory that is given back all at once: the strings and arrays of one result on its way from a
// partition thread to the loop thread.
//
// Owner: the result that embeds it; zero-initialised is empty. arena_finish() frees everything.

#pragma once

#include <stddef.h>

#include "shared/bytes.h"
#include "shared/check.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
};

// Aligned for any type; NULL when memory is exhausted.
void *arena_take(struct arena *arena, size_t bytes) MUST_USE;

// A copy that lives as long as the arena. data is NULL when memory is exhausted.
struct bytes arena_copy(struct arena *arena, struct bytes bytes);

void arena_finish(struct arena *arena);

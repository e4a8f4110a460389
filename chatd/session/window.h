// SPDX-License-Identifier: MIT
// The un-acknowledged events of one subscription: at most WINDOW_EVENTS of them and WINDOW_BYTES.
// It remembers which messages were shown, because only those can become "delivered".
//
// Owner: the feed. Thread: the loop thread. Empty, it takes no memory.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/check.h"
#include "shared/name.h"

struct shown {
    uint64_t useq;
    uint64_t cseq;     // 0: not a message of another user
    uint64_t previous; // that user's entry before it
    struct name peer;  // who wrote it
    uint32_t bytes;
};

struct window {
    struct shown *ring; // WINDOW_EVENTS slots, or NULL
    uint32_t first;
    uint32_t count;
    uint32_t bytes;
};

void window_finish(struct window *window);

static inline uint32_t window_room(const struct window *window)
{
    return WINDOW_EVENTS - window->count;
}

// An event fits if a slot is free and its bytes do, or nothing else is un-acknowledged.
bool window_fits(const struct window *window, uint32_t bytes);

// False when memory is exhausted. The event must fit.
bool window_push(struct window *window, const struct shown *shown) MUST_USE;

// The oldest un-acknowledged one, or NULL.
const struct shown *window_oldest(const struct window *window);
void window_pop(struct window *window);

// SPDX-License-Identifier: MIT
// Immutable bytes that go to one or many receivers, encoded once: a JSON text on its way out.
//
// Owner:  reference counted; the last frame_release() frees. The only counted object here.
// Thread: the loop thread only, so the count is a plain integer.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "shared/check.h"

struct frame {
    uint32_t references;
    size_t bytes;
    char data[];
};

// One reference, uninitialised data. NULL when memory is exhausted.
struct frame *frame_create(size_t bytes) MUST_USE;

// Copies. NULL when memory is exhausted.
struct frame *frame_copy(const char *data, size_t bytes) MUST_USE;

// Adds a reference and returns the same frame.
struct frame *frame_hold(struct frame *frame);

// Accepts NULL.
void frame_release(struct frame *frame);

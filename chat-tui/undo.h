// SPDX-License-Identifier: MIT
// What a text was before each of the last steps, whole: a step that is forgotten makes no other
// wrong.
//
// Owner:  line_editor.c embeds it; zeroed is empty, undo_clear() releases what it holds.
// Bounds: UNDO_STEPS_MAX, UNDO_BYTES_MAX; the oldest step is forgotten.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/limits.h"

struct undo_step {
    uint32_t cursor;
    uint32_t place; // among the sent lines
    uint32_t size;
    char text[];
};

struct undo {
    struct undo_step *steps[UNDO_STEPS_MAX]; // a ring
    uint32_t first, count;
    size_t bytes;
};

void undo_clear(struct undo *undo);

// Where memory is exhausted the step is not kept.
void undo_push(struct undo *undo, struct bytes text, uint32_t cursor, uint32_t place);

// The latest step, to be freed, or NULL.
struct undo_step *undo_pop(struct undo *undo);

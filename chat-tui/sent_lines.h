// SPDX-License-Identifier: MIT
// The texts that were sent, for having them back with the arrow keys.
//
// Owner:  line_editor.c embeds it; zeroed is empty, sent_lines_finish() releases what it holds.
// Bounds: SENT_LINES_MAX; the oldest is forgotten.

#pragma once

#include <stdint.h>

#include "shared/bytes.h"
#include "shared/limits.h"

struct sent_lines {
    char *lines[SENT_LINES_MAX]; // a ring
    uint32_t sizes[SENT_LINES_MAX];
    uint32_t first, count;
};

void sent_lines_finish(struct sent_lines *sent);

// Neither nothing nor the latest line again is kept, nor any where memory is exhausted.
void sent_lines_add(struct sent_lines *sent, struct bytes text);

// The latest is number 1, the oldest number sent->count. Lent until the next one is added.
struct bytes sent_lines_get(const struct sent_lines *sent, uint32_t number);

// SPDX-License-Identifier: MIT
// Text of anybody, cluster by cluster (Unicode UAX #29), in a form that every terminal measures
// alike: what can't be drawn safely is replaced, the text itself is not touched.
//
// Policy: controls and what turns the writing become '?'; what joins or varies emoji is left out,
// so that the first emoji stands alone; a flag becomes its two letters; at most GRAPHEME_MARKS
// combining marks stay; what the C library can't measure, and broken UTF-8, becomes U+FFFD.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"

#define GRAPHEME_MARKS 2
#define GRAPHEME_BYTES 16

struct grapheme {
    uint32_t start; // in the text
    uint32_t size;
    char drawn[GRAPHEME_BYTES];
    uint8_t drawn_bytes;
    uint8_t width;   // in cells, 0 to 2
    bool is_newline; // drawn as nothing
    bool is_space;
};

// The cluster at *position, which moves on. False: the end.
bool grapheme_next(struct bytes text, uint32_t *position, struct grapheme *grapheme);
// Cells of a text without line ends.
uint32_t grapheme_width(struct bytes text);
// Where the cluster before this position begins.
uint32_t grapheme_before(struct bytes text, uint32_t position);

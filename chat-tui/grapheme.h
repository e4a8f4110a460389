// SPDX-License-Identifier: MIT
// Text as a terminal shows it: one grapheme cluster at a time, each with a form that every terminal
// measures alike. The text itself stays what it is, for copying and searching; only what is drawn
// is reduced: an emoji of several parts to its first one, without colour of skin; a flag to two
// letters; a keycap to what stands on it; what is harmful (text.h) to '?'; to U+FFFD what is not
// UTF-8 and what glibc and utf8proc can't measure or measure differently.
//
// Clusters are those of UAX #29, but spacing marks, which take a cell of their own, stand alone.
// Bounds: linear in the text, however many marks are heaped upon a letter; two are drawn.
// Needs a UTF-8 locale (setlocale), because wcwidth() does: elsewhere only ASCII is drawn.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"

#define GRAPHEME_CODE_POINTS_MAX 3 // that are drawn: a letter and two marks
#define GRAPHEME_DRAWN_BYTES_MAX (4 * GRAPHEME_CODE_POINTS_MAX)

enum grapheme_kind {
    GRAPHEME_WORD,     // what words consist of: letters, digits and their marks
    GRAPHEME_SPACE,    // where a line may be broken; a tab is one, drawn as one space
    GRAPHEME_LINE_END, // LF or CR LF: nothing is drawn, the rest is the caller's business
    GRAPHEME_OTHER,
};

struct grapheme {
    uint32_t start, size; // bytes of the text
    enum grapheme_kind kind;
    uint8_t cells; // 0 to 2; 0 also for what is invisible: nothing is drawn
    uint8_t drawn_size;
    char drawn[GRAPHEME_DRAWN_BYTES_MAX + 1]; // NUL terminated
};

// The cluster at the position, which is moved behind it; false at the end of the text. Begun
// anywhere but between clusters it gives U+FFFD, or the rest of one.
bool grapheme_next(struct bytes text, uint32_t *position, struct grapheme *grapheme);

// Cells that the text takes; line ends take none.
uint32_t grapheme_width(struct bytes text);

// How many bytes at the beginning of the text fit into that many cells, up to the first line end.
uint32_t grapheme_fit(struct bytes text, uint32_t cells);

// Bytes of the code point at this place (before the end), or 0 for a byte that is not UTF-8.
uint32_t grapheme_utf8_at(struct bytes text, uint32_t place);

// SPDX-License-Identifier: MIT
// Drawing with curses: text in its safe form from one place to another, in a look of the theme.
//
// Thread: one, between terminal_start() and terminal_stop().

#pragma once

#include "chat-tui/theme.h"
#include "shared/bytes.h"

struct area {
    int y, x, rows, cells;
};

// Where the drawing goes on; nothing is drawn past the end.
struct pen {
    int y, x, end;
};

// Before anything is drawn: how everything looks.
void pen_prepare(const struct theme_styles *styles);
void pen_use(enum look look);
// Other people's text: only its safe form (grapheme.h).
void pen_draw(struct pen *pen, struct bytes text);
void pen_words(struct pen *pen, const char *words);
// Spaces up to the end.
void pen_fill(struct pen *pen);
// A whole row of the area: "-- words --".
void pen_ruled(const struct area *area, int y, const char *words, enum look look);
static inline struct pen pen_at(const struct area *area, int row)
{
    return (struct pen){ area->y + row, area->x, area->x + area->cells };
}

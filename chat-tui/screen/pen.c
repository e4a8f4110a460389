// SPDX-License-Identifier: MIT
#include "pen.h"

#include <stdlib.h>

#include <curses.h>

#include "chat-tui/grapheme.h"

static attr_t attributes[LOOK_COUNT];
static bool has_pair[LOOK_COUNT];

// A colour that the terminal does not have is its own one.
static short colour_here(int16_t colour)
{
    return (short)(colour < COLORS ? colour : COLOUR_OF_TERMINAL);
}

void pen_prepare(const struct theme_styles *styles)
{
    static const attr_t names[] = { A_BOLD, A_DIM, A_REVERSE, A_UNDERLINE };
    bool is_coloured = has_colors() && getenv("NO_COLOR") == NULL;

    for (int look = 0; look < LOOK_COUNT; look++) {
        const struct style *style = &styles->of[look];
        attributes[look] = A_NORMAL;
        for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            attributes[look] |= (style->attributes & (1U << i)) != 0 ? names[i] : A_NORMAL;
        }
        has_pair[look] = is_coloured && (style->colour >= 0 || style->background >= 0);
        if (has_pair[look]) { // the pair 0 is the terminal's own
            init_pair((short)(look + 1), colour_here(style->colour),
                    colour_here(style->background));
        } else if (style->background >= 0) {
            attributes[look] |= A_REVERSE; // without colours it must stand out all the same
        }
    }
}

void pen_use(enum look look)
{
    (void)attr_set(attributes[look], (short)(has_pair[look] ? (int)look + 1 : 0), NULL);
}

void pen_draw(struct pen *pen, struct bytes text)
{
    struct grapheme grapheme;
    uint32_t position = 0;

    while (grapheme_next(text, &position, &grapheme)) {
        if (pen->x + grapheme.cells > pen->end) {
            return;
        }
        if (grapheme.cells > 0) {
            mvaddnstr(pen->y, pen->x, grapheme.drawn, (int)grapheme.drawn_size);
        }
        pen->x += grapheme.cells;
    }
}

void pen_words(struct pen *pen, const char *words)
{
    pen_draw(pen, bytes_of(words));
}

void pen_fill(struct pen *pen)
{
    for (; pen->x < pen->end; pen->x++) {
        mvaddch(pen->y, pen->x, ' ');
    }
}

void pen_ruled(const struct area *area, int y, const char *words, enum look look)
{
    struct pen pen = { y, area->x, area->x + area->cells };

    pen_use(look);
    pen_words(&pen, "-- ");
    pen_words(&pen, words);
    pen_words(&pen, " --");
    pen_use(LOOK_PLAIN);
    pen_fill(&pen);
}

// SPDX-License-Identifier: MIT
// How each kind of text looks: attributes, and a colour where the terminal has some. Free of
// curses.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/check.h"

#define COLOUR_OF_TERMINAL (-1)

// LOOK(identifier, name in the configuration file)
#define LOOK_TABLE(LOOK)                                                                           \
    LOOK(PLAIN, "plain")                                                                           \
    LOOK(DIM, "dim")                                                                               \
    LOOK(OWN, "own")                                                                               \
    LOOK(PEER, "peer")                                                                             \
    LOOK(NEW, "new")                                                                               \
    LOOK(BAD, "bad")                                                                               \
    LOOK(ONLINE, "online")                                                                         \
    LOOK(AWAY, "away")                                                                             \
    LOOK(LINK, "link")                                                                             \
    LOOK(BAR, "bar")                                                                               \
    LOOK(CHOSEN, "chosen")

enum look {
#define LOOK(identifier, name) LOOK_##identifier,
    LOOK_TABLE(LOOK)
#undef LOOK
            LOOK_COUNT
};

enum { STYLE_BOLD = 1, STYLE_DIM = 2, STYLE_REVERSE = 4, STYLE_UNDERLINE = 8 };

struct style {
    uint8_t attributes;
    int16_t colour;     // 0 to 255, or COLOUR_OF_TERMINAL
    int16_t background; // the same
};

// TERMINAL follows the terminal's own 16 colours; the others need 256.
enum theme { THEME_TERMINAL, THEME_DARK, THEME_LIGHT, THEME_MONO, THEME_COUNT };

struct theme_styles {
    struct style of[LOOK_COUNT];
};

void theme_styles(enum theme theme, struct theme_styles *styles);
// LOOK_COUNT: there is none of that name.
enum look theme_find_look(const char *name);
// "bold 39", "dim", "red on 0 underline": what is not said is the terminal's own. False: *wrong is
// the word that is not known.
bool theme_parse(const char *text, struct style *style, char wrong[24]) MUST_USE;

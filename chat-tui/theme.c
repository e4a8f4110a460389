// SPDX-License-Identifier: MIT
#include "theme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE COLOUR_OF_TERMINAL

enum { RED = 1, GREEN = 2, YELLOW = 3, BLUE = 4, CYAN = 6 };

static const struct theme_styles themes[THEME_COUNT] = {
    [THEME_TERMINAL] = { {
            [LOOK_PLAIN] = { 0, NONE, NONE },
            [LOOK_DIM] = { STYLE_DIM, NONE, NONE },
            [LOOK_OWN] = { STYLE_BOLD, CYAN, NONE },
            [LOOK_PEER] = { STYLE_BOLD, GREEN, NONE },
            [LOOK_NEW] = { STYLE_BOLD, YELLOW, NONE },
            [LOOK_BAD] = { STYLE_BOLD, RED, NONE },
            [LOOK_ONLINE] = { 0, GREEN, NONE },
            [LOOK_AWAY] = { 0, YELLOW, NONE },
            [LOOK_LINK] = { STYLE_UNDERLINE, NONE, NONE },
            [LOOK_BAR] = { STYLE_REVERSE, NONE, NONE },
            [LOOK_CHOSEN] = { STYLE_BOLD | STYLE_REVERSE, NONE, NONE },
    } },
    [THEME_DARK] = { {
            [LOOK_PLAIN] = { 0, 252, NONE },
            [LOOK_DIM] = { 0, 243, NONE },
            [LOOK_OWN] = { STYLE_BOLD, 117, NONE },
            [LOOK_PEER] = { STYLE_BOLD, 150, NONE },
            [LOOK_NEW] = { STYLE_BOLD, 221, NONE },
            [LOOK_BAD] = { STYLE_BOLD, 203, NONE },
            [LOOK_ONLINE] = { 0, 114, NONE },
            [LOOK_AWAY] = { 0, 179, NONE },
            [LOOK_LINK] = { STYLE_UNDERLINE, 110, NONE },
            [LOOK_BAR] = { 0, 252, 237 },
            [LOOK_CHOSEN] = { STYLE_BOLD, 231, 24 },
    } },
    [THEME_LIGHT] = { {
            [LOOK_PLAIN] = { 0, 235, NONE },
            [LOOK_DIM] = { 0, 245, NONE },
            [LOOK_OWN] = { STYLE_BOLD, 25, NONE },
            [LOOK_PEER] = { STYLE_BOLD, 28, NONE },
            [LOOK_NEW] = { STYLE_BOLD, 130, NONE },
            [LOOK_BAD] = { STYLE_BOLD, 160, NONE },
            [LOOK_ONLINE] = { 0, 28, NONE },
            [LOOK_AWAY] = { 0, 130, NONE },
            [LOOK_LINK] = { STYLE_UNDERLINE, 25, NONE },
            [LOOK_BAR] = { 0, 235, 253 },
            [LOOK_CHOSEN] = { STYLE_BOLD, 231, 25 },
    } },
    [THEME_MONO] = { {
            [LOOK_PLAIN] = { 0, NONE, NONE },
            [LOOK_DIM] = { STYLE_DIM, NONE, NONE },
            [LOOK_OWN] = { STYLE_BOLD, NONE, NONE },
            [LOOK_PEER] = { STYLE_BOLD, NONE, NONE },
            [LOOK_NEW] = { STYLE_BOLD, NONE, NONE },
            [LOOK_BAD] = { STYLE_BOLD | STYLE_REVERSE, NONE, NONE },
            [LOOK_ONLINE] = { 0, NONE, NONE },
            [LOOK_AWAY] = { 0, NONE, NONE },
            [LOOK_LINK] = { STYLE_UNDERLINE, NONE, NONE },
            [LOOK_BAR] = { STYLE_REVERSE, NONE, NONE },
            [LOOK_CHOSEN] = { STYLE_BOLD | STYLE_REVERSE, NONE, NONE },
    } },
};

void theme_styles(enum theme theme, struct theme_styles *styles)
{
    *styles = themes[theme];
}

enum look theme_find_look(const char *name)
{
    static const char *const names[] = {
#define LOOK(identifier, name) name,
        LOOK_TABLE(LOOK)
#undef LOOK
    };

    for (int look = 0; look < LOOK_COUNT; look++) {
        if (strcmp(names[look], name) == 0) {
            return (enum look)look;
        }
    }
    return LOOK_COUNT;
}

static bool take_attribute(const char *word, struct style *style)
{
    static const char *const names[] = { "bold", "dim", "reverse", "underline" };

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(word, names[i]) == 0) {
            style->attributes |= (uint8_t)(1U << i);
            return true;
        }
    }
    return strcmp(word, "plain") == 0;
}

static bool take_colour(const char *word, int16_t *colour)
{
    static const char *const names[] = { "black", "red", "green", "yellow", "blue", "magenta",
        "cyan", "white" };
    char *end;

    for (int16_t i = 0; i < (int16_t)(sizeof(names) / sizeof(names[0])); i++) {
        if (strcmp(word, names[i]) == 0) {
            *colour = i;
            return true;
        }
    }
    long number = strtol(word, &end, 10);
    *colour = (int16_t)number;
    return end != word && *end == '\0' && number >= 0 && number <= 255;
}

bool theme_parse(const char *text, struct style *style, char wrong[24])
{
    char word[24];
    int size = 0;
    bool is_background = false;

    *style = (struct style){ 0, NONE, NONE };
    while (sscanf(text, "%23s%n", word, &size) == 1) {
        text += size;
        if (strcmp(word, "on") == 0) {
            is_background = true;
            continue;
        }
        int16_t *colour = is_background ? &style->background : &style->colour;
        if (!take_attribute(word, style) && !take_colour(word, colour)) {
            snprintf(wrong, 24, "%s", word);
            return false;
        }
    }
    return true;
}

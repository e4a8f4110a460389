// SPDX-License-Identifier: MIT
#include "settings.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX 4
#define COLOUR_PREFIX "colour."

static const struct {
    const char *name;
    size_t offset;
    const char *words[WORDS_MAX + 1]; // the value is the place of its word
} choices[] = {
    { "receipts", offsetof(struct settings, receipts), { "focus", "action", "never" } },
    { "notify", offsetof(struct settings, notify), { "bell", "osc9", "osc777", "none" } },
    { "notify_text", offsetof(struct settings, notify_text), { "no", "yes" } },
    { "hyperlinks", offsetof(struct settings, hyperlinks), { "auto", "yes", "no" } },
    { "ticks", offsetof(struct settings, ticks), { "unicode", "ascii" } },
    { "title", offsetof(struct settings, title), { "no", "yes" } },
    { "mouse", offsetof(struct settings, mouse), { "no", "yes" } },
    { "theme", offsetof(struct settings, theme), { "terminal", "dark", "light", "mono" } },
};

static const struct {
    const char *name;
    size_t offset;
} texts[] = {
    { "notify_cmd", offsetof(struct settings, notify_cmd) },
    { "open_cmd", offsetof(struct settings, open_cmd) },
    { "editor", offsetof(struct settings, editor) },
};

void settings_init(struct settings *settings)
{
    *settings =
            (struct settings){ .notify_text = SAID_YES, .title = SAID_YES, .open_cmd = "xdg-open" };
}

static enum settings_verdict take_choice(struct settings *settings, size_t place, const char *value,
        char *wrong, size_t wrong_bytes)
{
    const char *const *words = choices[place].words;
    int *chosen = (int *)((char *)settings + choices[place].offset);
    size_t size = 0;

    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], value) == 0) {
            *chosen = i;
            return SETTINGS_TAKEN;
        }
    }
    for (int i = 0; words[i] != NULL && size < wrong_bytes; i++) {
        const char *between = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";
        size += (size_t)snprintf(wrong + size, wrong_bytes - size, "%s%s", between, words[i]);
    }
    return SETTINGS_WRONG;
}

static enum settings_verdict take_colour(struct settings *settings, const char *name,
        const char *value, char *wrong, size_t wrong_bytes)
{
    enum look look = theme_find_look(name);
    char word[24];

    if (look == LOOK_COUNT) {
        return SETTINGS_UNKNOWN;
    }
    if (!theme_parse(value, &settings->styles[look], word)) {
        snprintf(wrong, wrong_bytes,
                "a colour (black, red, green, yellow, blue, magenta, cyan, white, 0 to 255), \"on\" "
                "another, bold, dim, reverse, underline; not \"%s\"",
                word);
        return SETTINGS_WRONG;
    }
    settings->is_styled[look] = true;
    return SETTINGS_TAKEN;
}

enum settings_verdict settings_take(struct settings *settings, const char *name, const char *value,
        char *wrong, size_t wrong_bytes)
{
    size_t prefix = strlen(COLOUR_PREFIX);

    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        if (strcmp(choices[i].name, name) == 0) {
            return take_choice(settings, i, value, wrong, wrong_bytes);
        }
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(texts[i].name, name) == 0) {
            snprintf(wrong, wrong_bytes, "shorter than %d bytes", SETTING_TEXT_BYTES);
            char *text = (char *)settings + texts[i].offset;
            int size = snprintf(text, SETTING_TEXT_BYTES, "%s", value);
            return size < SETTING_TEXT_BYTES ? SETTINGS_TAKEN : SETTINGS_WRONG;
        }
    }
    if (strncmp(name, COLOUR_PREFIX, prefix) == 0) {
        return take_colour(settings, name + prefix, value, wrong, wrong_bytes);
    }
    return SETTINGS_UNKNOWN;
}

void settings_styles(const struct settings *settings, struct theme_styles *styles)
{
    theme_styles((enum theme)settings->theme, styles);
    for (int look = 0; look < LOOK_COUNT; look++) {
        if (settings->is_styled[look]) {
            styles->of[look] = settings->styles[look];
        }
    }
}

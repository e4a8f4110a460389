// SPDX-License-Identifier: MIT
// What the user has chosen for the screen, in the configuration file (chat-tui(1), FILES).

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "shared/check.h"
#include "theme.h"

#define SETTING_TEXT_BYTES 300

// Each in the order of its words in settings.c.
enum receipts { RECEIPTS_FOCUS, RECEIPTS_ACTION, RECEIPTS_NEVER };
enum notify { NOTIFY_BELL, NOTIFY_OSC9, NOTIFY_OSC777, NOTIFY_NONE };
enum yes_no { SAID_NO, SAID_YES };
enum hyperlinks { HYPERLINKS_AUTO, HYPERLINKS_YES, HYPERLINKS_NO };
enum ticks { TICKS_UNICODE, TICKS_ASCII };

struct settings {
    int receipts;    // enum receipts
    int notify;      // enum notify
    int notify_text; // enum yes_no: what is written is part of a notification
    int hyperlinks;  // enum hyperlinks
    int ticks;       // enum ticks
    int title;       // enum yes_no: the window's title tells how much is new
    int mouse;       // enum yes_no: the wheel scrolls, a click opens
    int theme;       // enum theme
    char notify_cmd[SETTING_TEXT_BYTES];
    char open_cmd[SETTING_TEXT_BYTES];
    char editor[SETTING_TEXT_BYTES]; // "": $VISUAL, $EDITOR
    bool is_styled[LOOK_COUNT];      // this look was chosen apart from the theme
    struct style styles[LOOK_COUNT];
};

enum settings_verdict { SETTINGS_TAKEN, SETTINGS_UNKNOWN, SETTINGS_WRONG };

void settings_init(struct settings *settings);
// One line of the file. WRONG: wrong says what the value must be.
enum settings_verdict settings_take(struct settings *settings, const char *name, const char *value,
        char *wrong, size_t wrong_bytes) MUST_USE;
// The theme with what was chosen apart.
void settings_styles(const struct settings *settings, struct theme_styles *styles);

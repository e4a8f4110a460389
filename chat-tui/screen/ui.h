// SPDX-License-Identifier: MIT
// The screen's own state beside the model: what is open on top, what is typed, what the view found
// out while drawing.
//
// Owner: the app. Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "chat-tui/line_editor.h"
#include "model.h"

// SELECT: a message of the open conversation is chosen (conversation.selected_seq).
enum ui_mode { UI_CHAT, UI_HELP, UI_SWITCH, UI_SELECT };

#define SWITCH_BYTES 64
#define SWITCH_MATCHES_MAX 64

struct ui {
    struct model model;
    enum ui_mode mode;
    struct line_editor *editor;
    char pattern[SWITCH_BYTES]; // of the switcher
    uint32_t switch_choice;
    uint64_t editing_seq; // what is typed replaces this message of the open conversation; 0: none
    bool is_delete_asked; // the selected one goes when the key comes again
    uint32_t help_row;    // the first that is shown
    bool wants_older;     // the view came to the beginning of what is here
    bool wants_selected;  // the selected message is to be on the screen
    bool wants_again;     // the place has moved while drawing
    bool wants_redraw;    // everything, as after somebody wrote on the terminal
    // Of the last drawing: what scrolling needs to know.
    struct place top;       // the first row of the timeline that is shown
    uint32_t timeline_rows; // that fit
    uint32_t text_cells;    // of a row of text
};

// False: no memory.
bool ui_init(struct ui *ui) MUST_USE;
void ui_finish(struct ui *ui);
// In the status line, for a while.
void ui_say(struct ui *ui, const char *words);
// Shows it; NULL: nothing changes. What was typed stays with the conversation that it was typed in.
void ui_open(struct ui *ui, struct conversation *conversation);
// Conversations that match the switcher's pattern, best first; returns how many.
uint32_t ui_matches(const struct ui *ui, struct conversation *matches[SWITCH_MATCHES_MAX]);

// When something shown changes by itself (a countdown, a notice that ends); INT64_MAX: never.
int64_t ui_deadline_ms(const struct ui *ui, int64_t now_ms);
// True: it has to be drawn again.
bool ui_tick(struct ui *ui, int64_t now_ms);

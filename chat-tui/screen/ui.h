// SPDX-License-Identifier: MIT
// The screen's own state beside the model: what is open on top, what is typed, what the view found
// out while drawing.
//
// Owner: the app. Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "chat-tui/line_editor.h"
#include "chat-tui/settings.h"
#include "keys.h"
#include "link_list.h"
#include "model.h"
#include "pattern.h"
#include "search.h"

// SELECT: a message of the open conversation is chosen (conversation.selected_seq).
enum ui_mode { UI_CHAT, UI_SELECT, UI_HELP, UI_SWITCH, UI_SEARCH, UI_LINKS, UI_WARNING };

#define SWITCH_MATCHES_MAX 64

struct ui {
    struct model model;
    const struct settings *settings; // lent
    struct key_table keys;
    char prefix[KEY_NAME_BYTES]; // a key that another one has to follow, or ""
    enum ui_mode mode;
    struct line_editor *editor;
    struct conversation *before; // that was open before the open one; NULL: none
    struct pattern pattern;      // of the switcher
    uint32_t switch_choice;
    struct search search;
    struct link_list links;
    uint64_t editing_seq;  // what is typed replaces this message of the open conversation; 0: none
    bool is_delete_asked;  // the selected one goes when the key comes again
    uint32_t help_row;     // the first that is shown; of a warning, too
    struct buffer warning; // what has to be read before anything else
    bool wants_older;      // the view came to the beginning of what is here
    bool wants_newer;      // it came to the end of what is here, and there is more
    bool wants_selected;   // the selected message is to be on the screen
    bool wants_again;      // the place has moved while drawing
    bool wants_redraw;     // everything, as after somebody wrote on the terminal
    // Of the last drawing: what scrolling needs to know.
    struct place top;       // the first row of the timeline that is shown
    uint32_t timeline_rows; // that fit
    uint32_t text_cells;    // of a row of text
};

// False: no memory.
bool ui_init(struct ui *ui, const struct settings *settings) MUST_USE;
void ui_finish(struct ui *ui);
// In the status line, for a while; "": what was said before is over.
void ui_say(struct ui *ui, const char *words);
// Shows it; NULL: nothing changes. What was typed stays with the conversation that it was typed in.
void ui_open(struct ui *ui, struct conversation *conversation);
// To a message, wherever it is: if it is not here, it will be asked for.
void ui_jump(struct ui *ui, struct bytes peer, uint64_t seq);
// The newest message, also when the place is far from it.
void ui_go_to_end(struct ui *ui);
// In the order of the list, from 0; NULL: there are not as many.
struct conversation *ui_nth(const struct ui *ui, uint32_t place);
// Conversations that match the switcher's pattern, best first; returns how many.
uint32_t ui_matches(const struct ui *ui, struct conversation *matches[SWITCH_MATCHES_MAX]);

// When something shown changes by itself (a countdown, a notice that ends); INT64_MAX: never.
int64_t ui_deadline_ms(const struct ui *ui, int64_t now_ms);
// True: it has to be drawn again.
bool ui_tick(struct ui *ui, int64_t now_ms);

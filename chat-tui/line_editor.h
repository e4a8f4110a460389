// SPDX-License-Identifier: MIT
// The text that is being written, of one or more lines, and what keys do to it. It knows neither
// keys nor screens: a key table names commands, wrap.h finds the rows.
//
// Owner:  the model of the screen. Bounds: TEXT_BYTES_MAX, SENT_LINES_MAX, UNDO_*_MAX (limits.h).
// Always: the text is UTF-8 without NUL and CR, and the cursor stands between clusters
// (grapheme.h). Undo:   characters typed or deleted one after the other are one step, and so is
// walking through
//         what was sent; anything else is a step each.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"

struct line_editor;

enum line_editor_command {
    LINE_EDITOR_LEFT, // C-b: by cluster
    LINE_EDITOR_RIGHT,
    LINE_EDITOR_WORD_LEFT, // M-b
    LINE_EDITOR_WORD_RIGHT,
    LINE_EDITOR_LINE_BEGIN, // C-a: of the line that the cursor is in
    LINE_EDITOR_LINE_END,
    LINE_EDITOR_UP, // to the line above, at the same column where it is long enough
    LINE_EDITOR_DOWN,
    LINE_EDITOR_DELETE_LEFT, // BACKSPACE
    LINE_EDITOR_DELETE_RIGHT,
    LINE_EDITOR_KILL_WORD_LEFT, // M-BACKSPACE
    LINE_EDITOR_KILL_WORD_RIGHT,
    LINE_EDITOR_KILL_TO_SPACE,      // C-w: left to white space
    LINE_EDITOR_KILL_TO_LINE_BEGIN, // C-u
    LINE_EDITOR_KILL_TO_LINE_END,   // C-k: at the end of a line its line end
    LINE_EDITOR_YANK,               // what was killed, by all kills in a row
    LINE_EDITOR_UNDO,
    LINE_EDITOR_SENT_BEFORE, // what was sent before; the unsent text is kept
    LINE_EDITOR_SENT_AFTER,
    LINE_EDITOR_COMMAND_COUNT
};

// NULL when memory is exhausted.
struct line_editor *line_editor_create(void) MUST_USE;
void line_editor_destroy(struct line_editor *editor);

// False when it changed nothing: the end was reached (UP: ask for SENT_BEFORE then), nothing is
// left to undo, or what is yanked has no room.
bool line_editor_run(struct line_editor *editor, enum line_editor_command command);

// Puts the text at the cursor, typed or pasted. CR and CR LF become LF, NUL and what is not UTF-8
// U+FFFD. ERR_TOO_LARGE: there is no room, and nothing is changed.
enum err line_editor_insert(struct line_editor *editor, struct bytes text) MUST_USE;

// The same in place of a part of the text, as for completion: from start to end, which are offsets
// between code points.
enum err line_editor_replace(struct line_editor *editor, uint32_t start, uint32_t end,
        struct bytes text) MUST_USE;

// The same in place of all, as for another conversation's draft. There is no way back by undo.
enum err line_editor_set(struct line_editor *editor, struct bytes text) MUST_USE;

// Lent until the next call.
struct bytes line_editor_text(const struct line_editor *editor);
uint32_t line_editor_cursor(const struct line_editor *editor);

// Adds the text to the buffer and to what was sent, and begins anew. ERR_MEMORY: nothing is
// changed.
enum err line_editor_take(struct line_editor *editor, struct buffer *out) MUST_USE;

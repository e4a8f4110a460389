// SPDX-License-Identifier: MIT
// What is typed: one text of several lines, edited with the keys of a shell (emacs). Knows nothing
// of the screen; the cursor stands between clusters.
//
// Owner:  whoever embeds it; line_editor_finish(). Thread: one.
// Bounds: TEXT_BYTES_MAX; LINE_UNDO_MAX steps of undo, LINE_HISTORY_MAX earlier texts.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"

#define LINE_UNDO_MAX 100
#define LINE_HISTORY_MAX 200

struct line_state {
    char *text;
    uint32_t bytes;
    uint32_t cursor;
};

struct line_editor {
    struct buffer text;
    uint32_t cursor;
    struct buffer killed;
    bool is_killing; // the next kill joins this one
    bool is_typing;  // the next typed text is the same step of undo
    struct line_state undo[LINE_UNDO_MAX];
    uint32_t undo_count;
    struct line_state history[LINE_HISTORY_MAX]; // oldest first
    uint32_t history_count;
    uint32_t history_at;      // == history_count: what is being typed
    struct line_state unsent; // while an earlier text is shown
};

void line_editor_init(struct line_editor *editor);
void line_editor_finish(struct line_editor *editor);

struct bytes line_editor_text(const struct line_editor *editor);
uint32_t line_editor_cursor(const struct line_editor *editor);

// At the cursor. False: it would be too long, or there is no memory; nothing changed.
bool line_editor_insert(struct line_editor *editor, struct bytes text) MUST_USE;
// The text was used: it is the newest of the history, and the editor is empty.
void line_editor_take(struct line_editor *editor);
// Replaces everything, as a draft does that is taken up again. False: no memory.
bool line_editor_set(struct line_editor *editor, struct bytes text) MUST_USE;
// False: the key means nothing here.
bool line_editor_key(struct line_editor *editor, const char *key);

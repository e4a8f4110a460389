// SPDX-License-Identifier: MIT
#include "line_editor.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "grapheme.h"
#include "shared/limits.h"

void line_editor_init(struct line_editor *editor)
{
    *editor = (struct line_editor){ 0 };
}

static void clear_state(struct line_state *state)
{
    free(state->text);
    *state = (struct line_state){ 0 };
}

void line_editor_finish(struct line_editor *editor)
{
    for (uint32_t i = 0; i < editor->undo_count; i++) {
        clear_state(&editor->undo[i]);
    }
    for (uint32_t i = 0; i < editor->history_count; i++) {
        clear_state(&editor->history[i]);
    }
    clear_state(&editor->unsent);
    buffer_finish(&editor->text);
    buffer_finish(&editor->killed);
}

struct bytes line_editor_text(const struct line_editor *editor)
{
    return (struct bytes){ editor->text.bytes > 0 ? editor->text.data : "",
        (uint32_t)editor->text.bytes };
}

uint32_t line_editor_cursor(const struct line_editor *editor)
{
    return editor->cursor;
}

static struct line_state copy_state(const struct line_editor *editor)
{
    struct line_state state = { malloc(editor->text.bytes + 1), (uint32_t)editor->text.bytes,
        editor->cursor };

    if (state.text != NULL && state.bytes > 0) {
        memcpy(state.text, editor->text.data, state.bytes);
    }
    return state;
}

// The oldest goes when there is no room.
static void push(struct line_state *states, uint32_t *count, uint32_t room, struct line_state state)
{
    if (state.text == NULL) {
        return; // no memory: one step less
    }
    if (*count == room) {
        clear_state(&states[0]);
        memmove(states, states + 1, (room - 1) * sizeof(states[0]));
        (*count)--;
    }
    states[(*count)++] = state;
}

static void restore(struct line_editor *editor, const struct line_state *state)
{
    buffer_clear(&editor->text);
    buffer_add(&editor->text, state->text, state->bytes);
    editor->cursor = state->cursor;
}

// Before a change; typing goes on in the same step.
static void begin_step(struct line_editor *editor, bool is_typing)
{
    if (!is_typing || !editor->is_typing) {
        push(editor->undo, &editor->undo_count, LINE_UNDO_MAX, copy_state(editor));
    }
    editor->is_typing = is_typing;
}

bool line_editor_insert(struct line_editor *editor, struct bytes text)
{
    if (editor->text.bytes + text.size > TEXT_BYTES_MAX ||
            buffer_reserve(&editor->text, text.size) == NULL) {
        return false;
    }
    begin_step(editor, text.size <= 4 && text.size > 0 && text.data[0] != ' ');
    editor->is_killing = false;
    char *at = editor->text.data + editor->cursor;
    memmove(at + text.size, at, editor->text.bytes - editor->cursor);
    memcpy(at, text.data, text.size);
    editor->text.bytes += text.size;
    editor->cursor += text.size;
    return true;
}

bool line_editor_set(struct line_editor *editor, struct bytes text)
{
    buffer_clear(&editor->text);
    buffer_add(&editor->text, text.data, text.size);
    bool is_set = buffer_is_whole(&editor->text);
    if (!is_set) {
        buffer_clear(&editor->text);
    }
    editor->cursor = (uint32_t)editor->text.bytes;
    editor->is_typing = false;
    for (uint32_t i = 0; i < editor->undo_count; i++) {
        clear_state(&editor->undo[i]);
    }
    editor->undo_count = 0;
    editor->history_at = editor->history_count;
    return is_set;
}

void line_editor_take(struct line_editor *editor)
{
    if (editor->text.bytes > 0) {
        push(editor->history, &editor->history_count, LINE_HISTORY_MAX, copy_state(editor));
    }
    clear_state(&editor->unsent);
    (void)!line_editor_set(editor, (struct bytes){ "", 0 });
}

// ---- places

static uint32_t size_of(const struct line_editor *editor)
{
    return (uint32_t)editor->text.bytes;
}

static uint32_t place_before(const struct line_editor *editor)
{
    return editor->cursor == 0 ? 0 : grapheme_before(line_editor_text(editor), editor->cursor);
}

static uint32_t place_behind(const struct line_editor *editor)
{
    struct grapheme grapheme;
    uint32_t position = editor->cursor;

    (void)!grapheme_next(line_editor_text(editor), &position, &grapheme);
    return position;
}

// Everything beyond ASCII belongs to words.
static bool is_word(char byte)
{
    return isalnum((unsigned char)byte) != 0 || (unsigned char)byte >= 0x80;
}

static uint32_t word_before(const struct line_editor *editor)
{
    uint32_t place = editor->cursor;

    while (place > 0 && !is_word(editor->text.data[place - 1])) {
        place--;
    }
    while (place > 0 && is_word(editor->text.data[place - 1])) {
        place--;
    }
    return place;
}

static uint32_t word_behind(const struct line_editor *editor)
{
    uint32_t place = editor->cursor;

    while (place < size_of(editor) && !is_word(editor->text.data[place])) {
        place++;
    }
    while (place < size_of(editor) && is_word(editor->text.data[place])) {
        place++;
    }
    return place;
}

static uint32_t space_before(const struct line_editor *editor)
{
    uint32_t place = editor->cursor;

    while (place > 0 && isspace((unsigned char)editor->text.data[place - 1]) != 0) {
        place--;
    }
    while (place > 0 && isspace((unsigned char)editor->text.data[place - 1]) == 0) {
        place--;
    }
    return place;
}

static uint32_t line_begin(const struct line_editor *editor)
{
    uint32_t place = editor->cursor;

    while (place > 0 && editor->text.data[place - 1] != '\n') {
        place--;
    }
    return place;
}

static uint32_t line_end(const struct line_editor *editor)
{
    uint32_t place = editor->cursor;

    while (place < size_of(editor) && editor->text.data[place] != '\n') {
        place++;
    }
    return place;
}

// ---- changes

static void erase(struct line_editor *editor, uint32_t from, uint32_t to)
{
    if (from == to) {
        return;
    }
    begin_step(editor, false);
    memmove(editor->text.data + from, editor->text.data + to, editor->text.bytes - to);
    editor->text.bytes -= to - from;
    editor->cursor = from;
}

// Kills in a row become one.
static void kill_range(struct line_editor *editor, uint32_t from, uint32_t to, bool was_killing)
{
    struct buffer killed = { 0 };
    bool is_backward = to == editor->cursor;

    if (was_killing && !is_backward) {
        buffer_add(&killed, editor->killed.data, editor->killed.bytes);
    }
    buffer_add(&killed, editor->text.data + from, to - from);
    if (was_killing && is_backward) {
        buffer_add(&killed, editor->killed.data, editor->killed.bytes);
    }
    if (from != to && buffer_is_whole(&killed)) {
        buffer_finish(&editor->killed);
        editor->killed = killed;
        erase(editor, from, to);
    } else {
        buffer_finish(&killed);
    }
    editor->is_killing = true;
}

static void yank(struct line_editor *editor)
{
    (void)!line_editor_insert(editor,
            (struct bytes){ editor->killed.bytes > 0 ? editor->killed.data : "",
                    (uint32_t)editor->killed.bytes });
    editor->is_typing = false;
}

static void undo(struct line_editor *editor)
{
    if (editor->undo_count > 0) {
        struct line_state *state = &editor->undo[--editor->undo_count];
        restore(editor, state);
        clear_state(state);
    }
}

static void show_history(struct line_editor *editor, uint32_t at)
{
    if (editor->history_at == editor->history_count) {
        clear_state(&editor->unsent);
        editor->unsent = copy_state(editor);
    }
    editor->history_at = at;
    const struct line_state *state =
            at == editor->history_count ? &editor->unsent : &editor->history[at];
    if (state->text != NULL) {
        restore(editor, state);
        editor->cursor = size_of(editor);
    }
}

// To the same place in the line above or below, or else through the history.
static void go_up(struct line_editor *editor)
{
    uint32_t begin = line_begin(editor), offset = editor->cursor - begin;

    if (begin > 0) {
        editor->cursor = begin - 1;
        uint32_t above = line_begin(editor);
        editor->cursor = above + (offset < begin - 1 - above ? offset : begin - 1 - above);
        while (((unsigned char)editor->text.data[editor->cursor] & 0xc0) == 0x80) {
            editor->cursor--;
        }
    } else if (editor->history_at > 0) {
        show_history(editor, editor->history_at - 1);
    }
}

static void go_down(struct line_editor *editor)
{
    uint32_t end = line_end(editor), offset = editor->cursor - line_begin(editor);

    if (end < size_of(editor)) {
        editor->cursor = end + 1;
        uint32_t below = line_end(editor);
        editor->cursor += offset < below - end - 1 ? offset : below - end - 1;
        while (editor->cursor < size_of(editor) &&
                ((unsigned char)editor->text.data[editor->cursor] & 0xc0) == 0x80) {
            editor->cursor--;
        }
    } else if (editor->history_at < editor->history_count) {
        show_history(editor, editor->history_at + 1);
    }
}

struct binding {
    const char *keys; // separated by spaces
    void (*run)(struct line_editor *editor, bool was_killing);
};

#define COMMAND(name, statement)                                                                   \
    static void name(struct line_editor *editor, bool was_killing)                                 \
    {                                                                                              \
        (void)was_killing;                                                                         \
        statement;                                                                                 \
    }

COMMAND(cmd_left, editor->cursor = place_before(editor))
COMMAND(cmd_right, editor->cursor = place_behind(editor))
COMMAND(cmd_word_left, editor->cursor = word_before(editor))
COMMAND(cmd_word_right, editor->cursor = word_behind(editor))
COMMAND(cmd_line_begin, editor->cursor = line_begin(editor))
COMMAND(cmd_line_end, editor->cursor = line_end(editor))
COMMAND(cmd_up, go_up(editor))
COMMAND(cmd_down, go_down(editor))
COMMAND(cmd_backspace, erase(editor, place_before(editor), editor->cursor))
COMMAND(cmd_delete, erase(editor, editor->cursor, place_behind(editor)))
COMMAND(cmd_kill_word, kill_range(editor, editor->cursor, word_behind(editor), was_killing))
COMMAND(cmd_kill_word_back, kill_range(editor, word_before(editor), editor->cursor, was_killing))
COMMAND(cmd_kill_space_back, kill_range(editor, space_before(editor), editor->cursor, was_killing))
COMMAND(cmd_kill_line, kill_range(editor, editor->cursor, line_end(editor), was_killing))
COMMAND(cmd_kill_line_back, kill_range(editor, line_begin(editor), editor->cursor, was_killing))
COMMAND(cmd_yank, yank(editor))
COMMAND(cmd_undo, undo(editor))

static const struct binding bindings[] = {
    { "Left C-b", cmd_left },
    { "Right C-f", cmd_right },
    { "M-b M-Left", cmd_word_left },
    { "M-f M-Right", cmd_word_right },
    { "C-a Home", cmd_line_begin },
    { "C-e End", cmd_line_end },
    { "Up", cmd_up },
    { "Down", cmd_down },
    { "Backspace", cmd_backspace },
    { "C-d Delete", cmd_delete },
    { "M-d", cmd_kill_word },
    { "M-Backspace", cmd_kill_word_back },
    { "C-w", cmd_kill_space_back },
    { "C-k", cmd_kill_line },
    { "C-u", cmd_kill_line_back },
    { "C-y", cmd_yank },
    { "C-_", cmd_undo },
};

static bool has_key(const char *keys, const char *key)
{
    size_t length = strlen(key);

    for (const char *at = keys; at != NULL; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, key, length) == 0 && (at[length] == ' ' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

bool line_editor_key(struct line_editor *editor, const char *key)
{
    for (size_t i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
        if (has_key(bindings[i].keys, key)) {
            bool was_killing = editor->is_killing;
            editor->is_killing = false;
            editor->is_typing = false;
            bindings[i].run(editor, was_killing);
            return true;
        }
    }
    return false;
}

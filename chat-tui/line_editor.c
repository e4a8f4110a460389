// SPDX-License-Identifier: MIT
#include "line_editor.h"

#include <stdlib.h>

#include "grapheme.h"
#include "sent_lines.h"
#include "shared/limits.h"
#include "undo.h"

#define REPLACEMENT "\xef\xbf\xbd"

// What was done last, as far as the next command joins it.
enum action {
    DID_ANYTHING,
    DID_TYPE,
    DID_DELETE_LEFT,
    DID_DELETE_RIGHT,
    DID_WALK_SENT,
    DID_KILL,
    DID_CHANGE_LINE,
};

struct line_editor {
    char text[TEXT_BYTES_MAX];
    uint32_t size, cursor;
    enum action last;
    uint32_t column; // cells that UP and DOWN try to keep, when they come one after the other
    char killed[TEXT_BYTES_MAX];
    uint32_t killed_size;
    struct undo undo;
    struct sent_lines sent;
    uint32_t place;              // the sent line that is shown; 0: none
    char unsent[TEXT_BYTES_MAX]; // while place is not 0
    uint32_t unsent_size;
};

struct line_editor *line_editor_create(void)
{
    return calloc(1, sizeof(struct line_editor));
}

void line_editor_destroy(struct line_editor *editor)
{
    if (editor == NULL) {
        return;
    }
    undo_clear(&editor->undo);
    sent_lines_finish(&editor->sent);
    free(editor);
}

struct bytes line_editor_text(const struct line_editor *editor)
{
    return (struct bytes){ editor->text, editor->size };
}

uint32_t line_editor_cursor(const struct line_editor *editor)
{
    return editor->cursor;
}

static uint32_t line_begin(const struct line_editor *editor, uint32_t place)
{
    while (place > 0 && editor->text[place - 1] != '\n') {
        place--;
    }
    return place;
}

static uint32_t line_end(const struct line_editor *editor, uint32_t place)
{
    while (place < editor->size && editor->text[place] != '\n') {
        place++;
    }
    return place;
}

// The first place between clusters that is not before this one. A line's beginning always is one.
static uint32_t boundary_from(const struct line_editor *editor, uint32_t place)
{
    struct grapheme grapheme;
    uint32_t position = place == editor->size ? place : line_begin(editor, place);

    while (position < place && grapheme_next(line_editor_text(editor), &position, &grapheme)) {
    }
    return position;
}

static uint32_t cluster_left(const struct line_editor *editor)
{
    struct grapheme grapheme = { .start = 0 };
    uint32_t position = line_begin(editor, editor->cursor > 0 ? editor->cursor - 1 : 0);

    while (position < editor->cursor &&
            grapheme_next(line_editor_text(editor), &position, &grapheme)) {
    }
    return grapheme.start;
}

static uint32_t cluster_right(const struct line_editor *editor)
{
    struct grapheme grapheme;
    uint32_t position = editor->cursor;

    grapheme_next(line_editor_text(editor), &position, &grapheme);
    return position;
}

static bool is_in_word(enum grapheme_kind kind)
{
    return kind == GRAPHEME_WORD;
}

static bool is_no_space(enum grapheme_kind kind)
{
    return kind != GRAPHEME_SPACE && kind != GRAPHEME_LINE_END;
}

// Where the last run of such clusters before the cursor begins. From the beginning of the text, as
// clusters can only be told forward.
static uint32_t run_left(const struct line_editor *editor, bool (*is_part)(enum grapheme_kind))
{
    struct grapheme grapheme;
    uint32_t position = 0, begin = 0;
    bool was_part = false;

    while (position < editor->cursor &&
            grapheme_next(line_editor_text(editor), &position, &grapheme)) {
        bool is_now = is_part(grapheme.kind);
        if (is_now && !was_part) {
            begin = grapheme.start;
        }
        was_part = is_now;
    }
    return begin;
}

static uint32_t word_right(const struct line_editor *editor)
{
    struct grapheme grapheme;
    uint32_t position = editor->cursor;
    bool was_word = false;

    while (grapheme_next(line_editor_text(editor), &position, &grapheme)) {
        bool is_word = is_in_word(grapheme.kind);
        if (was_word && !is_word) {
            return grapheme.start;
        }
        was_word = is_word;
    }
    return editor->size;
}

// Every change of the text. There must be room. The text given is not the editor's.
static void splice(struct line_editor *editor, uint32_t start, uint32_t end, struct bytes text,
        enum action action)
{
    bool is_joined = action == editor->last && action >= DID_TYPE && action <= DID_WALK_SENT;

    CHECK(start <= end && end <= editor->size);
    CHECK(editor->size - (end - start) + text.size <= TEXT_BYTES_MAX);
    if (!is_joined) {
        undo_push(&editor->undo, line_editor_text(editor), editor->cursor, editor->place);
    }
    memmove(editor->text + start + text.size, editor->text + end, editor->size - end);
    if (text.size > 0) {
        memcpy(editor->text + start, text.data, text.size);
    }
    editor->size = editor->size - (end - start) + text.size;
    // What stood apart may have become one cluster.
    editor->cursor = boundary_from(editor, start + text.size);
    editor->last = action;
}

static bool move_to(struct line_editor *editor, uint32_t place)
{
    bool is_moved = place != editor->cursor;

    editor->cursor = place;
    return is_moved;
}

static bool left(struct line_editor *editor)
{
    return move_to(editor, cluster_left(editor));
}

static bool right(struct line_editor *editor)
{
    return move_to(editor, cluster_right(editor));
}

static bool go_word_left(struct line_editor *editor)
{
    return move_to(editor, run_left(editor, is_in_word));
}

static bool go_word_right(struct line_editor *editor)
{
    return move_to(editor, word_right(editor));
}

static bool go_line_begin(struct line_editor *editor)
{
    return move_to(editor, line_begin(editor, editor->cursor));
}

static bool go_line_end(struct line_editor *editor)
{
    return move_to(editor, line_end(editor, editor->cursor));
}

// To the line that begins there.
static bool change_line(struct line_editor *editor, uint32_t begin)
{
    if (editor->last != DID_CHANGE_LINE) {
        uint32_t here = line_begin(editor, editor->cursor);
        editor->column =
                grapheme_width((struct bytes){ editor->text + here, editor->cursor - here });
    }
    struct bytes line = { editor->text + begin, line_end(editor, begin) - begin };
    editor->cursor = begin + grapheme_fit(line, editor->column);
    return true;
}

static bool up(struct line_editor *editor)
{
    uint32_t here = line_begin(editor, editor->cursor);

    return here > 0 && change_line(editor, line_begin(editor, here - 1));
}

static bool down(struct line_editor *editor)
{
    uint32_t end = line_end(editor, editor->cursor);

    return end < editor->size && change_line(editor, end + 1);
}

static bool cut(struct line_editor *editor, uint32_t start, uint32_t end, enum action action)
{
    if (start == end) {
        return false;
    }
    splice(editor, start, end, (struct bytes){ "", 0 }, action);
    return true;
}

static bool delete_left(struct line_editor *editor)
{
    return cut(editor, cluster_left(editor), editor->cursor, DID_DELETE_LEFT);
}

static bool delete_right(struct line_editor *editor)
{
    return cut(editor, editor->cursor, cluster_right(editor), DID_DELETE_RIGHT);
}

// From the cursor to the place, on either side of it. Kills in a row only ever take away, so that
// together they are no longer than a text.
static bool kill_to(struct line_editor *editor, uint32_t place)
{
    bool is_left = place < editor->cursor;
    uint32_t start = is_left ? place : editor->cursor, end = is_left ? editor->cursor : place;
    uint32_t size = end - start;

    if (size == 0) {
        return false;
    }
    if (editor->last != DID_KILL) {
        editor->killed_size = 0;
    }
    CHECK(editor->killed_size + size <= TEXT_BYTES_MAX);
    if (is_left) {
        memmove(editor->killed + size, editor->killed, editor->killed_size);
    }
    memcpy(editor->killed + (is_left ? 0 : editor->killed_size), editor->text + start, size);
    editor->killed_size += size;
    return cut(editor, start, end, DID_KILL);
}

static bool kill_word_left(struct line_editor *editor)
{
    return kill_to(editor, run_left(editor, is_in_word));
}

static bool kill_word_right(struct line_editor *editor)
{
    return kill_to(editor, word_right(editor));
}

static bool kill_to_space(struct line_editor *editor)
{
    return kill_to(editor, run_left(editor, is_no_space));
}

static bool kill_to_line_begin(struct line_editor *editor)
{
    return kill_to(editor, line_begin(editor, editor->cursor));
}

static bool kill_to_line_end(struct line_editor *editor)
{
    uint32_t end = line_end(editor, editor->cursor);
    bool is_at_end = end == editor->cursor && end < editor->size;

    return kill_to(editor, is_at_end ? end + 1 : end);
}

static bool yank(struct line_editor *editor)
{
    if (editor->killed_size == 0 || editor->killed_size > TEXT_BYTES_MAX - editor->size) {
        return false;
    }
    splice(editor, editor->cursor, editor->cursor,
            (struct bytes){ editor->killed, editor->killed_size }, DID_ANYTHING);
    return true;
}

static bool undo(struct line_editor *editor)
{
    struct undo_step *step = undo_pop(&editor->undo);

    if (step == NULL) {
        return false;
    }
    memcpy(editor->text, step->text, step->size);
    editor->size = step->size;
    editor->cursor = step->cursor;
    editor->place = step->place;
    free(step);
    return true;
}

static void show_sent(struct line_editor *editor, uint32_t place)
{
    struct bytes text = { editor->unsent, editor->unsent_size };

    if (place > 0) {
        text = sent_lines_get(&editor->sent, place);
    }
    splice(editor, 0, editor->size, text, DID_WALK_SENT);
    editor->place = place;
}

static bool sent_before(struct line_editor *editor)
{
    if (editor->place == editor->sent.count) {
        return false;
    }
    if (editor->place == 0) {
        memcpy(editor->unsent, editor->text, editor->size);
        editor->unsent_size = editor->size;
    }
    show_sent(editor, editor->place + 1);
    return true;
}

static bool sent_after(struct line_editor *editor)
{
    if (editor->place == 0) {
        return false;
    }
    show_sent(editor, editor->place - 1);
    return true;
}

bool line_editor_run(struct line_editor *editor, enum line_editor_command command)
{
    static const struct {
        bool (*run)(struct line_editor *);
        enum action action;
    } commands[LINE_EDITOR_COMMAND_COUNT] = {
        [LINE_EDITOR_LEFT] = { left, DID_ANYTHING },
        [LINE_EDITOR_RIGHT] = { right, DID_ANYTHING },
        [LINE_EDITOR_WORD_LEFT] = { go_word_left, DID_ANYTHING },
        [LINE_EDITOR_WORD_RIGHT] = { go_word_right, DID_ANYTHING },
        [LINE_EDITOR_LINE_BEGIN] = { go_line_begin, DID_ANYTHING },
        [LINE_EDITOR_LINE_END] = { go_line_end, DID_ANYTHING },
        [LINE_EDITOR_UP] = { up, DID_CHANGE_LINE },
        [LINE_EDITOR_DOWN] = { down, DID_CHANGE_LINE },
        [LINE_EDITOR_DELETE_LEFT] = { delete_left, DID_DELETE_LEFT },
        [LINE_EDITOR_DELETE_RIGHT] = { delete_right, DID_DELETE_RIGHT },
        [LINE_EDITOR_KILL_WORD_LEFT] = { kill_word_left, DID_KILL },
        [LINE_EDITOR_KILL_WORD_RIGHT] = { kill_word_right, DID_KILL },
        [LINE_EDITOR_KILL_TO_SPACE] = { kill_to_space, DID_KILL },
        [LINE_EDITOR_KILL_TO_LINE_BEGIN] = { kill_to_line_begin, DID_KILL },
        [LINE_EDITOR_KILL_TO_LINE_END] = { kill_to_line_end, DID_KILL },
        [LINE_EDITOR_YANK] = { yank, DID_ANYTHING },
        [LINE_EDITOR_UNDO] = { undo, DID_ANYTHING },
        [LINE_EDITOR_SENT_BEFORE] = { sent_before, DID_WALK_SENT },
        [LINE_EDITOR_SENT_AFTER] = { sent_after, DID_WALK_SENT },
    };

    CHECK(command < LINE_EDITOR_COMMAND_COUNT);
    bool is_done = commands[command].run(editor);
    editor->last = is_done ? commands[command].action : DID_ANYTHING;
    return is_done;
}

// Copies the text as it may stand here, or returns false when that is more than the room.
static bool clean(struct bytes text, char *out, uint32_t room, uint32_t *size)
{
    uint32_t step;

    *size = 0;
    for (uint32_t place = 0; place < text.size; place += step) {
        struct bytes piece = { text.data + place, grapheme_utf8_at(text, place) };
        step = piece.size > 0 ? piece.size : 1;
        if (text.data[place] == '\r') {
            bool is_crlf = place + 1 < text.size && text.data[place + 1] == '\n';
            step += is_crlf;
            piece = bytes_of("\n");
        } else if (piece.size == 0 || text.data[place] == '\0') {
            piece = bytes_of(REPLACEMENT);
        }
        if (piece.size > room - *size) {
            return false;
        }
        memcpy(out + *size, piece.data, piece.size);
        *size += piece.size;
    }
    return true;
}

static enum err put(struct line_editor *editor, uint32_t start, uint32_t end, struct bytes text,
        enum action action)
{
    char cleaned[TEXT_BYTES_MAX];
    uint32_t size;

    CHECK(start <= end && end <= editor->size);
    if (!clean(text, cleaned, TEXT_BYTES_MAX - (editor->size - (end - start)), &size)) {
        return ERR_TOO_LARGE;
    }
    if (size > 0 || start < end) {
        splice(editor, start, end, (struct bytes){ cleaned, size }, action);
    }
    return ERR_OK;
}

enum err line_editor_insert(struct line_editor *editor, struct bytes text)
{
    // A line end begins a new step.
    bool is_typed = text.size > 0 && text.data[0] != '\n' && grapheme_utf8_at(text, 0) == text.size;

    return put(editor, editor->cursor, editor->cursor, text, is_typed ? DID_TYPE : DID_ANYTHING);
}

static bool is_between_code_points(const struct line_editor *editor, uint32_t place)
{
    return place == editor->size ||
            (place < editor->size && ((unsigned char)editor->text[place] & 0xc0) != 0x80);
}

enum err line_editor_replace(struct line_editor *editor, uint32_t start, uint32_t end,
        struct bytes text)
{
    CHECK(is_between_code_points(editor, start) && is_between_code_points(editor, end));
    return put(editor, start, end, text, DID_ANYTHING);
}

static void begin_anew(struct line_editor *editor)
{
    undo_clear(&editor->undo);
    editor->place = 0;
    editor->last = DID_ANYTHING;
}

enum err line_editor_set(struct line_editor *editor, struct bytes text)
{
    enum err err = put(editor, 0, editor->size, text, DID_ANYTHING);

    if (err == ERR_OK) {
        begin_anew(editor);
    }
    return err;
}

enum err line_editor_take(struct line_editor *editor, struct buffer *out)
{
    buffer_add(out, editor->text, editor->size);
    if (!buffer_is_whole(out)) {
        return ERR_MEMORY;
    }
    sent_lines_add(&editor->sent, line_editor_text(editor));
    editor->size = 0;
    editor->cursor = 0;
    begin_anew(editor);
    return ERR_OK;
}

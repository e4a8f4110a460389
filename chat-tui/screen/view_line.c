// SPDX-License-Identifier: MIT
// The status line, and what is typed.

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <curses.h>

#include "chat-tui/grapheme.h"
#include "chat-tui/wrap.h"
#include "shared/client/views.h"
#include "view_parts.h"
#include "when.h"

static void describe_peer(const struct conversation *open, int64_t now_ms, char *out, size_t bytes)
{
    int64_t last_seen = (int64_t)views_parse_ts(bytes_of(open->last_seen));
    const char *word = model_presence_word(open->presence);
    bool is_since = open->presence == PRESENCE_OFFLINE && last_seen > 0;

    if (open->typing_until_ms > now_ms) {
        snprintf(out, bytes, " %s is typing", open->peer.text);
    } else {
        snprintf(out, bytes, " %s%s%s%s%s", open->peer.text, word[0] != '\0' ? " " : "", word,
                is_since ? " since " : "", is_since ? when_short(last_seen).text : "");
    }
}

void view_status(const struct ui *ui, const struct area *area, int64_t now_ms)
{
    const struct model *model = &ui->model;
    struct pen pen = { area->y, area->x, area->x + area->cells };
    char words[NOTICE_BYTES + 64];

    pen_use(LOOK_BAR);
    if (model_is_offline(model)) {
        int64_t rest_ms = model->retry_at_ms - now_ms;
        snprintf(words, sizeof(words), " [offline%s%s, next try in %" PRId64 " s, C-r now]",
                model->why_offline[0] != '\0' ? ": " : "", model->why_offline,
                rest_ms > 0 ? (rest_ms + 999) / 1000 : 0);
    } else {
        bool has_notice = model->notice[0] != '\0'; // which needs the room
        snprintf(words, sizeof(words), " [%s] %s", model->transport,
                has_notice ? "" : model->user.text);
    }
    pen_words(&pen, words);
    if (model->notice[0] != '\0') {
        pen_words(&pen, "  ");
        pen_words(&pen, model->notice);
    } else if (model->open != NULL) {
        pen_words(&pen, "  |");
        describe_peer(model->open, now_ms, words, sizeof(words));
        pen_words(&pen, words);
        pen_words(&pen, model->open->place.is_at_end ? "" : "  (Alt+End: newest)");
    }
    pen_fill(&pen);
}

// What is typed in rows; one cell is left for the cursor behind a full one.
static struct wrap wrap_typed(const struct ui *ui, int cells)
{
    struct wrap wrap;

    wrap_init(&wrap, line_editor_text(ui->editor), (uint32_t)(cells > 4 ? cells - 3 : 1));
    return wrap;
}

int view_composer_rows(const struct ui *ui, int cells)
{
    struct wrap wrap = wrap_typed(ui, cells);
    struct wrap_row row;
    int rows = 0;

    while (wrap_next(&wrap, &row)) {
        rows++;
    }
    return rows;
}

static void draw_typed_row(const struct area *area, int y, struct bytes line, bool is_first,
        const char *prompt)
{
    struct pen pen = { y, area->x, area->x + area->cells };

    pen_use(LOOK_PLAIN);
    pen_words(&pen, is_first ? prompt : "  ");
    pen_draw(&pen, line);
    pen_fill(&pen);
}

// What is typed to find something; its end is shown.
static void draw_pattern(const struct area *area, const char *prompt, const struct pattern *pattern)
{
    struct pen pen = pen_at(area, 0);
    struct bytes text = pattern_bytes(pattern);
    struct grapheme grapheme;
    uint32_t from = 0;

    pen_use(LOOK_PLAIN);
    pen_words(&pen, prompt);
    int room = pen.end - pen.x - 1;
    while (room > 0 &&
            (int)grapheme_width((struct bytes){ text.data + from, text.size - from }) > room &&
            grapheme_next(text, &from, &grapheme)) {
    }
    pen_draw(&pen, (struct bytes){ text.data + from, text.size - from });
    int cursor = pen.x < pen.end ? pen.x : pen.end - 1;
    pen_fill(&pen);
    for (int row = 1; row < area->rows; row++) {
        pen = pen_at(area, row);
        pen_fill(&pen);
    }
    move(area->y, cursor < 0 ? 0 : cursor);
}

// The last rows of what is typed, and the cursor.
static void draw_typed(const struct ui *ui, const struct area *area)
{
    struct bytes text = line_editor_text(ui->editor);
    uint32_t cursor = line_editor_cursor(ui->editor);
    struct wrap wrap = wrap_typed(ui, area->cells);
    int rows = view_composer_rows(ui, area->cells);
    int above = rows > area->rows ? rows - area->rows : 0, cursor_x = area->x + 2;
    int cursor_y = area->y;
    struct wrap_row part;

    for (int row = 0; wrap_next(&wrap, &part); row++) {
        int y = area->y + row - above;
        if (y >= area->y) {
            draw_typed_row(area, y, (struct bytes){ text.data + part.start, part.size }, row == 0,
                    ui->editing_seq != 0 ? "* " : "> ");
        }
        if (cursor >= part.start) { // the last such row has it
            uint32_t behind = cursor - part.start < part.size ? cursor - part.start : part.size;
            cursor_y = y < area->y ? area->y : y;
            cursor_x = area->x + 2 +
                    (int)grapheme_width((struct bytes){ text.data + part.start, behind });
        }
    }
    int last = area->x + area->cells - 1;
    move(cursor_y, cursor_x > last ? (last < 0 ? 0 : last) : cursor_x);
}

void view_composer(const struct ui *ui, const struct area *area)
{
    char prompt[NAME_BYTES_MAX + 32];

    if (ui->mode == UI_SWITCH) {
        draw_pattern(area, "go to: ", &ui->pattern);
    } else if (ui->mode == UI_SEARCH) {
        bool is_here = ui->search.peer.size > 0;
        snprintf(prompt, sizeof(prompt), "search%s%s: ", is_here ? " with " : "",
                is_here ? ui->search.peer.text : "");
        draw_pattern(area, prompt, &ui->search.pattern);
    } else {
        draw_typed(ui, area);
    }
}

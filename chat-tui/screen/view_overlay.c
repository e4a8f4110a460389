// SPDX-License-Identifier: MIT
// What lies over the messages: help, the switcher, a search, links. What is typed in one of them
// stands in the composer's place (view_line.c).

#include <inttypes.h>
#include <stdio.h>

#include "chat-tui/wrap.h"
#include "typed.h"
#include "view_parts.h"
#include "when.h"

#define KEY_CELLS 22

// The first row that is shown, so that the chosen one is.
static uint32_t first_row(uint32_t choice, uint32_t rows)
{
    return rows > 0 && choice >= rows ? choice - rows + 1 : 0;
}

// ---- help: the keys that move, commands, the keys that edit

enum { HELP_KEYS = ACTION_LEFT - 1, HELP_EDITING = ACTION_COUNT - ACTION_LEFT };

static uint32_t command_count(void)
{
    uint32_t count = 0;

    while (typed_command(count) != NULL) {
        count++;
    }
    return count;
}

static void describe_key(const struct ui *ui, enum action action, char *out, size_t bytes)
{
    char keys[KEYS_SHOWN_BYTES];

    keys_of(&ui->keys, action, keys);
    const struct action_info *info = action_info(action);
    if (action == ACTION_NTH && keys[0] != '\0') {
        keys[KEY_CELLS - 3] = '\0'; // nine of them
    }
    snprintf(out, bytes, " %-*s %s", KEY_CELLS, keys[0] != '\0' ? keys : "(no key)", info->does);
}

static void describe_command(size_t place, char *out, size_t bytes)
{
    const struct command_info *command = typed_command(place);
    char words[64];

    snprintf(words, sizeof(words), "/%s %s", command->name, command->rest);
    snprintf(out, bytes, " %-*s %s", KEY_CELLS, words, command->does);
}

static enum look help_line(const struct ui *ui, uint32_t row, char *out, size_t bytes)
{
    uint32_t commands = command_count();

    out[0] = '\0';
    if (row < HELP_KEYS) {
        describe_key(ui, (enum action)(row + 1), out, bytes);
        return LOOK_PLAIN;
    }
    row -= HELP_KEYS;
    if (row == 1 || row == commands + 3) {
        snprintf(out, bytes, row == 1 ? " Typed, and completed with Tab:" : " While typing:");
        return LOOK_NEW;
    }
    if (row > 1 && row < commands + 2) {
        describe_command(row - 2, out, bytes);
    } else if (row > commands + 3) {
        describe_key(ui, (enum action)(ACTION_LEFT + row - commands - 4), out, bytes);
    }
    return LOOK_PLAIN;
}

static uint32_t help_count(void)
{
    return HELP_KEYS + 2 + command_count() + 2 + HELP_EDITING;
}

static void draw_help(struct ui *ui, const struct area *area)
{
    uint32_t count = help_count(), rows = area->rows > 1 ? (uint32_t)area->rows - 1 : 0;

    ui->help_row = ui->help_row + rows > count ? (count > rows ? count - rows : 0) : ui->help_row;
    pen_ruled(area, area->y, "C- is Ctrl, M- is Alt; PageDown: more; Escape: back", LOOK_NEW);
    for (uint32_t i = 0; i < rows; i++) {
        struct pen pen = pen_at(area, 1 + (int)i);
        char line[240] = "";
        pen_use(ui->help_row + i < count ? help_line(ui, ui->help_row + i, line, sizeof(line))
                                         : LOOK_PLAIN);
        pen_words(&pen, line);
        pen_use(LOOK_PLAIN);
        pen_fill(&pen);
    }
}

// ---- a warning

static uint32_t wrapped_rows(struct bytes text, uint32_t cells)
{
    struct wrap wrap;
    struct wrap_row row;
    uint32_t count = 0;

    wrap_init(&wrap, text, cells);
    while (wrap_next(&wrap, &row)) {
        count++;
    }
    return count;
}

static void draw_warning(struct ui *ui, const struct area *area)
{
    struct bytes text = { ui->warning.data, (uint32_t)ui->warning.bytes };
    uint32_t cells = area->cells > 2 ? (uint32_t)area->cells - 1 : 1;
    uint32_t count = wrapped_rows(text, cells),
             rows = area->rows > 1 ? (uint32_t)area->rows - 1 : 0;
    struct wrap wrap;
    struct wrap_row part;

    ui->help_row = ui->help_row + rows > count ? (count > rows ? count - rows : 0) : ui->help_row;
    pen_ruled(area, area->y, "read this first; Down: more; Escape: back, offline", LOOK_BAD);
    pen_use(LOOK_PLAIN);
    wrap_init(&wrap, text, cells);
    for (uint32_t i = 0; i < ui->help_row + rows; i++) {
        bool is_there = wrap_next(&wrap, &part);
        if (i >= ui->help_row) {
            struct pen pen = pen_at(area, 1 + (int)(i - ui->help_row));
            pen_words(&pen, " ");
            pen_draw(&pen,
                    is_there ? (struct bytes){ text.data + part.start, part.size } : bytes_of(""));
            pen_fill(&pen);
        }
    }
}

// ---- the switcher

static void draw_switcher(const struct ui *ui, const struct area *area)
{
    struct conversation *matches[SWITCH_MATCHES_MAX];
    uint32_t count = ui_matches(ui, matches), rows = area->rows > 1 ? (uint32_t)area->rows - 1 : 0;
    uint32_t first = first_row(ui->switch_choice, rows);

    pen_ruled(area, area->y, "some letters of a name, Enter goes there", LOOK_NEW);
    for (uint32_t i = 0; i < rows; i++) {
        struct pen pen = pen_at(area, 1 + (int)i);
        bool is_there = first + i < count;
        pen_use(is_there && first + i == ui->switch_choice ? LOOK_CHOSEN : LOOK_PLAIN);
        pen_words(&pen, is_there ? " " : "");
        pen_words(&pen, is_there ? matches[first + i]->peer.text : "");
        pen_fill(&pen);
    }
}

// ---- a search

static void draw_found(const struct search *search, const struct found *found, struct pen *pen)
{
    pen_words(pen, " ");
    pen_words(pen, when_minute(found->ts).text);
    pen_words(pen, " ");
    if (search->peer.size == 0) {
        pen_words(pen, found->peer.text);
        pen_words(pen, " ");
    }
    pen_words(pen, found->is_own ? "you: " : "");
    pen_draw(pen, (struct bytes){ found->text, found->bytes });
}

static void describe_search(const struct search *search, char *out, size_t bytes)
{
    const char *state = search->is_looking || search->is_asking || search->due_ms != INT64_MAX
            ? ", searching ..."
            : search->is_cut_off      ? ", offline: only what is kept here was searched"
            : search->next[0] != '\0' ? ", more with Down at the end"
                                      : "";

    if (search->pattern.bytes == 0) {
        snprintf(out, bytes, "words to find; Enter goes to the message, Escape leaves");
    } else {
        snprintf(out, bytes, "%" PRIu32 " found%s", search->count, state);
    }
}

static void draw_search(struct ui *ui, const struct area *area)
{
    struct search *search = &ui->search;
    uint32_t rows = area->rows > 1 ? (uint32_t)area->rows - 1 : 0;
    uint32_t first = first_row(search->choice, rows);
    char words[160];

    describe_search(search, words, sizeof(words));
    pen_ruled(area, area->y, words, LOOK_NEW);
    for (uint32_t i = 0; i < rows; i++) {
        struct pen pen = pen_at(area, 1 + (int)i);
        bool is_there = first + i < search->count;
        pen_use(is_there && first + i == search->choice ? LOOK_CHOSEN : LOOK_PLAIN);
        if (is_there) {
            draw_found(search, &search->found[first + i], &pen);
        }
        pen_fill(&pen);
    }
    search->wants_more |= search->count < rows;
}

// ---- links

static void draw_links(const struct ui *ui, const struct area *area)
{
    const struct link_list *list = &ui->links;
    uint32_t rows = area->rows > 1 ? (uint32_t)area->rows - 1 : 0;
    uint32_t first = first_row(list->choice, rows);

    pen_ruled(area, area->y, "a number or Enter opens, y copies, Escape leaves", LOOK_NEW);
    for (uint32_t i = 0; i < rows; i++) {
        struct pen pen = pen_at(area, 1 + (int)i);
        char number[16];
        pen_use(first + i < list->count && first + i == list->choice ? LOOK_CHOSEN : LOOK_PLAIN);
        if (first + i < list->count) {
            snprintf(number, sizeof(number), " %2" PRIu32 " ", first + i + 1);
            pen_words(&pen, number);
            pen_words(&pen, list->links[first + i]);
        }
        pen_fill(&pen);
    }
}

bool view_overlay(struct ui *ui, const struct area *area)
{
    switch (ui->mode) {
    case UI_HELP:
        draw_help(ui, area);
        return true;
    case UI_SWITCH:
        draw_switcher(ui, area);
        return true;
    case UI_SEARCH:
        draw_search(ui, area);
        return true;
    case UI_LINKS:
        draw_links(ui, area);
        return true;
    case UI_WARNING:
        draw_warning(ui, area);
        return true;
    case UI_CHAT:
    case UI_SELECT:
        break;
    }
    return false;
}

// SPDX-License-Identifier: MIT
// The messages of the open conversation.

#include "chat-tui/links.h"
#include "hyperlinks.h"
#include "rows.h"
#include "view_parts.h"
#include "when.h"

#define NAME_CELLS_MAX 12
#define ROWS_AT_ONCE 4096 // of one message: 16 KiB in a narrow window

static const char *tick_of(const struct ui *ui, enum tick tick)
{
    static const char *const ticks[][2] = {
        [TICK_NONE] = { "  ", "  " },
        [TICK_QUEUED] = { "· ", ". " },
        [TICK_STORED] = { "✓ ", "v " },
        [TICK_DELIVERED] = { "✓✓", "vv" },
        [TICK_READ] = { "✓✓", "VV" },
        [TICK_FAILED] = { "! ", "! " },
    };

    return ticks[tick][ui->settings->ticks];
}

static void draw_gutter(const struct ui *ui, struct pen *pen, const struct row *row, int name_cells)
{
    const struct conversation *open = ui->model.open;
    enum tick tick = model_tick(open, row->message);
    pen_use(LOOK_DIM);
    pen_words(pen, row->is_first ? when_clock(row->message->ts).text : "     ");
    pen_words(pen, " ");
    pen_use(tick == TICK_FAILED ? LOOK_BAD : tick == TICK_READ ? LOOK_OWN : LOOK_DIM);
    pen_words(pen, row->is_first ? tick_of(ui, tick) : "  ");
    pen_words(pen, row->is_first && row->message->is_edited ? "*" : " ");
    pen_use(row->message->is_own ? LOOK_OWN : LOOK_PEER);
    struct pen name = { pen->y, pen->x, pen->x + name_cells };
    if (row->is_first) {
        pen_words(&name, row->message->is_own ? "you" : open->peer.text);
    }
    pen_use(LOOK_PLAIN);
    pen_fill(&name);
    pen->x = name.x;
    pen_words(pen, " ");
}

static int name_cells_of(const struct conversation *conversation)
{
    int cells = conversation->peer.size;

    return cells < 3 ? 3 : cells > NAME_CELLS_MAX ? NAME_CELLS_MAX : cells;
}

// Links are underlined, and a terminal that knows how may open them.
static void draw_text(const struct row *row, struct pen *pen, enum look look)
{
    const struct message *message = row->message;
    const struct bytes whole = { message->text, message->bytes };
    uint32_t start = (uint32_t)(row->text.data - message->text), end = start + row->text.size;
    uint32_t position = 0, drawn = start;
    struct bytes link;

    pen_use(look);
    while (drawn < end && links_next(whole, &position, &link)) {
        uint32_t from = (uint32_t)(link.data - message->text), to = from + link.size;
        from = from < drawn ? drawn : from;
        to = to > end ? end : to;
        if (from >= to) {
            continue;
        }
        pen_draw(pen, (struct bytes){ message->text + drawn, from - drawn });
        const struct bytes part = { message->text + from, to - from };
        hyperlinks_add(pen->y, pen->x, pen->end, part, link);
        pen_use(look == LOOK_PLAIN ? LOOK_LINK : look);
        pen_draw(pen, part);
        pen_use(look);
        drawn = to;
    }
    pen_draw(pen, (struct bytes){ message->text + drawn, end - drawn });
}

static void draw_row(const struct ui *ui, const struct area *area, int y, const struct row *row)
{
    struct pen pen = { y, area->x, area->x + area->cells };

    switch (row->kind) {
    case ROW_BEGIN:
        pen_ruled(area, y, "start of the conversation", LOOK_DIM);
        return;
    case ROW_OLDER:
        pen_ruled(area, y,
                model_is_offline(&ui->model) ? "offline: older messages are not kept here"
                                             : "loading ...",
                LOOK_DIM);
        return;
    case ROW_DATE:
        pen_ruled(area, y, when_day(row->message->ts).text, LOOK_DIM);
        return;
    case ROW_MARKER:
        pen_ruled(area, y, "new", LOOK_NEW);
        return;
    case ROW_TEXT:
        break;
    }
    draw_gutter(ui, &pen, row, name_cells_of(ui->model.open));
    bool is_selected = ui->mode == UI_SELECT && row->message->seq != 0 &&
            row->message->seq == ui->model.open->selected_seq;
    if (row->message->is_deleted) { // its text is not the message's
        pen_use(is_selected ? LOOK_BAR : LOOK_DIM);
        pen_draw(&pen, row->text);
    } else {
        draw_text(row, &pen, is_selected ? LOOK_BAR : LOOK_PLAIN);
    }
    pen_use(LOOK_PLAIN);
    pen_fill(&pen);
}

static uint32_t text_cells(const struct ui *ui, const struct area *area)
{
    int cells = area->cells - ROWS_TIME_CELLS - ROWS_TICK_CELLS - name_cells_of(ui->model.open) - 1;

    return cells > 1 ? (uint32_t)cells : 1;
}

// After the drawing: one that is above what was shown becomes the last row but a few.
static void show_selected(struct ui *ui)
{
    struct conversation *open = ui->model.open;
    bool is_above = open->selected_seq != 0 && open->selected_seq < ui->top.seq;
    bool is_below = !open->place.is_at_end && open->selected_seq > open->place.seq;

    if (ui->wants_selected && (is_above || is_below)) {
        open->place = (struct place){ false, open->selected_seq, 0 };
        ui->wants_again = true;
    }
    ui->wants_selected = false;
}

// From the last row upwards; what is above the first message stays empty.
void view_timeline(struct ui *ui, const struct area *area)
{
    static struct row rows[ROWS_AT_ONCE];
    struct conversation *open = ui->model.open;
    uint32_t cells = text_cells(ui, area), place = rows_message_count(open);
    int y = area->y + area->rows - 1;
    uint32_t last_row = UINT32_MAX;

    ui->text_cells = cells;
    if (!open->place.is_at_end && place > 0) {
        place = rows_place_of(open, open->place.seq) + 1;
        last_row = open->place.row;
    }
    ui->wants_newer |= open->timeline.is_apart && place == rows_message_count(open);
    while (place > 0 && y >= area->y) {
        uint32_t count = rows_of(open, --place, cells, rows, ROWS_AT_ONCE);
        count = count < ROWS_AT_ONCE ? count : ROWS_AT_ONCE;
        for (uint32_t i = count; i > 0 && y >= area->y; i--) {
            if (i - 1 > last_row) {
                continue;
            }
            draw_row(ui, area, y--, &rows[i - 1]);
            ui->top = (struct place){ false, rows[i - 1].message->seq, i - 1 };
        }
        last_row = UINT32_MAX;
    }
    show_selected(ui);
    ui->wants_older |= place == 0 && open->timeline.first_seq > 1;
    pen_use(LOOK_DIM);
    for (int first = y; y >= area->y; y--) {
        struct pen pen = { y, area->x, area->x + area->cells };
        if (y == first && open->timeline.is_loading && open->timeline.count == 0) {
            pen_words(&pen, "loading ...");
        }
        pen_use(LOOK_PLAIN);
        pen_fill(&pen);
    }
}

void view_welcome(const struct area *area)
{
    static const char *const lines[] = { "", "  No conversation is open.", "",
        "  /msg NAME      writes to somebody", "  Ctrl+k         finds a conversation",
        "  F1             shows all keys and commands", "  Ctrl+q         leaves" };

    for (int row = 0; row < area->rows; row++) {
        struct pen pen = pen_at(area, row);
        pen_use(LOOK_PLAIN);
        if ((size_t)row < sizeof(lines) / sizeof(lines[0])) {
            pen_words(&pen, lines[row]);
        }
        pen_fill(&pen);
    }
}

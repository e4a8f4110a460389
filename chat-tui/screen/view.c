// SPDX-License-Identifier: MIT
#include "view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <curses.h>

#include "chat-tui/grapheme.h"
#include "chat-tui/wrap.h"
#include "keys.h"
#include "rows.h"

#define LIST_CELLS 24
#define ONE_PANE_CELLS 60 // narrower: one pane
#define NAME_CELLS_MAX 12
#define ROWS_AT_ONCE 4096 // of one message: 16 KiB in a narrow window

struct area {
    int y, x, rows, cells;
};

// How each kind of text looks: attributes, and colours where there are some.
enum look {
    LOOK_PLAIN,
    LOOK_DIM,
    LOOK_OWN,
    LOOK_PEER,
    LOOK_NEW,
    LOOK_BAD,
    LOOK_ONLINE,
    LOOK_BAR,
    LOOK_CHOSEN,
    LOOK_COUNT,
};

static const struct {
    attr_t attributes;
    short colour; // of the 16 that follow the terminal's theme; -1: its own
} looks[LOOK_COUNT] = {
    [LOOK_PLAIN] = { A_NORMAL, -1 },
    [LOOK_DIM] = { A_DIM, -1 },
    [LOOK_OWN] = { A_BOLD, COLOR_CYAN },
    [LOOK_PEER] = { A_BOLD, COLOR_GREEN },
    [LOOK_NEW] = { A_BOLD, COLOR_YELLOW },
    [LOOK_BAD] = { A_BOLD, COLOR_RED },
    [LOOK_ONLINE] = { A_NORMAL, COLOR_GREEN },
    [LOOK_BAR] = { A_REVERSE, -1 },
    [LOOK_CHOSEN] = { A_BOLD | A_REVERSE, -1 },
};

static void use(enum look look)
{
    static bool has_pairs;

    if (has_colors() && !has_pairs) {
        for (int i = 1; i < LOOK_COUNT; i++) {
            init_pair((short)i, looks[i].colour, -1);
        }
        has_pairs = true;
    }
    (void)attr_set(looks[look].attributes, 0, NULL);
    if (has_pairs && looks[look].colour >= 0) {
        color_set((short)look, NULL);
    }
}

// Where the drawing goes on; nothing is drawn past the end.
struct pen {
    int y, x, end;
};

// Other people's text: only its safe form.
static void draw(struct pen *pen, struct bytes text)
{
    struct grapheme grapheme;
    uint32_t position = 0;

    while (grapheme_next(text, &position, &grapheme)) {
        if (pen->x + grapheme.cells > pen->end) {
            return;
        }
        if (grapheme.cells > 0) {
            mvaddnstr(pen->y, pen->x, grapheme.drawn, (int)grapheme.drawn_size);
        }
        pen->x += grapheme.cells;
    }
}

static void fill(struct pen *pen)
{
    for (; pen->x < pen->end; pen->x++) {
        mvaddch(pen->y, pen->x, ' ');
    }
}

static void draw_words(struct pen *pen, const char *words)
{
    draw(pen, bytes_of(words));
}

// ---- the list

static const char *presence_mark(const struct conversation *conversation)
{
    switch (conversation->presence) {
    case PRESENCE_ONLINE:
        return "+";
    case PRESENCE_AWAY:
        return "~";
    case PRESENCE_OFFLINE:
    case PRESENCE_UNKNOWN:
        break;
    }
    return " ";
}

static void draw_entry(const struct ui *ui, const struct conversation *conversation,
        const struct area *area, int row)
{
    struct pen pen = { area->y + row, area->x, area->x + area->cells };
    bool is_open = conversation == ui->model.open;
    char count[24] = "";

    if (conversation->unread > 0) {
        snprintf(count, sizeof(count), " %" PRIu64 "%s", conversation->unread,
                conversation->unread >= 999 ? "+" : "");
    }
    use(is_open                                                 ? LOOK_CHOSEN
                    : conversation->presence == PRESENCE_ONLINE ? LOOK_ONLINE
                                                                : LOOK_PLAIN);
    draw_words(&pen, presence_mark(conversation));
    int end = pen.end;
    pen.end -= (int)strlen(count);
    draw_words(&pen, conversation->peer.text);
    if (!is_open) {
        use(LOOK_DIM);
    }
    draw_words(&pen, " ");
    draw_words(&pen, conversation->is_snippet_own && conversation->snippet[0] != '\0' ? "> " : "");
    draw_words(&pen, conversation->snippet);
    fill(&pen);
    pen.end = end;
    use(is_open ? LOOK_CHOSEN : LOOK_NEW);
    draw_words(&pen, count);
    fill(&pen);
}

static void draw_list(const struct ui *ui, const struct area *area)
{
    int row = 0;

    LIST_EACH(node, &ui->model.conversations) {
        if (row == area->rows) {
            break;
        }
        draw_entry(ui, LIST_OF(node, struct conversation, of_model), area, row++);
    }
    use(LOOK_PLAIN);
    for (; row < area->rows; row++) {
        struct pen pen = { area->y + row, area->x, area->x + area->cells };
        fill(&pen);
    }
}

// ---- the timeline

static const char *tick_of(enum tick tick)
{
    static const char *const ticks[] = {
        [TICK_NONE] = "  ",
        [TICK_QUEUED] = "· ",
        [TICK_STORED] = "✓ ",
        [TICK_DELIVERED] = "✓✓",
        [TICK_READ] = "✓✓",
        [TICK_FAILED] = "! ",
    };

    return ticks[tick];
}

static void draw_line_with_words(const struct area *area, int y, const char *words, enum look look)
{
    struct pen pen = { y, area->x, area->x + area->cells };

    use(look);
    draw_words(&pen, "-- ");
    draw_words(&pen, words);
    draw_words(&pen, " --");
    use(LOOK_PLAIN);
    fill(&pen);
}

static void draw_date(const struct area *area, int y, int64_t ts)
{
    time_t seconds = (time_t)(ts / 1000);
    char words[64];
    struct tm tm;

    localtime_r(&seconds, &tm);
    strftime(words, sizeof(words), "%A, %e %B %Y", &tm);
    draw_line_with_words(area, y, words, LOOK_DIM);
}

static void draw_gutter(const struct ui *ui, struct pen *pen, const struct row *row, int name_cells)
{
    const struct conversation *open = ui->model.open;
    time_t seconds = (time_t)(row->message->ts / 1000);
    char words[16] = "      ";
    struct tm tm;

    enum tick tick = model_tick(open, row->message);
    if (row->is_first) {
        localtime_r(&seconds, &tm);
        strftime(words, sizeof(words), "%H:%M ", &tm);
    }
    use(LOOK_DIM);
    draw_words(pen, words);
    use(tick == TICK_FAILED ? LOOK_BAD : tick == TICK_READ ? LOOK_OWN : LOOK_DIM);
    draw_words(pen, row->is_first ? tick_of(tick) : "  ");
    draw_words(pen, row->is_first && row->message->is_edited ? "*" : " ");
    use(row->message->is_own ? LOOK_OWN : LOOK_PEER);
    struct pen name = { pen->y, pen->x, pen->x + name_cells };
    if (row->is_first) {
        draw_words(&name, row->message->is_own ? "you" : open->peer.text);
    }
    use(LOOK_PLAIN);
    fill(&name);
    pen->x = name.x;
    draw_words(pen, " ");
}

static int name_cells_of(const struct conversation *conversation)
{
    int cells = conversation->peer.size;

    return cells < 3 ? 3 : cells > NAME_CELLS_MAX ? NAME_CELLS_MAX : cells;
}

static void draw_row(const struct ui *ui, const struct area *area, int y, const struct row *row)
{
    struct pen pen = { y, area->x, area->x + area->cells };

    switch (row->kind) {
    case ROW_BEGIN:
        draw_line_with_words(area, y, "start of the conversation", LOOK_DIM);
        return;
    case ROW_DATE:
        draw_date(area, y, row->message->ts);
        return;
    case ROW_MARKER:
        draw_line_with_words(area, y, "new", LOOK_NEW);
        return;
    case ROW_TEXT:
        break;
    }
    draw_gutter(ui, &pen, row, name_cells_of(ui->model.open));
    bool is_selected = ui->mode == UI_SELECT && row->message->seq != 0 &&
            row->message->seq == ui->model.open->selected_seq;
    use(is_selected ? LOOK_BAR : row->message->is_deleted ? LOOK_DIM : LOOK_PLAIN);
    draw(&pen, row->text);
    use(LOOK_PLAIN);
    fill(&pen);
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
static void draw_messages(struct ui *ui, const struct area *area)
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
    use(LOOK_DIM);
    for (int first = y; y >= area->y; y--) {
        struct pen pen = { y, area->x, area->x + area->cells };
        if (y == first && open->timeline.is_loading) {
            draw_words(&pen, "loading ...");
        }
        use(LOOK_PLAIN);
        fill(&pen);
    }
}

static void draw_welcome(const struct ui *ui, const struct area *area)
{
    static const char *const lines[] = { "", "  No conversation is open.", "",
        "  /msg NAME      writes to somebody", "  C-k            finds a conversation",
        "  F1             shows all keys", "  C-q            leaves" };

    (void)ui;
    for (int row = 0; row < area->rows; row++) {
        struct pen pen = { area->y + row, area->x, area->x + area->cells };
        use(LOOK_PLAIN);
        if ((size_t)row < sizeof(lines) / sizeof(lines[0])) {
            draw_words(&pen, lines[row]);
        }
        fill(&pen);
    }
}

// ---- the status line and what is typed

static void describe_peer(const struct conversation *open, int64_t now_ms, char *out, size_t bytes)
{
    static const char *const words[] = {
        [PRESENCE_UNKNOWN] = "",
        [PRESENCE_OFFLINE] = "offline",
        [PRESENCE_AWAY] = "away",
        [PRESENCE_ONLINE] = "online",
    };

    if (open->typing_until_ms > now_ms) {
        snprintf(out, bytes, " %s is typing", open->peer.text);
    } else {
        snprintf(out, bytes, " %s%s%s%s%.16s", open->peer.text,
                words[open->presence][0] != '\0' ? " " : "", words[open->presence],
                open->last_seen[0] != '\0' && open->presence == PRESENCE_OFFLINE ? " since " : "",
                open->presence == PRESENCE_OFFLINE ? open->last_seen : "");
    }
}

static void draw_status(const struct ui *ui, const struct area *area, int64_t now_ms)
{
    const struct model *model = &ui->model;
    struct pen pen = { area->y, area->x, area->x + area->cells };
    char words[NOTICE_BYTES + 64];

    use(LOOK_BAR);
    if (strcmp(model->transport, "offline") == 0) {
        int64_t rest_ms = model->retry_at_ms - now_ms;
        snprintf(words, sizeof(words), " [offline%s%s, next try in %" PRId64 " s, C-r now]",
                model->why_offline[0] != '\0' ? ": " : "", model->why_offline,
                rest_ms > 0 ? (rest_ms + 999) / 1000 : 0);
    } else {
        snprintf(words, sizeof(words), " [%s] %s", model->transport, model->user.text);
    }
    draw_words(&pen, words);
    if (model->notice[0] != '\0') {
        draw_words(&pen, "  ");
        draw_words(&pen, model->notice);
    } else if (model->open != NULL) {
        draw_words(&pen, "  |");
        describe_peer(model->open, now_ms, words, sizeof(words));
        draw_words(&pen, words);
        draw_words(&pen, model->open->place.is_at_end ? "" : "  (M-End: newest)");
    }
    fill(&pen);
}

// What is typed in rows; one cell is left for the cursor behind a full one.
static struct wrap wrap_typed(const struct ui *ui, int cells)
{
    struct wrap wrap;

    wrap_init(&wrap, line_editor_text(ui->editor), (uint32_t)(cells > 4 ? cells - 3 : 1));
    return wrap;
}

static int composer_rows(const struct ui *ui, int cells)
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

    use(LOOK_PLAIN);
    draw_words(&pen, is_first ? prompt : "  ");
    draw(&pen, line);
    fill(&pen);
}

// The last rows of what is typed, and the cursor.
static void draw_composer(const struct ui *ui, const struct area *area)
{
    struct bytes text = line_editor_text(ui->editor);
    uint32_t cursor = line_editor_cursor(ui->editor);
    struct wrap wrap = wrap_typed(ui, area->cells);
    int rows = composer_rows(ui, area->cells);
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

// ---- on top

static void draw_help(struct ui *ui, const struct area *area)
{
    uint32_t count = ACTION_COUNT - 1, rows = area->rows > 1 ? (uint32_t)area->rows - 1 : 0;

    ui->help_row = ui->help_row + rows > count ? (count > rows ? count - rows : 0) : ui->help_row;
    draw_line_with_words(area, area->y, "keys (Escape leaves; man chat-tui tells more)", LOOK_NEW);
    for (uint32_t i = 0; i < rows; i++) {
        struct pen pen = { area->y + 1 + (int)i, area->x, area->x + area->cells };
        if (ui->help_row + i < count) {
            const struct action_info *info = action_info((enum action)(ui->help_row + i + 1));
            char line[160];
            snprintf(line, sizeof(line), " %-16s %s", info->keys, info->does);
            use(LOOK_PLAIN);
            draw_words(&pen, line);
        }
        fill(&pen);
    }
}

static void draw_switcher(const struct ui *ui, const struct area *area)
{
    struct conversation *matches[SWITCH_MATCHES_MAX];
    uint32_t count = ui_matches(ui, matches);
    char words[SWITCH_BYTES + 16];

    snprintf(words, sizeof(words), "go to: %s", ui->pattern);
    draw_line_with_words(area, area->y, words, LOOK_NEW);
    for (int row = 1; row < area->rows; row++) {
        struct pen pen = { area->y + row, area->x, area->x + area->cells };
        bool is_there = (uint32_t)row - 1 < count;
        use(is_there && (uint32_t)row - 1 == ui->switch_choice ? LOOK_CHOSEN : LOOK_PLAIN);
        if (is_there) {
            draw_words(&pen, " ");
            draw_words(&pen, matches[row - 1]->peer.text);
        }
        fill(&pen);
    }
}

static void draw_main(struct ui *ui, const struct area *area)
{
    ui->timeline_rows = area->rows > 0 ? (uint32_t)area->rows : 0;
    if (ui->mode == UI_HELP) {
        draw_help(ui, area);
    } else if (ui->mode == UI_SWITCH) {
        draw_switcher(ui, area);
    } else if (ui->model.open != NULL) {
        draw_messages(ui, area);
    } else {
        draw_welcome(ui, area);
    }
}

void view_draw(struct ui *ui, int64_t now_ms)
{
    int rows = LINES, cells = COLS;
    bool has_list = cells >= ONE_PANE_CELLS;
    int left = has_list ? LIST_CELLS : 0;

    if (ui->wants_redraw) {
        clearok(stdscr, TRUE);
        ui->wants_redraw = false;
    }
    int typed_rows = composer_rows(ui, cells - left);
    typed_rows = typed_rows > rows / 3 ? rows / 3 : typed_rows;
    typed_rows = typed_rows < 1 ? 1 : typed_rows;
    struct area main = { 0, left, rows - typed_rows - 1, cells - left };
    struct area status = { rows - typed_rows - 1, left, 1, cells - left };
    struct area typed = { rows - typed_rows, left, typed_rows, cells - left };
    if (has_list) {
        struct area list = { 0, 0, rows, LIST_CELLS - 1 };
        draw_list(ui, &list);
        use(LOOK_DIM);
        mvvline(0, LIST_CELLS - 1, ACS_VLINE, rows);
    }
    if (main.rows > 0) {
        draw_main(ui, &main);
    }
    if (status.y >= 0 && rows > 1) {
        draw_status(ui, &status, now_ms);
    }
    draw_composer(ui, &typed);
    if (ui->wants_again) {
        ui->wants_again = false;
        view_draw(ui, now_ms);
        return;
    }
    refresh();
}

void view_resize(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        resizeterm(size.ws_row, size.ws_col);
        clearok(stdscr, TRUE);
    }
}

// SPDX-License-Identifier: MIT
#include "view.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <curses.h>

#include "hyperlinks.h"
#include "view_parts.h"

#define LIST_CELLS 24
#define ONE_PANE_CELLS 60 // narrower: one pane

static bool has_hyperlinks;

void view_start(const struct settings *settings)
{
    struct settings chosen = *settings;
    struct theme_styles styles;

    if (COLORS < 256 && (chosen.theme == THEME_DARK || chosen.theme == THEME_LIGHT)) {
        chosen.theme = THEME_TERMINAL;
    }
    settings_styles(&chosen, &styles);
    pen_prepare(&styles);
    has_hyperlinks = settings->hyperlinks == HYPERLINKS_YES ||
            (settings->hyperlinks == HYPERLINKS_AUTO && hyperlinks_are_known_here());
}

static void draw_main(struct ui *ui, const struct area *area)
{
    ui->timeline_rows = area->rows > 0 ? (uint32_t)area->rows : 0;
    if (view_overlay(ui, area)) {
        return;
    }
    if (ui->model.open != NULL) {
        view_timeline(ui, area);
    } else {
        view_welcome(area);
    }
}

void view_draw(struct ui *ui, int64_t now_ms)
{
    int rows = LINES, cells = COLS;
    bool has_list = cells >= ONE_PANE_CELLS && ui->mode != UI_HELP; // which needs the room
    int left = has_list ? LIST_CELLS : 0;

    if (ui->wants_redraw) {
        clearok(stdscr, TRUE);
        ui->wants_redraw = false;
    }
    hyperlinks_begin(has_hyperlinks);
    int typed_rows = view_composer_rows(ui, cells - left);
    typed_rows = typed_rows > rows / 3 ? rows / 3 : typed_rows;
    typed_rows = typed_rows < 1 ? 1 : typed_rows;
    struct area main = { 0, left, rows - typed_rows - 1, cells - left };
    struct area status = { rows - typed_rows - 1, left, 1, cells - left };
    struct area typed = { rows - typed_rows, left, typed_rows, cells - left };
    if (has_list) {
        struct area list = { 0, 0, rows, LIST_CELLS - 1 };
        view_list(ui, &list);
        pen_use(LOOK_DIM);
        mvvline(0, LIST_CELLS - 1, ui->settings->ticks == TICKS_ASCII ? '|' : ACS_VLINE, rows);
    }
    if (main.rows > 0) {
        draw_main(ui, &main);
    }
    if (status.y >= 0 && rows > 1) {
        view_status(ui, &status, now_ms);
    }
    view_composer(ui, &typed);
    if (ui->wants_again) {
        ui->wants_again = false;
        view_draw(ui, now_ms);
        return;
    }
    refresh();
    hyperlinks_write();
}

bool view_is_list(int x)
{
    return COLS >= ONE_PANE_CELLS && x < LIST_CELLS - 1;
}

void view_resize(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        resizeterm(size.ws_row, size.ws_col);
        clearok(stdscr, TRUE);
    }
}

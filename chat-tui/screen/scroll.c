// SPDX-License-Identifier: MIT
#include "scroll.h"

#include "rows.h"

#define ROWS_AT_ONCE 4096 // of one message: 16 KiB in a narrow window

static uint32_t height_of(const struct ui *ui, uint32_t place)
{
    static struct row rows[ROWS_AT_ONCE];
    uint32_t cells = ui->text_cells > 0 ? ui->text_cells : 1; // 0: nothing was drawn yet
    uint32_t count = rows_of(ui->model.open, place, cells, rows, ROWS_AT_ONCE);

    return count < ROWS_AT_ONCE ? count : ROWS_AT_ONCE;
}

// How many rows are missing above, when the last row shown is this one.
static int64_t empty_rows_above(const struct ui *ui, uint32_t place, int64_t row)
{
    int64_t rows = row + 1;

    while (place > 0 && rows < ui->timeline_rows) {
        rows += height_of(ui, --place);
    }
    return rows < ui->timeline_rows ? ui->timeline_rows - rows : 0;
}

// Rows up (or down, negative) from what the last row shows.
void scroll_by(struct ui *ui, int rows)
{
    struct conversation *open = ui->model.open;
    uint32_t count = open == NULL ? 0 : rows_message_count(open), height;

    if (count == 0) {
        return;
    }
    uint32_t place = open->place.is_at_end ? count - 1 : rows_place_of(open, open->place.seq);
    int64_t row = (int64_t)height_of(ui, place) - 1;
    if (!open->place.is_at_end && open->place.row < row) { // it may have fewer rows than before
        row = open->place.row;
    }
    row -= rows;
    while (row < 0 && place > 0) {
        row += height_of(ui, --place);
    }
    uint32_t stored = open->timeline.count;
    if (rows > 0 && stored > 0 && place >= stored) { // what is on its way is no place to stay
        place = stored - 1;
        row = (int64_t)height_of(ui, place) - 1;
    }
    row = row < 0 ? 0 : row;
    row += empty_rows_above(ui, place, row);
    while (row >= (height = height_of(ui, place)) && place + 1 < count) {
        row -= height;
        place++;
    }
    row = row < height ? row : (int64_t)height - 1;
    bool is_at_end = place + 1 == count && row + 1 >= height && !open->timeline.is_apart;
    uint64_t seq = rows_message(open, place)->seq;
    if (is_at_end || seq == 0) { // what is not stored yet is at the end
        open->place = (struct place){ .is_at_end = true };
    } else {
        open->place = (struct place){ false, seq, (uint32_t)row };
    }
}

bool scroll_to_first_unread(struct ui *ui)
{
    struct conversation *open = ui->model.open;

    if (open == NULL || !open->has_marker || open->timeline.count == 0) {
        return false;
    }
    uint32_t place = rows_place_of(open, open->marker_seq);
    open->place = (struct place){ false, open->timeline.messages[place].seq, 0 };
    scroll_by(ui, -(int)(ui->timeline_rows > 2 ? ui->timeline_rows - 2 : 0));
    return true;
}

void scroll_to_start(struct ui *ui)
{
    struct conversation *open = ui->model.open;

    if (open != NULL && open->timeline.count > 0) {
        open->place = (struct place){ false, open->timeline.messages[0].seq, 0 };
        scroll_by(ui, -(int)(ui->timeline_rows > 1 ? ui->timeline_rows - 1 : 0));
    }
}

// SPDX-License-Identifier: MIT
#include "wrap.h"

#include "grapheme.h"

// Where a row can break: before the last space in it, and where the next row begins then.
struct space {
    bool is_there;
    uint32_t before;
    uint32_t behind;
};

// The cluster does not fit any more.
static void break_row(struct wrap_row *row, uint32_t *position, const struct grapheme *grapheme,
        const struct space *space)
{
    if (grapheme->is_space) {
        row->end = grapheme->start;
        *position = grapheme->start + grapheme->size;
    } else if (space->is_there) {
        row->end = space->before;
        *position = space->behind;
    } else {
        row->end = grapheme->start;
        *position = grapheme->start;
    }
}

// Behind a last line end there is one more row.
static bool end_of_text(struct bytes text, uint32_t *position, struct wrap_row *row)
{
    bool is_open = *position == text.size && text.size > 0 && text.data[text.size - 1] == '\n';

    *position = text.size + 1;
    *row = (struct wrap_row){ text.size, text.size };
    return is_open;
}

bool wrap_next(struct bytes text, uint32_t cells, uint32_t *position, struct wrap_row *row)
{
    struct space space = { 0 };
    struct grapheme grapheme;
    uint32_t at = *position, used = 0;

    if (*position >= text.size) {
        return end_of_text(text, position, row);
    }
    row->start = *position;
    while (grapheme_next(text, &at, &grapheme)) {
        if (grapheme.is_newline) {
            row->end = grapheme.start;
            *position = at;
            return true;
        }
        bool is_first = grapheme.start == row->start;
        if (used + grapheme.width > cells && !is_first) {
            break_row(row, position, &grapheme, &space);
            return true;
        }
        if (grapheme.is_space && !is_first) {
            space = (struct space){ true, grapheme.start, at };
        }
        used += grapheme.width;
    }
    row->end = text.size;
    *position = text.size + 1;
    return true;
}

// SPDX-License-Identifier: MIT
#include "wrap.h"

#include "grapheme.h"
#include "shared/check.h"

void wrap_init(struct wrap *wrap, struct bytes text, uint32_t cells_max)
{
    CHECK(cells_max > 0);
    *wrap = (struct wrap){ .text = text, .cells_max = cells_max };
}

// Ends the row where its text ends; the next one begins behind what is swallowed.
static bool end_row(struct wrap *wrap, struct wrap_row *row, uint32_t end, uint32_t next)
{
    row->size = end - row->start;
    wrap->position = next;
    return true;
}

bool wrap_next(struct wrap *wrap, struct wrap_row *row)
{
    struct grapheme grapheme;
    uint32_t position = wrap->position, cells = 0;
    uint32_t space = 0, after_space = 0; // where the row can be broken; after 0: nowhere yet
    bool has_word = false;

    if (wrap->is_done) {
        return false;
    }
    row->start = position;
    while (grapheme_next(wrap->text, &position, &grapheme)) {
        bool is_space = grapheme.kind == GRAPHEME_SPACE;
        bool is_full = cells > 0 && cells + grapheme.cells > wrap->cells_max;
        if (grapheme.kind == GRAPHEME_LINE_END || (is_full && is_space)) {
            return end_row(wrap, row, grapheme.start, position);
        }
        if (is_full && after_space > 0) {
            return end_row(wrap, row, space, after_space);
        }
        if (is_full) {
            return end_row(wrap, row, grapheme.start, grapheme.start);
        }
        if (is_space) {
            space = has_word ? grapheme.start : position; // of an indent nothing is swallowed
            after_space = position;
        }
        has_word = has_word || !is_space;
        cells += grapheme.cells;
    }
    wrap->is_done = true;
    return end_row(wrap, row, wrap->text.size, wrap->text.size);
}

// SPDX-License-Identifier: MIT
#include "wrap.h"

#include "grapheme.h"

bool wrap_next(struct bytes text, uint32_t cells, uint32_t *position, struct wrap_row *row)
{
    struct grapheme grapheme;
    uint32_t at = *position, used = 0, space = UINT32_MAX, behind_space = 0;

    if (*position > text.size || (*position == text.size && text.size == 0)) {
        return false;
    }
    if (*position == text.size) { // behind a last line end there is one more row
        *position = text.size + 1;
        *row = (struct wrap_row){ text.size, text.size };
        return text.data[text.size - 1] == '\n';
    }
    row->start = *position;
    while (grapheme_next(text, &at, &grapheme)) {
        if (grapheme.is_newline) {
            row->end = grapheme.start;
            *position = at;
            return true;
        }
        if (used + grapheme.width > cells && grapheme.start > row->start) {
            bool has_space = space != UINT32_MAX;
            if (grapheme.is_space) {
                row->end = grapheme.start;
                *position = at;
            } else {
                row->end = has_space ? space : grapheme.start;
                *position = has_space ? behind_space : grapheme.start;
            }
            return true;
        }
        if (grapheme.is_space && grapheme.start > row->start) {
            space = grapheme.start;
            behind_space = at;
        }
        used += grapheme.width;
    }
    row->end = text.size;
    *position = text.size + 1;
    return true;
}

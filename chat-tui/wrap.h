// SPDX-License-Identifier: MIT
// A text broken into rows of the screen: at line ends, at spaces where it can be, else between any
// two clusters, as in long words and links.
//
// Owner: whoever has it on the stack; the text is lent. No memory, linear time.
// n line ends make n + 1 lines, so that an empty text is one empty row.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"

struct wrap {
    struct bytes text;
    uint32_t cells_max; // of a row, at least 1
    uint32_t position;
    bool is_done;
};

struct wrap_row {
    uint32_t start, size; // bytes of the text, without the line end or the one space at the break
};

void wrap_init(struct wrap *wrap, struct bytes text, uint32_t cells_max);

// False after the last row. A row is only wider than cells_max where that is 1: a wide cluster,
// which is never cut, has it for itself.
bool wrap_next(struct wrap *wrap, struct wrap_row *row);

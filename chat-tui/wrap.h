// SPDX-License-Identifier: MIT
// A text in rows of so many cells: broken at line ends, at spaces where there are some, else
// between clusters. Each call gives the next row; the whole takes time in proportion to the text.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"

struct wrap_row {
    uint32_t start; // in the text
    uint32_t end;   // the space or line end at which it breaks is not in it
};

// False: the end. A text that ends with a line end has an empty last row; an empty text has none.
bool wrap_next(struct bytes text, uint32_t cells, uint32_t *position, struct wrap_row *row);

// SPDX-License-Identifier: MIT
// The rows of a timeline: which rows a message takes and what stands above it. Free of curses;
// drawing and scrolling both walk over these.
//
// Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model.h"

#define ROWS_TIME_CELLS 6 // "10:42 "
#define ROWS_TICK_CELLS 3 // the tick, and a space

// BEGIN: nothing is before it. OLDER: something is, and is not here.
enum row_kind { ROW_TEXT, ROW_DATE, ROW_MARKER, ROW_BEGIN, ROW_OLDER };

// One row of the screen.
struct row {
    enum row_kind kind;
    const struct message *message;
    struct bytes text; // ROW_TEXT: the part of the message's text in this row
    bool is_first;     // of its message
    uint32_t index;    // of the row within its message; date and marker before 0 have none
};

// All messages of a conversation, the stored ones and then those on their way.
uint32_t rows_message_count(const struct conversation *conversation);
const struct message *rows_message(const struct conversation *conversation, uint32_t place);
// Its place; the nearest one before it, where it is not there.
uint32_t rows_place_of(const struct conversation *conversation, uint64_t seq);

// The rows of the message in that place, from above: at most `room`; returns how many there are.
uint32_t rows_of(const struct conversation *conversation, uint32_t place, uint32_t cells,
        struct row *rows, uint32_t room);

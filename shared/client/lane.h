// SPDX-License-Identifier: MIT
// The order of one peer's messages on their way: which may be sent now, and behind which counter
// (`after`), so that the server stores them in the order in which they were written, whatever is
// refused or lost on the way. No input or output here.
//
// A message may be on its way behind another that is on its way: it names that one, and the server
// refuses it (conflict) if that one was not stored. An edit names nothing, so it waits until
// everything before it is settled.
//
// Owner: whoever embeds the rows. Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/list.h"

enum lane_state {
    LANE_HELD,    // not on disk yet
    LANE_WAITING, // may be sent
    LANE_SENT,
};

struct lane_row {
    struct list of_lane;
    uint64_t counter;
    enum lane_state state;
    bool is_edit;         // or a delete
    bool was_sent_behind; // it named another one
    int64_t not_before_ms;
};

struct lane {
    struct list rows; // struct lane_row, by counter, all that are not settled
};

void lane_init(struct lane *lane);
// In its place by counter.
void lane_add(struct lane *lane, struct lane_row *row);
// It is settled: stored, or refused for good.
void lane_remove(struct lane_row *row);

// The row to send next, or NULL; *after is the counter that it must name, 0: none. The caller sends
// it and says so with lane_sent().
struct lane_row *lane_next(const struct lane *lane, int64_t now_ms, uint64_t *after);
void lane_sent(struct lane_row *row, uint64_t after);
// Refused for now; again not before that time.
void lane_again(struct lane_row *row, int64_t not_before_ms);
// Whether a conflict means only that the one before it was not stored.
bool lane_is_out_of_turn(const struct lane_row *row);
// When lane_next() may have another answer although nothing happens; INT64_MAX: never.
int64_t lane_deadline_ms(const struct lane *lane);

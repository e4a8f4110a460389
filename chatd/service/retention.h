// SPDX-License-Identifier: MIT
// Keeping no longer than is wanted: goes through all partitions, lets each user's copies of
// conversations begin after what is too old, deletes the rows and gives the space back to the file
// system. In small steps, so that others hardly notice.
//
//     a step:  look (read_expired) -> a record (RECORD_EXPIRE) -> look again ... -> clean ... ->
//     next
//
// Owner: the service. Thread: the loop thread.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/check.h"
#include "shared/err.h"

struct cell;
struct retention;

// retention_s: for users without one of their own; 0: for ever.
struct retention *retention_create(struct cell *cell, uint64_t retention_s) MUST_USE;
void retention_destroy(struct retention *retention);

// Once a second, and at each end of the loop's turn. False: nothing is to be timed.
bool retention_tick(struct retention *retention);
void retention_turn_end(struct retention *retention);

// A sweep begins now, or after the one that is under way.
void retention_wake(struct retention *retention);

struct retention_status {
    uint64_t retention_s; // the server's; 0: for ever
    bool is_sweeping;
    uint16_t partition;                // the one at work
    uint64_t sweeps;                   // finished since the start
    uint64_t expired, bytes;           // entries and bytes, since the start
    uint64_t last_expired, last_bytes; // by the last sweep that is finished
    int64_t last_ended_ms;             // wall clock; 0: none has
};

void retention_get_status(const struct retention *retention, struct retention_status *status);

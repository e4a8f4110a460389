// SPDX-License-Identifier: MIT
// A batch on its way: gathering, being written, being applied. Inside of this folder.
//
// Owner:  the cell, until the last shard has reported.
// Thread: the loop thread changes it; while it is written or applied, other threads read the batch.

#pragma once

#include "cluster/cell.h"
#include "shared/batch.h"

// What the first of the two sides reported, to compare with the second.
struct half {
    bool is_known;
    enum err outcome;
    uint64_t cseq;
    uint64_t digest;
};

struct flight {
    struct cell *cell;
    struct batch *batch;
    struct proposal **proposals; // one per entry, NULL where nobody waits
    struct half *halves;         // one per entry
    uint32_t capacity;
    uint32_t shards_open;
    struct task append; // the log thread's
    enum err err;       // of the append
    uint64_t append_us;
    uint64_t free_bytes; // of the disk, when it was looked at; else UINT64_MAX
    bool is_replay;
};

struct flight *flight_create(struct cell *cell) MUST_USE;
void flight_destroy(struct flight *flight);

enum err flight_add(struct flight *flight, const struct record *record, struct proposal *proposal,
        uint16_t partition_count) MUST_USE;

// Compares the copies of a two-sided record: a difference is a bug of this program and stops it,
// before the wrong one can spread.
void flight_compare(struct flight *flight, const struct record *record,
        const struct applied *applied);

// Tells every proposer that the records never happened.
void flight_fail(struct flight *flight, enum err err);

// SPDX-License-Identifier: MIT
// Where records become durable and partitions are served: for now all of them here, in this
// process. The way of a record:
//
//     cell_propose -> gathering batch -> log thread (durable) -> partition threads (apply)
//                  -> on_event for each side, done for the proposer
//
// While one batch is being made durable the next one gathers: group commit without a timer.
//
// Owner:  main. Thread: the loop thread; it never waits here.
// Order:  one user's events come in mailbox order. A read posted after a done() sees its effect,
//         because batches and reads reach a partition through one queue.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "disk/directory.h"
#include "partition/inspect.h"
#include "partition/partition.h"
#include "partition/read.h"
#include "shared/check.h"
#include "shared/err.h"
#include "shared/record.h"
#include "thread/worker.h"

struct cell;

// Embedded in whatever waits for a record. done is called exactly once: with what the acting user's
// partition did, or with an outcome that says why the record never happened.
struct proposal {
    void (*done)(struct proposal *proposal, const struct applied *applied);
};

struct cell_handlers {
    void *context;
    // A record has been applied to one side; called for every side, also when nothing changed
    // (applied->has_event says whether it is an event of that side's mailbox). Of a two-sided
    // record, it comes before done(), and the acting side is given the proposal.
    void (*on_event)(void *context, const struct record *record, const struct applied *applied,
            struct proposal *proposal);
    // A batch is about to be sealed: the last chance to propose into it.
    void (*on_gather)(void *context);
    // The log has failed for good: the process must stop (nothing unacknowledged will be answered).
    void (*on_failed)(void *context);
};

struct cell_settings {
    const struct data_directory *directory;
    uint64_t log_segment_bytes;  // a segment of the log takes no more batches above this
    uint64_t log_tail_bytes_max; // flush above this, hold back above twice as much
    struct cell_handlers handlers;
    struct completions *completions;
};

// Opens log and partitions and replays the log; blocks until everything is applied. Writes one
// plain sentence to reason on failure.
enum err cell_create(const struct cell_settings *settings, struct cell **cell, char *reason,
        size_t reason_bytes) MUST_USE;

// Finishes what is in the log; what only gathers is dropped (its done() is called with
// ERR_UNAVAILABLE).
void cell_destroy(struct cell *cell);

uint16_t cell_partition_of(const struct cell *cell, struct bytes user);

// ERR_BUSY: too much is waiting. ERR_UNAVAILABLE: a partition concerned is quarantined.
// ERR_DISK_FULL. After an error the record never happens and done() is not called. proposal may be
// NULL. The record is copied.
enum err cell_propose(struct cell *cell, const struct record *record,
        struct proposal *proposal) MUST_USE;

// Whether the gathering batch takes more without coming near its limits. Who can wait should wait
// while it does not; what can't gets ERR_BUSY in the end.
bool cell_has_room(const struct cell *cell);

// There is something that on_gather will propose.
void cell_request_gather(struct cell *cell);

// Starts what was gathered in this turn of the loop.
void cell_turn_end(struct cell *cell);

// A question to one partition. run is called on the partition's thread, done on the loop thread.
struct read {
    struct task task; // private
    struct partition *partition;
    enum err err; // set by run
    void (*run)(struct read *read, struct partition *partition);
    void (*done)(struct read *read);
};

// ERR_BUSY, and done() is not called.
enum err cell_read(struct cell *cell, uint16_t partition, struct read *read) MUST_USE;

// Flushes every dirty partition, one after the other; done when the last one is on disk.
void cell_flush_all(struct cell *cell, void (*done)(void *context), void *context);

// A slice of giving space back (see partition_clean()).
struct clean {
    struct read read; // private, and so are the next four
    struct cell *cell;
    uint64_t log_bytes;
    uint64_t disk_index;
    uint16_t partition;
    struct cleaned cleaned; // the outcome
    enum err err;
    void (*done)(struct clean *clean);
};

// One at a time. done is called when it was its turn, unless the cell is destroyed before.
void cell_clean(struct cell *cell, uint16_t partition, struct clean *clean);

struct cell_status {
    uint64_t log_index, log_bytes, log_tail_bytes, log_first_index;
    uint64_t batches, records;
    uint64_t append_us_last, append_us_max;
    uint64_t flushes;
    uint64_t memory_bytes; // of rows, in all partitions
    uint16_t partitions, dirty_partitions, quarantined_partitions;
    bool is_disk_full;
};

void cell_get_status(const struct cell *cell, struct cell_status *status);

// The directories that hold the partitions' files.
const struct places *cell_places(const struct cell *cell);

// Why a partition is quarantined; NULL when it is not.
const char *cell_quarantine_reason(const struct cell *cell, uint16_t partition);

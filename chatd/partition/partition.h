// SPDX-License-Identifier: MIT
// One logical partition: all data of the users whose name hashes to it. It applies records in log
// order, answers reads from memory and file merged, and flushes what it applied to its SQLite file.
//
// Owner:  its shard (one thread); every call blocks and may read or write the disk.
// States:
//     ABSENT --first record--> OPEN --a read or write failed--> QUARANTINED
//     (no file yet)                                             (refuses everything, says why)
// Apply is a pure function of the records before it: no clock, no randomness.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "disk/places.h"
#include "shared/arena.h"
#include "shared/batch.h"
#include "shared/check.h"
#include "shared/err.h"

struct partition;

enum partition_state { PARTITION_ABSENT, PARTITION_OPEN, PARTITION_QUARANTINED };

struct partition_settings {
    const struct places *places;
    uint64_t cell_id;
    uint64_t cache_bytes_max; // of rows that the file has too
};

// The settings are borrowed for life. Does not touch the disk.
struct partition *partition_create(uint16_t id, const struct partition_settings *settings) MUST_USE;
void partition_destroy(struct partition *partition);

// Opens the file if there is one. A file that can't be used quarantines the partition; that is not
// an error here.
void partition_open(struct partition *partition);

// What one record did to one side's copy.
struct applied {
    uint32_t entry; // of the batch
    enum side side;
    enum err outcome;  // ERR_OK, or why the record changed nothing
    bool is_duplicate; // applied before: cseq, useq and ts are the original ones
    bool has_event;    // useq is a new event of this side's mailbox
    uint64_t useq;
    uint64_t cseq;       // of the entry, or the watermark
    uint64_t ts;         // as clamped
    uint64_t previous;   // the author's entry before this one; 0: none
    uint64_t last;       // conflict: the device's last applied counter to that peer
    uint64_t stored;     // SIDE_USER of a new entry: user.stored_bytes now
    uint64_t digest;     // of the conversation, after the record
    uint64_t acked_useq; // records with a device: its resume point now
};

// Applies the record unless the file already has it. Records must come in log order. outcome is
// ERR_UNAVAILABLE when the partition is, or becomes, quarantined.
void partition_apply(struct partition *partition, uint64_t index, const struct record *record,
        enum side side, struct applied *applied);

enum partition_state partition_state(const struct partition *partition);
uint16_t partition_id(const struct partition *partition);

// Its file, or the one that it will have.
void partition_path(const struct partition *partition, char path[PLACE_PATH_BYTES]);
unsigned partition_place(const struct partition *partition);

// Why it is quarantined: file and reason. "" otherwise.
const char *partition_reason(const struct partition *partition);

// Quarantines it for a reason found by others.
void partition_refuse(struct partition *partition, const char *reason);

// The index up to which the file has everything that concerns this partition; what is applied.
uint64_t partition_disk_index(const struct partition *partition);
uint64_t partition_applied_index(const struct partition *partition);

// The first record that only memory has; 0 when the file has everything.
uint64_t partition_dirty_index(const struct partition *partition);

// Bytes of rows in memory.
uint64_t partition_memory_bytes(const struct partition *partition);

// Writes everything applied, with its index, in one transaction; then checkpoint and sync.
// ERR_DISK_FULL: nothing changed, try again later. Other errors quarantine.
enum err partition_flush(struct partition *partition) MUST_USE;

// Writes what is only in memory, and empties the WAL: from then until the next flush the file is
// the whole partition up to partition_disk_index(), and nobody writes to it.
enum err partition_settle(struct partition *partition) MUST_USE;

struct cleaned {
    uint64_t rows;  // deleted
    uint64_t bytes; // that the file is shorter
    bool is_done;   // nothing is left that could be given back
};

// A slice of taking away what retention has let go of. Flushes first. ERR_DISK_FULL: try again
// later; other errors quarantine.
enum err partition_clean(struct partition *partition, struct cleaned *cleaned) MUST_USE;

// Where the copy of a settled file is made: beside where it will be.
void partition_copy_path(const struct partition *partition, unsigned place,
        char path[PLACE_PATH_BYTES]);

// From now on the file is the copy, which must be complete and synced; the old file is removed. On
// failure the old one stays in use; the copy is gone.
enum err partition_cut_over(struct partition *partition, unsigned place) MUST_USE;

// Frees clean memory above the cache limit, least recently used first.
void partition_shed(struct partition *partition);

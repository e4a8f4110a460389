// SPDX-License-Identifier: MIT
// One segment of the journal: a SQLite file of which only the WAL ever grows (it is never
// checkpointed), one row per batch. Named after its first index: 00000000000000000042.db.
//
// Owner: the journal. Thread: the log thread.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"

struct segment;

// Creates the file if it is missing and syncs the directory then. trimmed_upto is remembered in a
// new segment (see segment_set_trimmed).
enum err segment_open(const char *directory, uint64_t first_index, uint64_t trimmed_upto,
        struct segment **segment) MUST_USE;
void segment_close(struct segment *segment);

// Closes, then removes the files: the database first, because a WAL alone is ignored at start.
void segment_remove(const char *directory, uint64_t first_index);

// Durable when this returns ERR_OK. ERR_DISK_FULL: nothing was written, may be tried again. Any
// other error: the outcome is unknown, the segment must not be written again.
enum err segment_append(struct segment *segment, uint64_t index, struct bytes body) MUST_USE;

// Several, one after the other (length in four bytes, little-endian, and body), in one transaction:
// for copies of a log.
enum err segment_append_all(struct segment *segment, uint64_t first, struct bytes bodies) MUST_USE;

// Brings everything from the WAL into the database file: for copies, which nobody appends to.
enum err segment_seal(struct segment *segment) MUST_USE;

// The log lacks nothing that is needed if it starts at or below this index + 1.
enum err segment_set_trimmed(struct segment *segment, uint64_t trimmed_upto) MUST_USE;

uint64_t segment_first_index(const struct segment *segment);
uint64_t segment_last_index(const struct segment *segment); // first - 1 when empty
uint64_t segment_bytes(const struct segment *segment);
uint64_t segment_trimmed_upto(const struct segment *segment);

// Calls visit for each batch from `from` on, in order; stops at its first error. ERR_DAMAGED when a
// body does not fit its checksum or an index is missing.
enum err segment_read(struct segment *segment, uint64_t from,
        enum err (*visit)(void *context, uint64_t index, struct bytes body),
        void *context) MUST_USE;

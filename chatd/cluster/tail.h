// SPDX-License-Identifier: MIT
// The log tail: which partitions have applied what their files do not have yet, who is to be
// flushed next, and up to where the log may be trimmed. Pure bookkeeping; knows no thread and no
// disk.
//
// Owner: the cell. Thread: the loop thread.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/check.h"

struct tail;

struct tail *tail_create(uint16_t partition_count) MUST_USE;
void tail_destroy(struct tail *tail);

// A batch of that many bytes has become durable under this index.
void tail_add_batch(struct tail *tail, uint64_t index, uint64_t bytes);

// That batch (the last one added) concerns this partition.
void tail_touch(struct tail *tail, uint16_t partition);

// The partition's file now has everything up to disk_index. log_bytes is what tail_log_bytes() said
// when the flush was asked for: what came later is still missing.
void tail_flushed(struct tail *tail, uint16_t partition, uint64_t disk_index, uint64_t log_bytes);

// A quarantined partition does not hold the log back.
void tail_forget(struct tail *tail, uint16_t partition);

// A quarantined partition is not flushed any more, but holds the log until it is forgotten.
void tail_hold(struct tail *tail, uint16_t partition);

// All bytes that ever became durable.
uint64_t tail_log_bytes(const struct tail *tail);

// Bytes between the oldest record that some file lacks and the end of the log.
uint64_t tail_bytes(const struct tail *tail);

// The partition whose oldest missing record is the oldest, `except` left out; false when no other
// is dirty.
bool tail_oldest(const struct tail *tail, uint16_t except, uint16_t *partition);

// The same without those that are held: whom to flush.
bool tail_next_flush(const struct tail *tail, uint16_t except, uint16_t *partition);

// Every index up to this one is in all files that it concerns.
uint64_t tail_trim_index(const struct tail *tail);

uint16_t tail_dirty_count(const struct tail *tail);

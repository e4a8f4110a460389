// SPDX-License-Identifier: MIT
// A batch: the records that become durable together, under one log index. The body is a sequence of
// (length, record); `entries` is an index into it with the partitions concerned.
//
// Owner:  one holder at a time adds records; once sealed it is read by several threads and changed
//         by none, until its owner (the pipeline) destroys it.
// Limits: BATCH_RECORDS_MAX, BATCH_BYTES_MAX.

#pragma once

#include <stdint.h>

#include "shared/buffer.h"
#include "shared/limits.h"
#include "shared/record.h"

#define PARTITION_NONE UINT16_MAX

// Which copy of a two-sided record: the user who acts, or the peer.
enum side { SIDE_USER = 0, SIDE_PEER = 1 };

struct batch_entry {
    uint32_t offset;
    uint32_t size;
    uint16_t partitions[2]; // by side; PARTITION_NONE for the peer of a one-sided record
};

struct batch {
    uint64_t index; // 0 until sealed
    struct buffer body;
    struct batch_entry *entries;
    uint32_t count;
    uint32_t capacity;
};

struct batch *batch_create(void) MUST_USE;
void batch_destroy(struct batch *batch);

// ERR_BUSY when the batch is full, ERR_MEMORY; the batch is then unchanged.
enum err batch_add(struct batch *batch, const struct record *record,
        uint16_t partition_count) MUST_USE;

// Rebuilds a batch from a body read back from the log (copied).
enum err batch_parse(uint64_t index, struct bytes body, uint16_t partition_count,
        struct batch **batch) MUST_USE;

static inline struct bytes batch_record(const struct batch *batch, uint32_t entry)
{
    return (struct bytes){ batch->body.data + batch->entries[entry].offset,
        batch->entries[entry].size };
}

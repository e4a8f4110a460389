// SPDX-License-Identifier: MIT
// One partition thread and the partitions it owns (those with id mod count == number). Everything
// reaches them through its one queue, so a read posted after a batch is answered after it.
//
// Owner:  the cell. Thread: all calls on the loop thread; results come back through done().

#pragma once

#include "cluster/cell.h"
#include "cluster/flight.h"
#include "partition/partition.h"
#include "thread/worker.h"

struct shard;

enum err shard_create(unsigned number, unsigned count, uint16_t partition_count,
        const struct partition_settings *settings, struct completions *completions,
        struct shard **shard) MUST_USE;
// Runs what is queued, then ends the thread. Accepts NULL.
void shard_stop(struct shard *shard);
// Stops, and closes the partitions. Accepts NULL.
void shard_destroy(struct shard *shard);

unsigned shard_number(const struct shard *shard);

// What applying one flight did here.
struct shard_result {
    struct task task;
    struct shard *shard;
    struct flight *flight;
    struct applied *applied;
    uint32_t count;
    uint64_t memory_bytes; // of all the shard's partitions
    void (*done)(struct shard_result *result);
};

// The result is made for the call and belongs to done(), which must give it to
// shard_result_destroy().
void shard_apply(struct shard *shard, struct flight *flight,
        void (*done)(struct shard_result *result));
void shard_result_destroy(struct shard_result *result);

enum err shard_read(struct shard *shard, uint16_t partition, struct read *read) MUST_USE;
// The same without the bound, for who has one at a time.
void shard_push(struct shard *shard, uint16_t partition, struct read *read);

// The quarantine's reason and the indexes, as of the time the task ran.
struct shard_flush {
    struct task task;
    struct partition *partition;
    uint64_t log_bytes; // what the asker knew then
    uint64_t disk_index;
    enum err err;
    void *context;
    void (*done)(struct shard_flush *flush);
};

void shard_flush(struct shard *shard, uint16_t partition, struct shard_flush *flush);

// Whether the shard owns a partition of this batch entry.
bool shard_is_concerned(unsigned number, unsigned count, const struct batch_entry *entry);

struct partition *shard_partition(const struct shard *shard, uint16_t partition);

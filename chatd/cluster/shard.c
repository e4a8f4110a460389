// SPDX-License-Identifier: MIT
#include "cluster/shard.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/limits.h"
#include "shared/log.h"

struct shard {
    struct worker *worker;
    unsigned number;
    unsigned count;
    uint16_t partition_count;
    struct partition **partitions; // by id; NULL where another shard owns it
    struct task open;
    uint64_t memory_bytes;
};

static bool owns(unsigned number, unsigned count, uint16_t partition)
{
    return partition != PARTITION_NONE && partition % count == number;
}

bool shard_is_concerned(unsigned number, unsigned count, const struct batch_entry *entry)
{
    return owns(number, count, entry->partitions[SIDE_USER]) ||
            owns(number, count, entry->partitions[SIDE_PEER]);
}

static void open_partitions(struct task *task)
{
    struct shard *shard = TASK_OF(task, struct shard, open);

    for (unsigned i = shard->number; i < shard->partition_count; i += shard->count) {
        partition_open(shard->partitions[i]);
    }
}

static void ignore(struct task *task)
{
    (void)task;
}

void shard_stop(struct shard *shard)
{
    if (shard != NULL) {
        worker_destroy(shard->worker);
        shard->worker = NULL;
    }
}

unsigned shard_number(const struct shard *shard)
{
    return shard->number;
}

void shard_destroy(struct shard *shard)
{
    if (shard == NULL) {
        return;
    }
    shard_stop(shard);
    for (unsigned i = 0; shard->partitions != NULL && i < shard->partition_count; i++) {
        partition_destroy(shard->partitions[i]);
    }
    free(shard->partitions);
    free(shard);
}

enum err shard_create(unsigned number, unsigned count, uint16_t partition_count,
        const struct partition_settings *settings, struct completions *completions,
        struct shard **out)
{
    char name[16];
    struct shard *shard = calloc(1, sizeof(*shard));
    enum err err = ERR_MEMORY;

    *out = NULL;
    if (shard == NULL) {
        return ERR_MEMORY;
    }
    shard->number = number;
    shard->count = count;
    shard->partition_count = partition_count;
    shard->partitions = calloc(partition_count, sizeof(struct partition *));
    for (unsigned i = number; shard->partitions != NULL && i < partition_count; i += count) {
        shard->partitions[i] = partition_create((uint16_t)i, settings);
        if (shard->partitions[i] == NULL) {
            shard_destroy(shard);
            return ERR_MEMORY;
        }
    }
    snprintf(name, sizeof(name), "partition-%u", number);
    if (shard->partitions != NULL) {
        err = worker_create(name, PARTITION_QUEUE_MAX, completions, &shard->worker);
    }
    if (err == ERR_OK) {
        shard->open.run = open_partitions;
        shard->open.done = ignore;
        err = worker_post(shard->worker, &shard->open);
    }
    if (err != ERR_OK) {
        shard_destroy(shard);
        return err;
    }
    *out = shard;
    return ERR_OK;
}

struct partition *shard_partition(const struct shard *shard, uint16_t partition)
{
    return shard->partitions[partition];
}

static void apply_side(struct shard_result *result, const struct record *record, uint32_t entry,
        enum side side)
{
    struct shard *shard = result->shard;
    struct flight *flight = result->flight;
    struct partition *partition = shard->partitions[flight->batch->entries[entry].partitions[side]];
    struct applied *applied = &result->applied[result->count++];
    uint64_t memory_before = partition_memory_bytes(partition);

    *applied = (struct applied){ .entry = entry };
    partition_apply(partition, flight->batch->index, record, side, applied);
    partition_shed(partition);
    shard->memory_bytes += partition_memory_bytes(partition) - memory_before;
}

static void run_apply(struct task *task)
{
    struct shard_result *result = TASK_OF(task, struct shard_result, task);
    struct shard *shard = result->shard;
    const struct batch *batch = result->flight->batch;

    for (uint32_t i = 0; i < batch->count; i++) {
        struct record record;
        const struct batch_entry *entry = &batch->entries[i];
        if (!shard_is_concerned(shard->number, shard->count, entry)) {
            continue;
        }
        CHECK(record_decode(batch_record(batch, i), &record) == ERR_OK);
        for (enum side side = SIDE_USER; side <= SIDE_PEER; side++) {
            if (owns(shard->number, shard->count, entry->partitions[side])) {
                apply_side(result, &record, i, side);
            }
        }
    }
    result->memory_bytes = shard->memory_bytes;
}

static void done_apply(struct task *task)
{
    struct shard_result *result = TASK_OF(task, struct shard_result, task);

    result->done(result);
}

void shard_apply(struct shard *shard, struct flight *flight,
        void (*done)(struct shard_result *result))
{
    struct shard_result *result = calloc(1, sizeof(*result));
    uint32_t count = 0;

    CHECK(result != NULL);
    for (uint32_t i = 0; i < flight->batch->count; i++) {
        const struct batch_entry *entry = &flight->batch->entries[i];
        count += owns(shard->number, shard->count, entry->partitions[SIDE_USER]);
        count += owns(shard->number, shard->count, entry->partitions[SIDE_PEER]);
    }
    CHECK(count > 0);
    result->shard = shard;
    result->flight = flight;
    result->done = done;
    result->task.run = run_apply;
    result->task.done = done_apply;
    result->applied = malloc(count * sizeof(*result->applied));
    // Durable and not applied is no state to go on from: start again, the log has it.
    CHECK(result->applied != NULL);
    worker_push(shard->worker, &result->task);
}

void shard_result_destroy(struct shard_result *result)
{
    if (result == NULL) {
        return;
    }
    free(result->applied);
    free(result);
}

static void run_read(struct task *task)
{
    struct read *read = TASK_OF(task, struct read, task);

    read->run(read, read->partition);
    partition_shed(read->partition);
}

static void done_read(struct task *task)
{
    struct read *read = TASK_OF(task, struct read, task);

    read->done(read);
}

static void prepare(struct shard *shard, uint16_t partition, struct read *read)
{
    read->partition = shard->partitions[partition];
    read->task.run = run_read;
    read->task.done = done_read;
}

enum err shard_read(struct shard *shard, uint16_t partition, struct read *read)
{
    prepare(shard, partition, read);
    return worker_post(shard->worker, &read->task);
}

void shard_push(struct shard *shard, uint16_t partition, struct read *read)
{
    prepare(shard, partition, read);
    worker_push(shard->worker, &read->task);
}

static void run_flush(struct task *task)
{
    struct shard_flush *flush = TASK_OF(task, struct shard_flush, task);

    flush->err = partition_flush(flush->partition);
    flush->disk_index = partition_disk_index(flush->partition);
}

static void done_flush(struct task *task)
{
    struct shard_flush *flush = TASK_OF(task, struct shard_flush, task);

    flush->done(flush);
}

void shard_flush(struct shard *shard, uint16_t partition, struct shard_flush *flush)
{
    flush->partition = shard->partitions[partition];
    flush->task.run = run_flush;
    flush->task.done = done_flush;
    worker_push(shard->worker, &flush->task);
}

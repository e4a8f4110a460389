// SPDX-License-Identifier: MIT
// The way of a record through this process: gather, write, dispatch, report. Start and stop are in
// cell_start.c, keeping the log short in cell_disk.c.

#include "cluster/cell_inside.h"

#include <stdlib.h>

#include "shared/clock.h"
#include "shared/failpoint.h"
#include "shared/limits.h"
#include "shared/log.h"

uint16_t cell_partition_of(const struct cell *cell, struct bytes user)
{
    return name_partition(user, cell->partition_count);
}

static enum err refuse(struct cell *cell, const struct record *record)
{
    uint16_t partitions[2] = { cell_partition_of(cell, record->user), PARTITION_NONE };

    if (record_is_two_sided(record->type)) {
        partitions[1] = cell_partition_of(cell, record->peer);
    }
    for (int side = 0; side < 2; side++) {
        if (partitions[side] != PARTITION_NONE && cell->reasons[partitions[side]] != NULL) {
            return ERR_UNAVAILABLE;
        }
    }
    if (cell->is_disk_full) {
        cell_disk_look(cell);
        return ERR_DISK_FULL;
    }
    return cell->has_failed || cell->is_stopping ? ERR_UNAVAILABLE : ERR_OK;
}

enum err cell_propose(struct cell *cell, const struct record *record, struct proposal *proposal)
{
    enum err err = refuse(cell, record);

    if (err != ERR_OK) {
        return err;
    }
    if (cell->gathering == NULL) {
        cell->gathering = flight_create(cell);
        if (cell->gathering == NULL) {
            return ERR_MEMORY;
        }
    }
    err = flight_add(cell->gathering, record, proposal, cell->partition_count);
    (void)FAILPOINT("pipeline.gathered");
    return err;
}

bool cell_has_room(const struct cell *cell)
{
    const struct batch *batch = cell->gathering == NULL ? NULL : cell->gathering->batch;

    return batch == NULL ||
            (batch->count < BATCH_RECORDS_MAX - BATCH_RECORDS_SPARE &&
                    batch->body.bytes < BATCH_BYTES_MAX / 2);
}

void cell_request_gather(struct cell *cell)
{
    cell->is_gather_requested = true;
}

enum err cell_read(struct cell *cell, uint16_t partition, struct read *read)
{
    CHECK(partition < cell->partition_count);
    if (cell->is_stopping) {
        return ERR_UNAVAILABLE;
    }
    return shard_read(cell->shards[partition % PARTITION_WORKERS], partition, read);
}

// Log thread.
static void run_append(struct task *task)
{
    struct flight *flight = TASK_OF(task, struct flight, append);
    struct cell *cell = flight->cell;
    const struct batch *batch = flight->batch;
    int64_t start = cell_disk_now_us();

    if (PLANTED("answer_before_durable")) {
        cell_disk_plant_delay();
    }
    flight->err = journal_append(cell->journal,
            (struct bytes){ batch->body.data, (uint32_t)batch->body.bytes });
    flight->append_us = (uint64_t)(cell_disk_now_us() - start);
    flight->free_bytes = cell_disk_sample(cell);
}

static void on_applied(struct shard_result *result);

void cell_dispatch(struct cell *cell, struct flight *flight)
{
    const struct batch *batch = flight->batch;
    bool is_concerned[PARTITION_WORKERS] = { false };

    flight->halves = calloc(batch->count, sizeof(*flight->halves));
    CHECK(flight->halves != NULL);
    tail_add_batch(cell->tail, batch->index, batch->body.bytes);
    for (uint32_t i = 0; i < batch->count; i++) {
        for (int side = 0; side < 2; side++) {
            uint16_t partition = batch->entries[i].partitions[side];
            if (partition != PARTITION_NONE) {
                is_concerned[partition % PARTITION_WORKERS] = true;
            }
            if (partition != PARTITION_NONE && batch->index > cell->disk_index[partition]) {
                tail_touch(cell->tail, partition);
            }
        }
    }
    cell->applying++;
    for (unsigned i = 0; i < PARTITION_WORKERS; i++) {
        flight->shards_open += is_concerned[i];
    }
    for (unsigned i = 0; i < PARTITION_WORKERS; i++) {
        if (is_concerned[i]) {
            shard_apply(cell->shards[i], flight, on_applied);
        }
    }
}

static void tell(struct flight *flight, const struct applied *applied, struct proposal *proposal)
{
    if (proposal != NULL) {
        flight->proposals[applied->entry] = NULL;
        proposal->done(proposal, applied);
    }
}

static void report(struct cell *cell, struct flight *flight, const struct applied *applied)
{
    const struct cell_handlers *handlers = &cell->settings.handlers;
    // The proposer belongs to the acting side, and is gone once that side has answered it.
    struct proposal *proposal = flight->proposals != NULL && applied->side == SIDE_USER
            ? flight->proposals[applied->entry]
            : NULL;
    struct record record;

    if (applied->outcome == ERR_UNAVAILABLE) {
        cell_quarantine(cell, flight->batch->entries[applied->entry].partitions[applied->side]);
    }
    if (flight->is_replay) {
        return;
    }
    CHECK(record_decode(batch_record(flight->batch, applied->entry), &record) == ERR_OK);
    bool is_two_sided = record_is_two_sided(record.type);
    if (is_two_sided) {
        flight_compare(flight, &record, applied);
    } else {
        tell(flight, applied, proposal); // before a revoked device is cut off, it gets its answer
    }
    if (!cell->is_stopping) {
        handlers->on_event(handlers->context, &record, applied, is_two_sided ? proposal : NULL);
    }
    if (is_two_sided) {
        tell(flight, applied, proposal);
    }
}

// The last one who holds the flight frees it.
static void release(struct flight *flight)
{
    flight->shards_open--;
    if (flight->shards_open == 0) {
        flight->cell->applying--;
        flight_destroy(flight);
    }
}

static void on_applied(struct shard_result *result)
{
    struct flight *flight = result->flight;
    struct cell *cell = flight->cell;

    for (uint32_t i = 0; i < result->count; i++) {
        report(cell, flight, &result->applied[i]);
    }
    cell->shard_memory[shard_number(result->shard)] = result->memory_bytes;
    shard_result_destroy(result);
    release(flight);
}

static void done_append(struct task *task)
{
    struct flight *flight = TASK_OF(task, struct flight, append);
    struct cell *cell = flight->cell;

    cell->writing = NULL;
    cell_disk_note_space(cell, flight->free_bytes);
    if (flight->err == ERR_OK) {
        (void)FAILPOINT("pipeline.durable");
        cell->status.batches++;
        cell->status.records += flight->batch->count;
        cell->status.append_us_last = flight->append_us;
        if (flight->append_us > cell->status.append_us_max) {
            cell->status.append_us_max = flight->append_us;
        }
        cell->next_index++;
        if (PLANTED("answer_before_durable")) {
            release(flight);
        } else {
            cell_dispatch(cell, flight);
        }
        cell_disk_step(cell);
        return;
    }
    if (flight->err == ERR_DISK_FULL) {
        cell_disk_is_full(cell);
        flight_fail(flight, ERR_DISK_FULL);
        if (PLANTED("hole_by_failed_batch")) {
            cell->next_index++;
            cell_dispatch(cell, flight);
            return;
        }
    } else {
        // Stored or not, nobody knows: nobody is told anything. After a restart the log says.
        cell->has_failed = true;
        cell->settings.handlers.on_failed(cell->settings.handlers.context);
    }
    flight_destroy(flight);
}

static bool may_write(const struct cell *cell)
{
    return cell->writing == NULL && cell->applying < BATCHES_APPLYING_MAX && !cell->has_failed &&
            tail_bytes(cell->tail) < 2 * cell->settings.log_tail_bytes_max;
}

void cell_seal(struct cell *cell)
{
    bool has_work = cell->gathering != NULL || cell->is_gather_requested;

    if (!has_work || !may_write(cell)) {
        return;
    }
    cell->is_gather_requested = false;
    cell->settings.handlers.on_gather(cell->settings.handlers.context);
    struct flight *flight = cell->gathering;
    if (flight == NULL || flight->batch->count == 0) {
        return;
    }
    cell->gathering = NULL;
    cell->writing = flight;
    flight->batch->index = cell->next_index;
    flight->append.run = run_append;
    flight->append.done = done_append;
    if (PLANTED("answer_before_durable")) {
        cell_dispatch(cell, flight);
        flight->shards_open++; // the append's hold
    }
    worker_push(cell->log, &flight->append);
}

void cell_turn_end(struct cell *cell)
{
    cell_disk_retry(cell);
    cell_seal(cell);
}

void cell_get_status(const struct cell *cell, struct cell_status *status)
{
    *status = cell->status;
    status->log_index = cell->next_index - 1;
    status->log_bytes = tail_log_bytes(cell->tail);
    status->log_tail_bytes = tail_bytes(cell->tail);
    status->partitions = cell->partition_count;
    status->dirty_partitions = tail_dirty_count(cell->tail);
    status->is_disk_full = cell->is_disk_full;
    status->memory_bytes = 0;
    for (unsigned i = 0; i < PARTITION_WORKERS; i++) {
        status->memory_bytes += cell->shard_memory[i];
    }
    for (uint16_t i = 0; i < cell->partition_count; i++) {
        status->quarantined_partitions =
                (uint16_t)(status->quarantined_partitions + (cell->reasons[i] != NULL));
    }
}

const struct places *cell_places(const struct cell *cell)
{
    return &cell->settings.directory->places;
}

const char *cell_quarantine_reason(const struct cell *cell, uint16_t partition)
{
    return partition < cell->partition_count ? cell->reasons[partition] : NULL;
}

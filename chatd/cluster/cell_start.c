// SPDX-License-Identifier: MIT
// Start: open everything, replay the log. Stop: finish what is under way, close.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/aside.h"
#include "cluster/cell_inside.h"
#include "shared/clock.h"
#include "shared/failpoint.h"
#include "shared/log.h"

#define REPLAY_FLIGHTS_MAX 64

static enum err make(struct cell *cell)
{
    const struct data_directory *directory = cell->settings.directory;
    enum err err = ERR_OK;

    cell->partition_count = directory->partition_count;
    cell->partition_settings.places = &directory->places;
    cell->partition_settings.cell_id = directory->cell_id;
    cell->partition_settings.cache_bytes_max =
            (uint64_t)RECENT_BYTES_MAX / directory->partition_count;
    cell->held_partition = PARTITION_NONE;
    cell->tail = tail_create(cell->partition_count);
    cell->disk_index = calloc(cell->partition_count, sizeof(*cell->disk_index));
    cell->reasons = calloc(cell->partition_count, sizeof(const char *));
    cell->aside_from = calloc(cell->partition_count, sizeof(*cell->aside_from));
    if (cell->tail == NULL || cell->disk_index == NULL || cell->reasons == NULL ||
            cell->aside_from == NULL) {
        return ERR_MEMORY;
    }
    err = worker_create("log", SIZE_MAX, cell->settings.completions, &cell->log);
    if (err == ERR_OK) {
        err = job_create(cell);
    }
    for (unsigned i = 0; err == ERR_OK && i < PARTITION_WORKERS; i++) {
        err = shard_create(i, PARTITION_WORKERS, cell->partition_count, &cell->partition_settings,
                cell->settings.completions, &cell->shards[i]);
    }
    return err;
}

struct barrier {
    struct read read;
    unsigned *open;
};

static void run_barrier(struct read *read, struct partition *partition)
{
    (void)read;
    (void)partition;
}

static void done_barrier(struct read *read)
{
    struct barrier *barrier = (struct barrier *)(void *)read;

    (*barrier->open)--;
}

static void wait_one(struct cell *cell)
{
    completions_wait(cell->settings.completions);
    completions_deliver(cell->settings.completions);
}

// Waits until every shard has done what was posted to it so far.
static enum err wait_for_shards(struct cell *cell)
{
    struct barrier barriers[PARTITION_WORKERS];
    unsigned open = 0;
    enum err err = ERR_OK;

    for (unsigned i = 0; i < PARTITION_WORKERS && i < cell->partition_count; i++) {
        barriers[i] = (struct barrier){ .read = { .run = run_barrier, .done = done_barrier },
            .open = &open };
        err = shard_read(cell->shards[i], (uint16_t)i, &barriers[i].read);
        if (err != ERR_OK) {
            break;
        }
        open++;
    }
    while (open > 0) {
        wait_one(cell);
    }
    return err;
}

static struct partition *partition_at(const struct cell *cell, uint16_t id)
{
    return shard_partition(cell->shards[id % PARTITION_WORKERS], id);
}

static struct partition *partition_of(const void *context, uint16_t id)
{
    return partition_at(context, id);
}

// No file can be ahead of the log that it was written from: where one is, the log is not the one
// that belongs to it, and what would come into it now would pass for applied before.
static enum err note_disk_indexes(struct cell *cell, char *reason, size_t reason_bytes)
{
    uint64_t last = journal_last_index(cell->journal);

    for (uint16_t i = 0; i < cell->partition_count; i++) {
        cell->disk_index[i] = partition_disk_index(partition_at(cell, i));
        if (cell->disk_index[i] > last) {
            snprintf(reason, reason_bytes,
                    "the log in %s/journal ends at %" PRIu64
                    ", but partition %u has all up to %" PRIu64
                    ": it is not the log of these partitions. The first directory of data must be the "
                    "one with the log; else put the journal directory back, or restore a backup",
                    cell->settings.directory->path, last, i, cell->disk_index[i]);
            return ERR_DAMAGED;
        }
    }
    return ERR_OK;
}

// Files that can't be used are set aside only now: the log thread must not read the journal while
// the replay does.
static void note_quarantines(struct cell *cell)
{
    for (uint16_t i = 0; i < cell->partition_count; i++) {
        if (partition_state(partition_at(cell, i)) == PARTITION_QUARANTINED) {
            cell_quarantine_from(cell, i, cell->status.log_first_index);
        }
    }
}

struct replay {
    struct cell *cell;
    uint64_t records;
};

static enum err replay_batch(void *context, uint64_t index, struct bytes body)
{
    struct replay *replay = context;
    struct cell *cell = replay->cell;
    struct flight *flight = calloc(1, sizeof(*flight));
    enum err err;

    if (FAILPOINT("recovery.batch")) {
        free(flight);
        return ERR_IO;
    }
    if (flight == NULL) {
        return ERR_MEMORY;
    }
    flight->cell = cell;
    flight->is_replay = true;
    err = batch_parse(index, body, cell->partition_count, &flight->batch);
    if (err != ERR_OK) {
        log_error("replay", "index=%" PRIu64 " error=%s code=%d", index, err_kind(err),
                err_code(err));
        flight_destroy(flight);
        return err;
    }
    replay->records += flight->batch->count;
    uint64_t flushes = cell->status.flushes;
    cell_dispatch(cell, flight);
    cell_disk_step(cell);
    while (cell->applying >= REPLAY_FLIGHTS_MAX) {
        wait_one(cell);
    }
    if (cell->status.flushes != flushes) {
        (void)FAILPOINT("recovery.flushed");
    }
    return ERR_OK;
}

// The journal is read here, on the calling thread: no append can run before cell_create returns,
// and what the log thread may get to do meanwhile (trim) is held back by is_trimming.
static enum err replay_log(struct cell *cell, char *reason, size_t reason_bytes)
{
    struct replay replay = { cell, 0 };
    int64_t start = clock_monotonic_ms();

    cell->is_trimming = true;
    cell->is_replaying = true;
    enum err err =
            journal_read(cell->journal, journal_first_index(cell->journal), replay_batch, &replay);
    while (cell->applying > 0 || cell->is_flushing) {
        wait_one(cell);
    }
    cell->is_trimming = false;
    cell->is_replaying = false;
    if (err != ERR_OK) {
        snprintf(reason, reason_bytes,
                "the log cannot be read completely (%s); nothing was changed: restore the journal "
                "directory or a backup",
                err_kind(err));
        return err;
    }
    cell->next_index = journal_last_index(cell->journal) + 1;
    cell->status.log_first_index = journal_first_index(cell->journal);
    log_info("replayed", "records=%" PRIu64 " index=%" PRIu64 " ms=%lld dirty=%u", replay.records,
            cell->next_index - 1, (long long)(clock_monotonic_ms() - start),
            tail_dirty_count(cell->tail));
    return ERR_OK;
}

enum err cell_create(const struct cell_settings *settings, struct cell **out, char *reason,
        size_t reason_bytes)
{
    struct cell *cell = calloc(1, sizeof(*cell));
    char path[700];

    *out = NULL;
    if (cell == NULL) {
        snprintf(reason, reason_bytes, "out of memory");
        return ERR_MEMORY;
    }
    cell->settings = *settings;
    snprintf(path, sizeof(path), "%s/journal", settings->directory->path);
    enum err err =
            journal_open(path, settings->log_segment_bytes, &cell->journal, reason, reason_bytes);
    if (err == ERR_OK) {
        err = make(cell);
        if (err != ERR_OK) {
            snprintf(reason, reason_bytes, "cannot start the threads: %s", err_kind(err));
        }
    }
    if (err == ERR_OK) {
        err = wait_for_shards(cell);
    }
    if (err == ERR_OK) {
        // The partition threads have nothing to do now, so their partitions may be used here.
        snprintf(path, sizeof(path), "%s/quarantine", settings->directory->path);
        aside_put_back(path, partition_of, cell, cell->partition_count);
        err = note_disk_indexes(cell, reason, reason_bytes);
        if (err == ERR_OK) {
            err = replay_log(cell, reason, reason_bytes);
        }
    }
    if (err != ERR_OK) {
        cell_destroy(cell);
        return err;
    }
    note_quarantines(cell);
    *out = cell;
    return ERR_OK;
}

void cell_destroy(struct cell *cell)
{
    if (cell == NULL) {
        return;
    }
    cell->is_stopping = true;
    worker_destroy(cell->log);
    job_stop(cell);
    completions_deliver(cell->settings.completions); // what became durable goes to the shards
    for (unsigned i = 0; i < PARTITION_WORKERS; i++) {
        shard_stop(cell->shards[i]);
    }
    completions_deliver(cell->settings.completions);
    for (unsigned i = 0; i < PARTITION_WORKERS; i++) {
        shard_destroy(cell->shards[i]);
    }
    if (cell->gathering != NULL) {
        flight_fail(cell->gathering, ERR_UNAVAILABLE);
        flight_destroy(cell->gathering);
    }
    job_destroy(cell);
    journal_close(cell->journal);
    tail_destroy(cell->tail);
    free(cell->disk_index);
    free(cell->reasons);
    free(cell->aside_from);
    free(cell);
}

// SPDX-License-Identifier: MIT
// Keeping the log short and the disk from filling: which partition is flushed when, trimming, and
// what happens when there is no room.

#include "cluster/cell_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cluster/aside.h"
#include "shared/clock.h"
#include "shared/failpoint.h"
#include "shared/log.h"

#define LOOK_MS 1000
#define RETRY_MS 1000

int64_t cell_disk_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void cell_disk_plant_delay(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 30000000 }, NULL);
}

uint64_t cell_disk_sample(struct cell *cell)
{
    int64_t now = clock_monotonic_ms();

    if (now - cell->sampled_ms < LOOK_MS) {
        return UINT64_MAX;
    }
    cell->sampled_ms = now;
    return data_directory_free_bytes(cell->settings.directory);
}

void cell_disk_note_space(struct cell *cell, uint64_t free_bytes)
{
    if (free_bytes < DISK_LOW_BYTES) {
        cell_disk_is_full(cell);
    }
}

// A task of the log thread that owns itself.
struct space_task {
    struct task task;
    struct cell *cell;
    bool is_release;
    bool has_room;
};

static void run_space(struct task *task)
{
    struct space_task *space = TASK_OF(task, struct space_task, task);
    const struct data_directory *directory = space->cell->settings.directory;

    if (space->is_release) {
        data_directory_reserve_release(directory);
    }
    // The reserve must fit beside the low-water mark, or it would be given back at once.
    space->has_room = data_directory_free_bytes(directory) > DISK_LOW_BYTES + RESERVE_FILE_BYTES &&
            data_directory_reserve_restore(directory);
}

static void done_space(struct task *task)
{
    struct space_task *space = TASK_OF(task, struct space_task, task);
    struct cell *cell = space->cell;

    cell->is_looking = false;
    if (space->has_room && cell->is_disk_full) {
        cell->is_disk_full = false;
        log_info("disk_has_room", "path=%s", cell->settings.directory->path);
    }
    free(space);
    cell_disk_step(cell);
}

static void look(struct cell *cell, bool is_release)
{
    struct space_task *space = calloc(1, sizeof(*space));

    if (space == NULL) {
        return;
    }
    cell->is_looking = true;
    cell->looked_ms = clock_monotonic_ms();
    *space = (struct space_task){ .task = { .run = run_space, .done = done_space },
        .cell = cell,
        .is_release = is_release };
    worker_push(cell->log, &space->task);
}

void cell_disk_is_full(struct cell *cell)
{
    if (!cell->is_disk_full) {
        cell->is_disk_full = true;
        log_error("disk_full", "path=%s fix=\"free some space: sends are refused until then\"",
                cell->settings.directory->path);
        job_disk_is_full(cell);
        look(cell, true);
    }
}

void cell_disk_look(struct cell *cell)
{
    if (!cell->is_looking && clock_monotonic_ms() - cell->looked_ms >= LOOK_MS) {
        look(cell, false);
    }
}

struct trim_task {
    struct task task;
    struct cell *cell;
    uint64_t upto;
    uint64_t first_index;
};

static void run_trim(struct task *task)
{
    struct trim_task *trim = TASK_OF(task, struct trim_task, task);

    if (journal_trim(trim->cell->journal, trim->upto) != ERR_OK) {
        log_warn("journal_trim", "upto=%" PRIu64 " error=1", trim->upto);
    }
    trim->first_index = journal_first_index(trim->cell->journal);
}

static void trim_log(struct cell *cell);

static void done_trim(struct task *task)
{
    struct trim_task *trim = TASK_OF(task, struct trim_task, task);

    struct cell *cell = trim->cell;

    cell->is_trimming = false;
    cell->status.log_first_index = trim->first_index;
    free(trim);
    trim_log(cell); // what was flushed meanwhile
    cell_disk_step(cell);
}

static void trim_log(struct cell *cell)
{
    uint64_t upto = tail_trim_index(cell->tail);
    uint64_t limit = job_trim_limit(cell);
    struct trim_task *trim;

    upto = upto < limit ? upto : limit;
    if (cell->is_trimming || cell->is_stopping || upto <= cell->trimmed_index ||
            (trim = calloc(1, sizeof(*trim))) == NULL) {
        return;
    }
    cell->is_trimming = true;
    cell->trimmed_index = upto;
    *trim = (struct trim_task){ .task = { .run = run_trim, .done = done_trim },
        .cell = cell,
        .upto = upto };
    worker_push(cell->log, &trim->task);
}

static void on_flushed(struct shard_flush *flush)
{
    struct cell *cell = flush->context;

    cell->is_flushing = false;
    if (flush->err == ERR_OK) {
        cell->status.flushes++;
        cell->disk_index[cell->flush_partition] = flush->disk_index;
        tail_flushed(cell->tail, cell->flush_partition, flush->disk_index, flush->log_bytes);
    } else if (flush->err == ERR_DISK_FULL) {
        cell->flush_retry_ms = clock_monotonic_ms() + RETRY_MS;
        cell_disk_is_full(cell);
    } else {
        cell_quarantine(cell, cell->flush_partition);
    }
    trim_log(cell);
    cell_disk_step(cell);
}

void cell_disk_step(struct cell *cell)
{
    bool is_wanted = cell->flush_all_done != NULL || cell->is_disk_full ||
            tail_bytes(cell->tail) > cell->settings.log_tail_bytes_max;

    if (cell->is_flushing || cell->is_stopping) {
        return;
    }
    // Space can wait while the log is far too long; else it takes its turn, or steady traffic would
    // never let it.
    bool is_pressing = cell->flush_all_done != NULL || cell->is_disk_full ||
            tail_bytes(cell->tail) > cell->settings.log_tail_bytes_max / 2 * 3;
    if (!is_pressing && cell_clean_step(cell)) {
        return;
    }
    if (!is_wanted || clock_monotonic_ms() < cell->flush_retry_ms) {
        return;
    }
    if (!tail_next_flush(cell->tail, cell->held_partition, &cell->flush_partition)) {
        if (cell->flush_all_done != NULL && !cell->is_trimming) {
            void (*done)(void *context) = cell->flush_all_done;
            cell->flush_all_done = NULL;
            done(cell->flush_all_context);
        }
        return;
    }
    // One at a time in the whole process: two would only wait for the same disk.
    cell->is_flushing = true;
    cell->flush.context = cell;
    cell->flush.done = on_flushed;
    cell->flush.log_bytes = tail_log_bytes(cell->tail);
    shard_flush(cell->shards[cell->flush_partition % PARTITION_WORKERS], cell->flush_partition,
            &cell->flush);
}

void cell_flush_all(struct cell *cell, void (*done)(void *context), void *context)
{
    job_cancel(cell);
    cell->flush_all_done = done;
    cell->flush_all_context = context;
    cell_disk_step(cell);
}

struct aside_task {
    struct task task;
    struct cell *cell;
    uint16_t partition;
    uint64_t from; // its file lacks nothing before
    enum err err;
};

static void run_aside(struct task *task)
{
    struct aside_task *aside = TASK_OF(task, struct aside_task, task);
    char directory[700];

    snprintf(directory, sizeof(directory), "%s/quarantine", aside->cell->settings.directory->path);
    aside->err = aside_copy(aside->cell->journal, directory, aside->partition,
            aside->cell->partition_count, aside->from);
}

static void done_aside(struct task *task)
{
    struct aside_task *aside = TASK_OF(task, struct aside_task, task);
    struct cell *cell = aside->cell;

    if (aside->err == ERR_OK) {
        tail_forget(cell->tail, aside->partition);
    } else {
        // The log stays as long as it must.
        log_error("records_not_set_aside", "partition=%u error=%s", aside->partition,
                err_kind(aside->err));
        cell->aside_retry_ms = clock_monotonic_ms() + RETRY_MS;
        cell->aside_from[aside->partition] = aside->from;
    }
    free(aside);
}

// Queued behind every batch that may have records of this partition: the one that is being written,
// and the one that is gathering, which is sealed first. Where that can't be, it waits for it.
static void set_aside(struct cell *cell, uint16_t partition, uint64_t from)
{
    struct aside_task *aside;

    cell_seal(cell);
    aside = cell->gathering != NULL ? NULL : calloc(1, sizeof(*aside));
    cell->aside_from[partition] = aside == NULL ? from : 0;
    if (aside == NULL) {
        cell->aside_retry_ms = clock_monotonic_ms();
        return;
    }
    *aside = (struct aside_task){ .task = { .run = run_aside, .done = done_aside },
        .cell = cell,
        .partition = partition,
        .from = from };
    worker_push(cell->log, &aside->task);
}

void cell_disk_retry(struct cell *cell)
{
    if (cell->aside_retry_ms == 0 || clock_monotonic_ms() < cell->aside_retry_ms ||
            cell->is_stopping) {
        return;
    }
    cell->aside_retry_ms = 0;
    for (uint16_t i = 0; i < cell->partition_count; i++) {
        if (cell->aside_from[i] != 0) {
            set_aside(cell, i, cell->aside_from[i]);
        }
    }
}

void cell_quarantine_from(struct cell *cell, uint16_t partition, uint64_t from)
{
    tail_hold(cell->tail, partition); // also while the log is replayed
    if (cell->reasons[partition] != NULL || cell->is_stopping || cell->is_replaying) {
        return;
    }
    // Written once, before the task that told us was completed.
    cell->reasons[partition] = partition_reason(
            shard_partition(cell->shards[partition % PARTITION_WORKERS], partition));
    set_aside(cell, partition, from);
}

void cell_quarantine(struct cell *cell, uint16_t partition)
{
    // Of what came before, the log need not have all: trimming knows whom a batch concerns.
    cell_quarantine_from(cell, partition, cell->disk_index[partition] + 1);
}

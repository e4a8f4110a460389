// SPDX-License-Identifier: MIT
// Giving space back: it writes a partition's file, so it takes its turn with the flushes, and never
// while a job reads that file.

#include "cluster/cell_inside.h"

static void run_clean(struct read *read, struct partition *partition)
{
    struct clean *clean = TASK_OF(read, struct clean, read);

    clean->err = partition_clean(partition, &clean->cleaned);
    clean->disk_index = partition_disk_index(partition);
}

static void done_clean(struct read *read)
{
    struct clean *clean = TASK_OF(read, struct clean, read);
    struct cell *cell = clean->cell;

    cell->is_flushing = false;
    if (clean->err == ERR_OK) {
        cell->disk_index[clean->partition] = clean->disk_index;
        tail_flushed(cell->tail, clean->partition, clean->disk_index, clean->log_bytes);
    } else if (clean->err == ERR_DISK_FULL) {
        cell_disk_is_full(cell);
    } else {
        cell_quarantine(cell, clean->partition);
    }
    clean->done(clean);
    cell_disk_step(cell);
}

bool cell_clean_step(struct cell *cell)
{
    struct clean *clean = cell->clean;

    if (clean == NULL || clean->partition == cell->held_partition) {
        return false;
    }
    cell->clean = NULL;
    cell->is_flushing = true;
    clean->log_bytes = tail_log_bytes(cell->tail);
    clean->read = (struct read){ .run = run_clean, .done = done_clean };
    shard_push(cell->shards[clean->partition % PARTITION_WORKERS], clean->partition, &clean->read);
    return true;
}

void cell_clean(struct cell *cell, uint16_t partition, struct clean *clean)
{
    CHECK(cell->clean == NULL);
    clean->cell = cell;
    clean->partition = partition;
    cell->clean = clean;
    cell_disk_step(cell);
}

// SPDX-License-Identifier: MIT
// The inside of struct cell, for the files of this folder only.

#pragma once

#include "cluster/cell.h"
#include "cluster/flight.h"
#include "cluster/job.h"
#include "cluster/shard.h"
#include "cluster/tail.h"
#include "log/journal.h"
#include "shared/limits.h"
#include "shared/name.h"
#include "thread/worker.h"

struct cell {
    struct cell_settings settings;
    struct partition_settings partition_settings;
    uint16_t partition_count;
    struct journal *journal; // the log thread's, once it runs
    struct worker *log;
    struct shard *shards[PARTITION_WORKERS];
    uint64_t shard_memory[PARTITION_WORKERS];
    struct tail *tail;
    uint64_t *disk_index; // by partition: what its file has
    const char **reasons; // by partition: why it is quarantined, NULL when it is not
    struct flight *gathering;
    struct flight *writing;
    unsigned applying; // flights that some shard has not applied
    uint64_t next_index;
    bool is_gather_requested;
    bool has_failed;
    bool is_stopping;
    bool is_replaying; // the journal is the starting thread's

    // cell_disk.c
    bool is_disk_full;
    bool is_looking; // a space task is under way
    bool is_trimming;
    bool is_flushing;
    int64_t looked_ms;  // when space was last looked at; the log thread's, but see cell_disk_look
    int64_t sampled_ms; // the log thread's
    uint64_t trimmed_index;
    struct shard_flush flush;
    uint16_t flush_partition;
    int64_t flush_retry_ms;
    uint16_t held_partition; // a job reads its file: no flush; PARTITION_NONE: none is
    struct job *job;
    struct clean *clean;    // waits for its turn
    uint64_t *aside_from;   // by partition: its records from here on are to be set aside; 0: none
    int64_t aside_retry_ms; // 0: none does
    void (*flush_all_done)(void *context);
    void *flush_all_context;
    struct cell_status status;
};

// Starts what was gathered, if the one before is written.
void cell_seal(struct cell *cell);

// A durable batch goes to its partitions.
void cell_dispatch(struct cell *cell, struct flight *flight);

// The partition refuses everything from now on: its records in the log are set aside.
void cell_quarantine(struct cell *cell, uint16_t partition);
// At the start, when nobody knows what its file has: from is the first index of the log.
void cell_quarantine_from(struct cell *cell, uint16_t partition, uint64_t from);

// Flushes the oldest dirty partition if the log tail is too long, and trims.
void cell_disk_step(struct cell *cell);

// Begins the slice of cleaning that waits, if it may; true: it writes now.
bool cell_clean_step(struct cell *cell);

// Free bytes, looked at once a second at most; UINT64_MAX when it was not looked at. Log thread.
uint64_t cell_disk_sample(struct cell *cell);
void cell_disk_note_space(struct cell *cell, uint64_t free_bytes);

// A write found no room: sends are refused until there is, and the reserve is given back.
void cell_disk_is_full(struct cell *cell);
// Looks whether there is room again, at most once a second.
void cell_disk_look(struct cell *cell);

// What failed is tried again, once a second at most.
void cell_disk_retry(struct cell *cell);

int64_t cell_disk_now_us(void);
void cell_disk_plant_delay(void);

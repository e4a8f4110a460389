// SPDX-License-Identifier: MIT
// The inside of struct job, for job.c (what every job does with a partition) and job_backup.c (what
// a backup does before and after).

#pragma once

#include "cluster/backup.h"
#include "cluster/cell_inside.h"
#include "disk/page_copy.h"

struct job {
    struct cell *cell;
    struct worker *worker;
    struct job_request request;
    struct job_status status;
    bool is_cancelled;
    bool is_backing_up; // the log is kept from trim_limit on
    uint64_t trim_limit;
    unsigned place; // MOVE: where to
    struct backup *backup;

    // Of the partition at work.
    uint16_t partition;
    bool has_file;
    int64_t pause_left_us; // before the next slice
    uint64_t index;        // that its file is as of
    uint64_t log_bytes;
    struct page_copy *copy;
    struct read read; // on the partition's thread
    struct task task; // on the job's
    char source[PLACE_PATH_BYTES];
    char target[PLACE_PATH_BYTES];
    enum err err; // of the step
    bool is_copied;
    bool is_linked; // BACKUP: the last one had it
    uint64_t pause_us;
    char found[160];
    // What the job's thread has to say; the loop's takes it over when the task is done.
    char said[sizeof(((struct job_status *)0)->reason)];
    char made[JOB_PATH_BYTES];

    // Of the log.
    uint64_t log_next, log_last;
    uint32_t log_count;
    struct buffer bodies;
};

// It is over: what is held is let go, what was not finished is removed.
void job_end(struct job *job, enum err err);
// ... with "doing path: why".
void job_fail(struct job *job, enum err err, const char *doing, const char *path);
// Cancelled, or the cell stops: then it has ended.
bool job_is_ended(struct job *job);

void job_next_partition(struct job *job);

// job_backup.c. Makes the backup's directory, then goes on with the first partition.
void job_begin_backup(struct job *job);
// All files are there: the log is taken, and the backup finished.
void job_take_log(struct job *job);

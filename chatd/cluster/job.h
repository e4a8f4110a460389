// SPDX-License-Identifier: MIT
// Long work on the partitions' files, one job at a time: moving one to another directory, reading
// them all against their checksums, backing them up. Its own thread reads and writes the files; the
// partition goes on serving meanwhile, because between two flushes nobody writes to its file:
//
//     hold (no flush of this partition) -> settle (flush, empty WAL) -> copy in slices -> cut over
//     (a move) -> let go
//
// What is applied meanwhile stays in the partition's memory and in the log, and is flushed into
// whichever file is the partition's then: that is the whole catching up.
//
// Owner: the cell. Thread: the loop thread.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/check.h"
#include "shared/err.h"

struct cell;

enum job_kind { JOB_MOVE, JOB_VERIFY, JOB_BACKUP };

#define JOB_RATE_DEFAULT (64ULL << 20) // bytes a second, so that clients find the disk free
#define JOB_FINDINGS_MAX 16
#define JOB_PATH_BYTES 480

struct job_request {
    enum job_kind kind;
    uint16_t first; // the partitions, both included
    uint16_t last;
    char path[JOB_PATH_BYTES]; // MOVE: one of the directories of data; BACKUP: where to
    uint64_t bytes_per_second; // 0: as fast as the disk
};

// What is wrong with a partition's file.
struct job_finding {
    uint16_t partition;
    char text[200];
};

struct job_status {
    uint64_t number; // 0: there has been none since the start
    enum job_kind kind;
    bool is_running;
    enum err err; // once it has ended
    char reason[720];
    char path[JOB_PATH_BYTES]; // BACKUP: the finished one
    uint16_t partition;        // the one at work
    uint32_t partitions;       // of the request
    uint32_t partitions_done;
    uint32_t files;                       // of those, how many have a file
    uint64_t file_bytes, file_bytes_done; // of the one at work
    uint64_t bytes;                       // read in all
    uint64_t pause_us_max;                // the longest that a partition stood still for the job
    uint64_t log_first, log_last;         // BACKUP: what it holds of the log
    int64_t started_ms, ended_ms;         // wall clock
    uint32_t finding_count;               // JOB_FINDINGS_MAX of them are kept
    struct job_finding findings[JOB_FINDINGS_MAX];
};

// ERR_BUSY: another runs. ERR_INVALID, with a sentence: the request can't be met.
enum err job_start(struct cell *cell, const struct job_request *request, char *reason,
        size_t reason_bytes) MUST_USE;

// Ends it at the next slice; what was copied and not cut over is removed. Nothing runs: no effect.
void job_cancel(struct cell *cell);

// A backup keeps the log from being trimmed, which is what a full disk needs: it ends.
void job_disk_is_full(struct cell *cell);

void job_get_status(const struct cell *cell, struct job_status *status);

// For the cell only.
struct job;
enum err job_create(struct cell *cell) MUST_USE;
void job_stop(struct cell *cell);    // ends its thread
void job_destroy(struct cell *cell); // nothing is under way any more
// The log may be trimmed up to there only; UINT64_MAX when no job needs it.
uint64_t job_trim_limit(const struct cell *cell);

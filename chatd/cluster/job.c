// SPDX-License-Identifier: MIT
// One job after the other goes through the partitions of its request; of each:
//
//     settle (partition thread) -> open, copy in slices (job thread) -> finish -> cut over or note
//
// and a backup takes the log at the end (job_backup.c). Every step is a task whose done() starts
// the next one.

#include "cluster/job.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cluster/job_inside.h"
#include "disk/database.h"
#include "disk/page_copy.h"
#include "disk/page_vfs.h"
#include "shared/clock.h"
#include "shared/failpoint.h"
#include "shared/log.h"

#define SLICE_BYTES (1 << 20)
#define NAP_US 50000

enum err job_create(struct cell *cell)
{
    struct job *job = calloc(1, sizeof(*job));

    if (job == NULL) {
        return ERR_MEMORY;
    }
    job->cell = cell;
    enum err err = worker_create("job", SIZE_MAX, cell->settings.completions, &job->worker);
    if (err != ERR_OK) {
        free(job);
        return err;
    }
    cell->job = job;
    return ERR_OK;
}

void job_stop(struct cell *cell)
{
    if (cell->job != NULL) {
        completions_deliver(cell->settings.completions); // what the log has read is to be written
        worker_destroy(cell->job->worker);
        cell->job->worker = NULL;
    }
}

void job_destroy(struct cell *cell)
{
    struct job *job = cell->job;

    if (job == NULL) {
        return;
    }
    page_copy_close(job->copy);
    backup_destroy(job->backup);
    buffer_finish(&job->bodies);
    free(job);
    cell->job = NULL;
}

uint64_t job_trim_limit(const struct cell *cell)
{
    return cell->job != NULL && cell->job->is_backing_up ? cell->job->trim_limit : UINT64_MAX;
}

void job_get_status(const struct cell *cell, struct job_status *status)
{
    *status = cell->job->status;
}

void job_cancel(struct cell *cell)
{
    cell->job->is_cancelled = cell->job->status.is_running;
}

void job_disk_is_full(struct cell *cell)
{
    struct job *job = cell->job;

    if (job != NULL && job->is_backing_up) {
        snprintf(job->status.reason, sizeof(job->status.reason), "the disk ran full");
        job->is_backing_up = false; // the log is let go at once
        job->is_cancelled = true;
    }
}

void job_end(struct job *job, enum err err)
{
    struct job_status *status = &job->status;

    page_copy_close(job->copy);
    job->copy = NULL;
    job->cell->held_partition = PARTITION_NONE;
    backup_destroy(job->backup);
    job->backup = NULL;
    job->is_backing_up = false;
    status->err = err;
    status->is_running = false;
    status->ended_ms = clock_wall_ms();
    if (err != ERR_OK && status->reason[0] == '\0') {
        snprintf(status->reason, sizeof(status->reason), "%s", err_kind(err));
    }
    log_info("job_ended", "number=%" PRIu64 " error=%s files=%u bytes=%" PRIu64 " findings=%u",
            status->number, err == ERR_OK ? "none" : err_kind(err), status->files, status->bytes,
            status->finding_count);
    cell_disk_step(job->cell);
}

void job_fail(struct job *job, enum err err, const char *doing, const char *path)
{
    snprintf(job->status.reason, sizeof(job->status.reason), "%s %s: %s", doing, path,
            err == ERR_DAMAGED             ? "damaged"
                    : err == ERR_DISK_FULL ? "the disk is full"
                                           : err_kind(err));
    job_end(job, err);
}

bool job_is_ended(struct job *job)
{
    if (job->is_cancelled || job->cell->is_stopping) {
        if (job->status.reason[0] == '\0') {
            snprintf(job->status.reason, sizeof(job->status.reason), "cancelled");
        }
        job_end(job, ERR_UNAVAILABLE);
        return true;
    }
    return false;
}

static void find(struct job *job, const char *text)
{
    struct job_status *status = &job->status;

    if (status->finding_count < JOB_FINDINGS_MAX) {
        struct job_finding *finding = &status->findings[status->finding_count];
        finding->partition = job->partition;
        snprintf(finding->text, sizeof(finding->text), "%s", text);
    }
    status->finding_count++;
    log_error("partition_finding", "partition=%u finding=\"%s\"", job->partition, text);
}

// ---- the partitions

static void let_go(struct job *job)
{
    page_copy_close(job->copy);
    job->copy = NULL;
    job->cell->held_partition = PARTITION_NONE;
    job->status.partitions_done++;
    if (job->pause_us > job->status.pause_us_max) {
        job->status.pause_us_max = job->pause_us;
    }
    cell_disk_step(job->cell);
    if (job->partition == job->request.last) {
        if (job->request.kind == JOB_BACKUP) {
            job_take_log(job);
        } else {
            job_end(job, ERR_OK);
        }
        return;
    }
    job->partition++;
    job_next_partition(job);
}

static void run_cut_over(struct read *read, struct partition *partition)
{
    struct job *job = TASK_OF(read, struct job, read);
    int64_t start = cell_disk_now_us();

    read->err = partition_cut_over(partition, job->place);
    job->pause_us += (uint64_t)(cell_disk_now_us() - start);
}

static void done_cut_over(struct read *read)
{
    struct job *job = TASK_OF(read, struct job, read);

    if (read->err != ERR_OK) {
        job_fail(job, read->err, "opening", job->target);
        return;
    }
    log_info("partition_moved", "partition=%u from=%s bytes=%" PRIu64 " pause_us=%" PRIu64,
            job->partition, job->source, job->status.file_bytes, job->pause_us);
    let_go(job);
}

static void note_verified(struct job *job)
{
    uint64_t first = 0;
    uint64_t damaged = page_copy_damaged(job->copy, &first);
    char text[200];

    if (damaged > 0) {
        snprintf(text, sizeof(text),
                "%" PRIu64 " of %" PRIu64 " pages are damaged, the first is page %" PRIu64, damaged,
                page_copy_bytes(job->copy) / PAGE_VFS_PAGE_BYTES, first);
        find(job, text);
    } else if (job->found[0] != '\0') {
        find(job, job->found);
    }
}

static void done_copied(struct job *job)
{
    switch (job->request.kind) {
    case JOB_VERIFY:
        note_verified(job);
        let_go(job);
        return;
    case JOB_BACKUP:
        job->err = backup_add(job->backup, job->partition, job->index, page_copy_bytes(job->copy),
                page_copy_hash(job->copy));
        if (job->err != ERR_OK) {
            job_fail(job, job->err, "noting", job->target);
            return;
        }
        let_go(job);
        return;
    case JOB_MOVE:
        page_copy_close(job->copy);
        job->copy = NULL;
        job->read.run = run_cut_over;
        job->read.done = done_cut_over;
        shard_push(job->cell->shards[job->partition % PARTITION_WORKERS], job->partition,
                &job->read);
        return;
    }
}

// What was read took so long; at the wanted rate it would have taken longer.
static int64_t pause_after(const struct job *job, uint64_t bytes, int64_t spent_us)
{
    uint64_t rate = job->request.bytes_per_second;
    double wanted_us = rate == 0 ? 0 : (double)bytes * 1000000.0 / (double)rate;

    return wanted_us > (double)spent_us ? (int64_t)wanted_us - spent_us : 0;
}

static void verify_structure(struct job *job)
{
    uint64_t first;

    if (page_copy_damaged(job->copy, &first) == 0 &&
            database_verify(job->source, job->found, sizeof(job->found)) != ERR_OK &&
            job->found[0] == '\0') {
        snprintf(job->found, sizeof(job->found), "cannot be read");
    }
}

// The file is opened with its first slice, or taken from the last backup as a whole.
static enum err open_copy(struct job *job)
{
    if (job->backup != NULL) {
        job->is_linked = backup_link(job->backup, job->partition, job->index);
        if (job->is_linked) {
            return ERR_OK;
        }
        backup_file(job->backup, job->partition, job->target, sizeof(job->target));
    }
    const char *target = job->request.kind == JOB_VERIFY ? NULL : job->target;
    return page_copy_open(job->source, target, &job->copy);
}

static void run_slice(struct task *task)
{
    struct job *job = TASK_OF(task, struct job, task);
    int64_t start = cell_disk_now_us();
    uint64_t before = 0;

    if (job->copy == NULL) {
        job->err = open_copy(job);
    }
    if (job->err != ERR_OK || job->is_linked) {
        return;
    }
    before = page_copy_done(job->copy);
    job->err = page_copy_step(job->copy, SLICE_BYTES, &job->is_copied);
    if (job->err == ERR_OK && job->is_copied) {
        job->err = page_copy_finish(job->copy);
    }
    if (job->err == ERR_OK && job->is_copied && job->request.kind == JOB_VERIFY) {
        verify_structure(job);
    }
    job->pause_left_us +=
            pause_after(job, page_copy_done(job->copy) - before, cell_disk_now_us() - start);
}

static void begin_slice(struct job *job);

static void done_slice(struct task *task)
{
    struct job *job = TASK_OF(task, struct job, task);
    uint64_t done = job->copy == NULL ? 0 : page_copy_done(job->copy);

    if (job->is_linked) {
        let_go(job);
        return;
    }
    job->status.bytes += done - job->status.file_bytes_done;
    job->status.file_bytes_done = done;
    job->status.file_bytes = job->copy == NULL ? 0 : page_copy_bytes(job->copy);
    if (job->err != ERR_OK) {
        // What can't be read and what can't be written is told apart by the count of bad pages.
        uint64_t first = 0;
        bool is_source = job->copy == NULL || page_copy_damaged(job->copy, &first) > 0;
        char doing[80] = "writing";
        if (is_source && first > 0) {
            snprintf(doing, sizeof(doing), "page %" PRIu64 " of", first);
        } else if (is_source) {
            snprintf(doing, sizeof(doing), "opening");
        }
        job_fail(job, job->err, doing, is_source ? job->source : job->target);
    } else if (job->is_copied) {
        done_copied(job);
    } else {
        begin_slice(job);
    }
}

// In short naps, so that a job that is cancelled, or a server that stops, waits for one at most.
static void run_nap(struct task *task)
{
    struct job *job = TASK_OF(task, struct job, task);
    int64_t nap_us = job->pause_left_us < NAP_US ? job->pause_left_us : NAP_US;

    nanosleep(&(struct timespec){ .tv_nsec = nap_us * 1000 }, NULL);
    job->pause_left_us -= nap_us;
}

static void done_nap(struct task *task)
{
    begin_slice(TASK_OF(task, struct job, task));
}

static void begin_slice(struct job *job)
{
    if (job_is_ended(job)) {
        return;
    }
    // No pauses while the log grows too long behind a flush that is held back.
    if (tail_bytes(job->cell->tail) > job->cell->settings.log_tail_bytes_max) {
        job->pause_left_us = 0;
    }
    bool is_napping = job->pause_left_us > 0;
    job->task = is_napping ? (struct task){ .run = run_nap, .done = done_nap }
                           : (struct task){ .run = run_slice, .done = done_slice };
    worker_push(job->worker, &job->task);
}

// On the partition's thread.
static void run_settle(struct read *read, struct partition *partition)
{
    struct job *job = TASK_OF(read, struct job, read);
    int64_t start = cell_disk_now_us();

    job->has_file = partition_state(partition) != PARTITION_ABSENT;
    if (partition_state(partition) == PARTITION_QUARANTINED) {
        snprintf(job->found, sizeof(job->found), "%.150s", partition_reason(partition));
    }
    if (!job->has_file) {
        return;
    }
    read->err = partition_settle(partition);
    job->pause_us = (uint64_t)(cell_disk_now_us() - start);
    job->index = partition_disk_index(partition);
    partition_path(partition, job->source);
    if (job->request.kind == JOB_MOVE) {
        partition_copy_path(partition, job->place, job->target);
        job->has_file = partition_place(partition) != job->place; // there already
    }
}

static void done_settle(struct read *read)
{
    struct job *job = TASK_OF(read, struct job, read);
    struct cell *cell = job->cell;

    if (job->has_file && read->err == ERR_OK) {
        cell->disk_index[job->partition] = job->index;
        tail_flushed(cell->tail, job->partition, job->index, job->log_bytes);
    } else if (job->has_file && read->err != ERR_DISK_FULL) {
        cell_quarantine(cell, job->partition);
    }
    if (job->has_file && read->err != ERR_OK && job->request.kind == JOB_VERIFY) {
        find(job, job->found[0] == '\0' ? "cannot be written" : job->found);
        job->has_file = false;
    }
    if (!job->has_file) {
        let_go(job);
        return;
    }
    job->status.files++;
    if (read->err == ERR_DISK_FULL) {
        job_fail(job, read->err, "writing", job->source);
        return;
    }
    if (read->err != ERR_OK) {
        job_fail(job, read->err, "partition out of order:", job->found);
        return;
    }
    begin_slice(job);
}

void job_next_partition(struct job *job)
{
    struct cell *cell = job->cell;

    if (job_is_ended(job)) {
        return;
    }
    job->status.partition = job->partition;
    job->status.file_bytes = job->status.file_bytes_done = 0;
    job->found[0] = '\0';
    job->err = ERR_OK;
    job->is_copied = job->is_linked = false;
    job->pause_us = 0;
    job->log_bytes = tail_log_bytes(cell->tail);
    cell->held_partition = job->partition;
    job->read = (struct read){ .run = run_settle, .done = done_settle };
    shard_push(cell->shards[job->partition % PARTITION_WORKERS], job->partition, &job->read);
}

// ---- the beginning

static enum err find_place(struct job *job, char *reason, size_t reason_bytes)
{
    job->place = places_of(&job->cell->settings.directory->places, job->request.path);
    if (job->place == PLACES_MAX) {
        snprintf(reason, reason_bytes,
                "%.300s is none of the directories of data (chatd.conf): add it there, and start "
                "chatd again",
                job->request.path);
        return ERR_INVALID;
    }
    return ERR_OK;
}

enum err job_start(struct cell *cell, const struct job_request *request, char *reason,
        size_t reason_bytes)
{
    struct job *job = cell->job;

    if (job->status.is_running) {
        snprintf(reason, reason_bytes, "another job is at work: wait for it, or cancel it");
        return ERR_BUSY;
    }
    if (request->last >= cell->partition_count || request->first > request->last) {
        snprintf(reason, reason_bytes, "there is no such partition");
        return ERR_NOT_FOUND;
    }
    if (request->kind == JOB_BACKUP &&
            (request->path[0] != '/' || strlen(request->path) > BACKUP_PATH_BYTES_MAX)) {
        snprintf(reason, reason_bytes,
                "the directory of backups must begin with /, and have at most %d bytes",
                BACKUP_PATH_BYTES_MAX);
        return ERR_INVALID;
    }
    job->request = *request;
    enum err err = request->kind == JOB_MOVE ? find_place(job, reason, reason_bytes) : ERR_OK;
    if (err != ERR_OK) {
        return err;
    }
    job->status = (struct job_status){
        .number = job->status.number + 1,
        .kind = request->kind,
        .is_running = true,
        .partitions = (uint32_t)request->last - request->first + 1,
        .started_ms = clock_wall_ms(),
    };
    job->is_cancelled = false;
    job->pause_left_us = 0;
    job->partition = request->first;
    if (request->kind == JOB_BACKUP) {
        job_begin_backup(job);
    } else {
        job_next_partition(job);
    }
    return ERR_OK;
}

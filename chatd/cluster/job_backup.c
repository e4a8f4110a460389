// SPDX-License-Identifier: MIT
// What a backup does beside copying files: its directory before, the log and the manifest after.

#include "cluster/job_inside.h"

#include <stdio.h>

#include "shared/failpoint.h"

#define LOG_SLICE_BYTES (1 << 20)

static void run_begin_backup(struct task *task)
{
    struct job *job = TASK_OF(task, struct job, task);

    job->err = backup_create(job->request.path, job->cell->settings.directory,
            job->status.started_ms, &job->backup, job->said, sizeof(job->said));
}

static void done_begin_backup(struct task *task)
{
    struct job *job = TASK_OF(task, struct job, task);

    if (job->err != ERR_OK) {
        snprintf(job->status.reason, sizeof(job->status.reason), "%s", job->said);
        job_end(job, job->err);
    } else {
        job_next_partition(job);
    }
}

void job_begin_backup(struct job *job)
{
    struct cell *cell = job->cell;
    uint64_t begins = cell->status.log_first_index;
    uint64_t trimmed = tail_trim_index(cell->tail);

    // Pinned first: from here on the log keeps everything that some file lacks.
    job->trim_limit = begins > trimmed + 1 ? begins - 1 : trimmed;
    job->is_backing_up = true;
    job->task = (struct task){ .run = run_begin_backup, .done = done_begin_backup };
    worker_push(job->worker, &job->task);
}

static void begin_log_slice(struct job *job);

static void done_log_written(struct task *task)
{
    struct job *job = TASK_OF(task, struct job, task);

    if (job->err != ERR_OK) {
        job_fail(job, job->err, "writing the log to", job->request.path);
        return;
    }
    job->log_next += job->log_count;
    job->status.log_last = job->log_next - 1;
    begin_log_slice(job);
}

static void run_log_write(struct task *task)
{
    struct job *job = TASK_OF(task, struct job, task);

    job->err = backup_add_log(job->backup, job->log_next,
            (struct bytes){ job->bodies.data, (uint32_t)job->bodies.bytes });
}

static enum err gather_body(void *context, uint64_t index, struct bytes body)
{
    struct job *job = context;

    if (index > job->log_last || job->bodies.bytes > LOG_SLICE_BYTES) {
        return ERR_EXISTS; // enough
    }
    buffer_add(&job->bodies, &body.size, sizeof(body.size));
    buffer_add(&job->bodies, body.data, body.size);
    job->log_count++;
    return buffer_is_whole(&job->bodies) ? ERR_OK : ERR_MEMORY;
}

// On the log thread: the journal is its own.
static void run_log_read(struct task *task)
{
    struct job *job = TASK_OF(task, struct job, task);

    buffer_clear(&job->bodies);
    job->log_count = 0;
    job->err = job->log_next > job->log_last
            ? ERR_OK
            : journal_read(job->cell->journal, job->log_next, gather_body, job);
    if (job->err == ERR_EXISTS) {
        job->err = ERR_OK;
    }
}

static void done_log_read(struct task *task)
{
    struct job *job = TASK_OF(task, struct job, task);

    if (job->err != ERR_OK) {
        job_fail(job, job->err, "reading the log for", job->request.path);
        return;
    }
    job->task = (struct task){ .run = run_log_write, .done = done_log_written };
    worker_push(job->worker, &job->task);
}

static void run_backup_end(struct task *task)
{
    struct job *job = TASK_OF(task, struct job, task);

    if (FAILPOINT("backup.manifest")) {
        job->err = ERR_IO;
        return;
    }
    job->err = backup_finish(job->backup, job->log_last, job->made, sizeof(job->made));
}

static void done_backup_end(struct task *task)
{
    struct job *job = TASK_OF(task, struct job, task);

    if (job->err != ERR_OK) {
        job_fail(job, job->err, "finishing the backup in", job->request.path);
    } else {
        snprintf(job->status.path, sizeof(job->status.path), "%s", job->made);
        job_end(job, ERR_OK);
    }
}

static void begin_log_slice(struct job *job)
{
    if (job_is_ended(job)) {
        return;
    }
    bool is_whole = job->log_next > job->log_last && job->status.log_first != 0;
    if (is_whole) {
        job->task = (struct task){ .run = run_backup_end, .done = done_backup_end };
        worker_push(job->worker, &job->task);
        return;
    }
    job->status.log_first = job->trim_limit + 1;
    job->task = (struct task){ .run = run_log_read, .done = done_log_read };
    worker_push(job->cell->log, &job->task);
}

// All files are copied; each lacks what came after its index. What is durable now is the end: no
// file is ahead of it.
void job_take_log(struct job *job)
{
    job->log_next = job->trim_limit + 1;
    job->log_last = job->cell->next_index - 1;
    begin_log_slice(job);
}

// SPDX-License-Identifier: MIT
// The thread border. A worker is one thread that runs tasks in the order they were posted; a
// finished task comes back to the loop thread through a completion queue. This is the only file
// that knows of threads, and a simulation links another worker.c.
//
// Owner:  whoever posts a task owns it again when its done() is called.
// Thread: worker_post() and completions_deliver() on the loop thread; run() on the worker's;
//         done() on the loop thread.
// Bound:  a worker holds at most queue_max posted tasks; what is posted to a full one is refused.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "shared/check.h"
#include "shared/err.h"

struct task {
    struct task *next; // the queue's
    void (*run)(struct task *task);
    void (*done)(struct task *task);
};

// clang-format would take (task) for a cast.
// clang-format off
#define TASK_OF(task, type, member) ((type *)(void *)((char *)(task) - offsetof(type, member)))
// clang-format on

struct completions;
struct worker;

// wake is called from worker threads when there is something to deliver.
struct completions *completions_create(void (*wake)(void *context), void *context) MUST_USE;
void completions_destroy(struct completions *completions);

// Calls done() of every finished task, in the order they finished; of one worker, the order posted.
void completions_deliver(struct completions *completions);

// Blocks until there is something to deliver: for the start, when there is no loop yet.
void completions_wait(struct completions *completions);

enum err worker_create(const char *name, size_t queue_max, struct completions *completions,
        struct worker **worker) MUST_USE;

// Runs what is queued, then ends the thread. The tasks' done() may still be undelivered.
void worker_destroy(struct worker *worker);

// ERR_BUSY when the queue is full; the task is then still the caller's and untouched.
enum err worker_post(struct worker *worker, struct task *task) MUST_USE;

// The same without the bound, for work that must not be refused and that its poster bounds itself
// (a durable batch).
void worker_push(struct worker *worker, struct task *task);

size_t worker_waiting(struct worker *worker);

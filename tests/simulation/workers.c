// SPDX-License-Identifier: MIT
// The thread border without threads (instead of chatd/thread/worker.c): what is posted runs when
// the simulation says so, each worker's tasks in the order they were posted, the workers in an
// order that follows from the seed.

#include "tests/simulation/workers.h"

#include <stdlib.h>
#include <string.h>

#include "tests/simulation/life.h"
#include "thread/worker.h"

#define WORKERS_MAX 32

struct queue {
    struct task *first;
    struct task *last;
    size_t count;
};

struct completions {
    struct queue queue;
    void (*wake)(void *context);
    void *context;
};

struct worker {
    struct queue queue;
    size_t queue_max;
    struct completions *completions;
};

static struct {
    struct worker *all[WORKERS_MAX];
    size_t count;
    struct chance chance;
    uint64_t run;
} workers;

void workers_reset(uint64_t seed, uint64_t life)
{
    workers.count = 0;
    chance_init(&workers.chance, seed, 3 + 16 * life);
}

static void push(struct queue *queue, struct task *task)
{
    task->next = NULL;
    if (queue->first == NULL) {
        queue->first = task;
    } else {
        queue->last->next = task;
    }
    queue->last = task;
    queue->count++;
}

static struct task *pop(struct queue *queue)
{
    struct task *task = queue->first;

    queue->first = task->next;
    queue->count--;
    return task;
}

struct completions *completions_create(void (*wake)(void *context), void *context)
{
    struct completions *completions = calloc(1, sizeof(*completions));

    if (completions != NULL) {
        completions->wake = wake;
        completions->context = context;
    }
    return completions;
}

void completions_destroy(struct completions *completions)
{
    free(completions);
}

void completions_deliver(struct completions *completions)
{
    struct task *task = completions->queue.first;

    completions->queue = (struct queue){ 0 };
    while (task != NULL) {
        struct task *next = task->next;
        life_pass("completion");
        task->done(task);
        task = next;
    }
}

void completions_wait(struct completions *completions)
{
    while (completions->queue.first == NULL) {
        CHECK(workers_run_one()); // else it would wait for ever
    }
}

static void run_first(struct worker *worker)
{
    struct task *task = pop(&worker->queue);

    workers.run++;
    life_pass("task");
    task->run(task);
    push(&worker->completions->queue, task);
    worker->completions->wake(worker->completions->context);
}

bool workers_run_one(void)
{
    size_t busy[WORKERS_MAX], count = 0;

    for (size_t i = 0; i < workers.count; i++) {
        if (workers.all[i] != NULL && workers.all[i]->queue.first != NULL) {
            busy[count++] = i;
        }
    }
    if (count == 0) {
        return false;
    }
    run_first(workers.all[busy[chance_below(&workers.chance, count)]]);
    return true;
}

bool workers_have_work(void)
{
    for (size_t i = 0; i < workers.count; i++) {
        if (workers.all[i] != NULL && workers.all[i]->queue.first != NULL) {
            return true;
        }
    }
    return false;
}

uint64_t workers_tasks_run(void)
{
    return workers.run;
}

enum err worker_create(const char *name, size_t queue_max, struct completions *completions,
        struct worker **out)
{
    struct worker *worker = calloc(1, sizeof(*worker));

    (void)name;
    *out = worker;
    if (worker == NULL) {
        return ERR_MEMORY;
    }
    worker->queue_max = queue_max;
    worker->completions = completions;
    CHECK(workers.count < WORKERS_MAX);
    workers.all[workers.count++] = worker;
    return ERR_OK;
}

void worker_destroy(struct worker *worker)
{
    if (worker == NULL) {
        return;
    }
    while (worker->queue.first != NULL) {
        run_first(worker);
    }
    for (size_t i = 0; i < workers.count; i++) {
        if (workers.all[i] == worker) {
            workers.all[i] = NULL;
        }
    }
    free(worker);
}

enum err worker_post(struct worker *worker, struct task *task)
{
    if (worker->queue.count >= worker->queue_max) {
        return ERR_BUSY;
    }
    push(&worker->queue, task);
    return ERR_OK;
}

void worker_push(struct worker *worker, struct task *task)
{
    push(&worker->queue, task);
}

size_t worker_waiting(struct worker *worker)
{
    return worker->queue.count;
}

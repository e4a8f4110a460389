// SPDX-License-Identifier: MIT
#include "thread/worker.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// A singly linked queue with a lock. Takers take everything at once, so the lock is rarely waited
// for.
struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct task *first;
    struct task **last;
    size_t count;
    bool is_closed;
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
    pthread_t thread;
};

static void queue_init(struct queue *queue)
{
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->filled, NULL);
    queue->first = NULL;
    queue->last = &queue->first;
    queue->count = 0;
    queue->is_closed = false;
}

static void queue_finish(struct queue *queue)
{
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->lock);
}

// Returns how many were waiting before.
static size_t queue_push_locked(struct queue *queue, struct task *task)
{
    task->next = NULL;
    *queue->last = task;
    queue->last = &task->next;
    return queue->count++;
}

static struct task *queue_take_locked(struct queue *queue)
{
    struct task *first = queue->first;

    queue->first = NULL;
    queue->last = &queue->first;
    queue->count = 0;
    return first;
}

struct completions *completions_create(void (*wake)(void *context), void *context)
{
    struct completions *completions = calloc(1, sizeof(*completions));

    if (completions != NULL) {
        queue_init(&completions->queue);
        completions->wake = wake;
        completions->context = context;
    }
    return completions;
}

void completions_destroy(struct completions *completions)
{
    if (completions == NULL) {
        return;
    }
    queue_finish(&completions->queue);
    free(completions);
}

void completions_deliver(struct completions *completions)
{
    pthread_mutex_lock(&completions->queue.lock);
    struct task *task = queue_take_locked(&completions->queue);
    pthread_mutex_unlock(&completions->queue.lock);
    while (task != NULL) {
        struct task *next = task->next;
        task->done(task);
        task = next;
    }
}

static void complete(struct completions *completions, struct task *task)
{
    pthread_mutex_lock(&completions->queue.lock);
    size_t before = queue_push_locked(&completions->queue, task);
    pthread_mutex_unlock(&completions->queue.lock);
    // With something waiting before, the loop has been woken and has not looked yet.
    if (before == 0) {
        pthread_cond_signal(&completions->queue.filled);
        completions->wake(completions->context);
    }
}

void completions_wait(struct completions *completions)
{
    struct queue *queue = &completions->queue;

    pthread_mutex_lock(&queue->lock);
    while (queue->first == NULL) {
        pthread_cond_wait(&queue->filled, &queue->lock);
    }
    pthread_mutex_unlock(&queue->lock);
}

static struct task *wait_for_tasks(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->first == NULL && !queue->is_closed) {
        pthread_cond_wait(&queue->filled, &queue->lock);
    }
    struct task *task = queue_take_locked(queue);
    pthread_mutex_unlock(&queue->lock);
    return task;
}

static void *serve(void *context)
{
    struct worker *worker = context;
    struct task *task;

    while ((task = wait_for_tasks(&worker->queue)) != NULL) {
        while (task != NULL) {
            struct task *next = task->next;
            task->run(task);
            complete(worker->completions, task);
            task = next;
        }
    }
    return NULL;
}

enum err worker_create(const char *name, size_t queue_max, struct completions *completions,
        struct worker **out)
{
    struct worker *worker = calloc(1, sizeof(*worker));

    *out = NULL;
    if (worker == NULL) {
        return ERR_MEMORY;
    }
    queue_init(&worker->queue);
    worker->queue_max = queue_max;
    worker->completions = completions;
    if (pthread_create(&worker->thread, NULL, serve, worker) != 0) {
        queue_finish(&worker->queue);
        free(worker);
        return ERR_MEMORY;
    }
    pthread_setname_np(worker->thread, name);
    *out = worker;
    return ERR_OK;
}

void worker_destroy(struct worker *worker)
{
    if (worker == NULL) {
        return;
    }
    pthread_mutex_lock(&worker->queue.lock);
    worker->queue.is_closed = true;
    pthread_cond_signal(&worker->queue.filled);
    pthread_mutex_unlock(&worker->queue.lock);
    pthread_join(worker->thread, NULL);
    queue_finish(&worker->queue);
    free(worker);
}

static enum err push_below(struct worker *worker, struct task *task, size_t count_max)
{
    pthread_mutex_lock(&worker->queue.lock);
    bool is_full = worker->queue.count >= count_max;
    size_t before = is_full ? 1 : queue_push_locked(&worker->queue, task);
    pthread_mutex_unlock(&worker->queue.lock);
    if (before == 0) {
        pthread_cond_signal(&worker->queue.filled);
    }
    return is_full ? ERR_BUSY : ERR_OK;
}

enum err worker_post(struct worker *worker, struct task *task)
{
    return push_below(worker, task, worker->queue_max);
}

void worker_push(struct worker *worker, struct task *task)
{
    CHECK(push_below(worker, task, SIZE_MAX) == ERR_OK);
}

size_t worker_waiting(struct worker *worker)
{
    pthread_mutex_lock(&worker->queue.lock);
    size_t count = worker->queue.count;
    pthread_mutex_unlock(&worker->queue.lock);
    return count;
}

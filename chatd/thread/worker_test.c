// SPDX-License-Identifier: MIT
#include "thread/worker.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define WORKERS 4
#define TASKS 10000

struct job {
    struct task task;
    int worker;
    int number;
    bool has_run;
};

// A loop thread in small: sleeps until it is woken, as the loop does on its eventfd.
static struct {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    int wakes;
} loop = { .lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER };

static struct completions *completions;
static int run_next[WORKERS];  // each written by its worker only
static int done_next[WORKERS]; // the loop's
static int done_count;

static void wake(void *context)
{
    assert_ptr_equal(context, &loop);
    pthread_mutex_lock(&loop.lock);
    loop.wakes++;
    pthread_cond_signal(&loop.woken);
    pthread_mutex_unlock(&loop.lock);
}

static void wait_for_wake(void)
{
    pthread_mutex_lock(&loop.lock);
    while (loop.wakes == 0) {
        pthread_cond_wait(&loop.woken, &loop.lock);
    }
    loop.wakes = 0;
    pthread_mutex_unlock(&loop.lock);
}

static int set_up(void **state)
{
    (void)state;
    memset(run_next, 0, sizeof(run_next));
    memset(done_next, 0, sizeof(done_next));
    done_count = 0;
    loop.wakes = 0;
    completions = completions_create(wake, &loop);
    return completions == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    completions_destroy(completions);
    return 0;
}

static void run(struct task *task)
{
    struct job *job = TASK_OF(task, struct job, task);

    CHECK(job->number == run_next[job->worker]);
    run_next[job->worker]++;
    job->has_run = true;
}

static void done(struct task *task)
{
    struct job *job = TASK_OF(task, struct job, task);

    assert_true(job->has_run);
    assert_int_equal(job->number, done_next[job->worker]);
    done_next[job->worker]++;
    done_count++;
}

static struct worker *start(size_t queue_max)
{
    struct worker *worker;

    assert_int_equal(worker_create("test", queue_max, completions, &worker), ERR_OK);
    return worker;
}

// Posts until the worker is full; returns how many were posted in all.
static int post_some(struct worker *worker, struct job *jobs, int posted)
{
    while (posted < TASKS && worker_post(worker, &jobs[posted].task) == ERR_OK) {
        posted++;
    }
    return posted;
}

static void nothing_is_lost_and_each_workers_order_is_kept(void **state)
{
    static struct job jobs[WORKERS][TASKS];
    struct worker *workers[WORKERS];
    int posted[WORKERS] = { 0 };

    (void)state;
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = start(64);
        for (int j = 0; j < TASKS; j++) {
            jobs[i][j] = (struct job){ { NULL, run, done }, i, j, false };
        }
    }
    while (done_count < WORKERS * TASKS) {
        for (int i = 0; i < WORKERS; i++) {
            posted[i] = post_some(workers[i], jobs[i], posted[i]);
        }
        wait_for_wake();
        completions_deliver(completions);
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(done_next[i], TASKS);
        assert_int_equal(worker_waiting(workers[i]), 0);
        worker_destroy(workers[i]);
    }
}

// Holds its worker until the gate is opened.
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_reached;
    bool is_open;
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void run_gate(struct task *task)
{
    pthread_mutex_lock(&gate.lock);
    gate.is_reached = true;
    pthread_cond_broadcast(&gate.changed);
    while (!gate.is_open) {
        pthread_cond_wait(&gate.changed, &gate.lock);
    }
    pthread_mutex_unlock(&gate.lock);
    run(task);
}

static struct worker *start_held(size_t queue_max, struct job *holder)
{
    struct worker *worker = start(queue_max);

    gate.is_reached = gate.is_open = false;
    *holder = (struct job){ .task = { NULL, run_gate, done } };
    assert_int_equal(worker_post(worker, &holder->task), ERR_OK);
    pthread_mutex_lock(&gate.lock);
    while (!gate.is_reached) {
        pthread_cond_wait(&gate.changed, &gate.lock);
    }
    pthread_mutex_unlock(&gate.lock);
    return worker;
}

static void open_gate(void)
{
    pthread_mutex_lock(&gate.lock);
    gate.is_open = true;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static void a_full_worker_refuses_and_keeps_what_it_has(void **state)
{
    struct job jobs[5];
    struct task untouched;
    struct worker *worker = start_held(3, &jobs[0]);

    (void)state;
    for (int i = 1; i < 5; i++) {
        jobs[i] = (struct job){ { NULL, run, done }, 0, i, false };
        untouched = jobs[i].task;
        assert_int_equal(worker_post(worker, &jobs[i].task), i < 4 ? ERR_OK : ERR_BUSY);
    }
    assert_memory_equal(&jobs[4].task, &untouched, sizeof(untouched));
    assert_int_equal(worker_waiting(worker), 3);
    worker_push(worker, &jobs[4].task); // work that must not be refused
    assert_int_equal(worker_waiting(worker), 4);
    open_gate();
    while (done_count < 5) {
        completions_wait(completions);
        completions_deliver(completions);
    }
    worker_destroy(worker);
}

static void stopping_runs_what_is_queued(void **state)
{
    struct job jobs[100];
    struct worker *worker = start_held(100, &jobs[0]);

    (void)state;
    for (int i = 1; i < 100; i++) {
        jobs[i] = (struct job){ { NULL, run, done }, 0, i, false };
        assert_int_equal(worker_post(worker, &jobs[i].task), ERR_OK);
    }
    open_gate();
    worker_destroy(worker);
    assert_int_equal(run_next[0], 100);
    assert_int_equal(done_count, 0);
    completions_deliver(completions);
    assert_int_equal(done_count, 100);
    completions_deliver(completions);
    assert_int_equal(done_count, 100);
    worker_destroy(NULL);
}

static struct worker *poster;
static struct job second;

static void done_and_post(struct task *task)
{
    done(task);
    second = (struct job){ { NULL, run, done }, 0, 1, false };
    assert_int_equal(worker_post(poster, &second.task), ERR_OK);
}

static void a_done_may_post_the_next_task(void **state)
{
    struct job first = { { NULL, run, done_and_post }, 0, 0, false };

    (void)state;
    poster = start(1);
    assert_int_equal(worker_post(poster, &first.task), ERR_OK);
    while (done_count < 2) {
        completions_wait(completions);
        completions_deliver(completions);
    }
    worker_destroy(poster);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_lost_and_each_workers_order_is_kept),
        CASE(a_full_worker_refuses_and_keeps_what_it_has),
        CASE(stopping_runs_what_is_queued),
        CASE(a_done_may_post_the_next_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "net/loop.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ev.h>

#include "net/loop_hook.h"

#define TICK_SECONDS 1.0

static const int watched_signals[] = { SIGTERM, SIGINT, SIGHUP };

#define SIGNAL_COUNT (sizeof(watched_signals) / sizeof(watched_signals[0]))

struct loop {
    struct ev_loop *ev;
    struct loop_handlers handlers;
    struct loop_hook hook;
    struct ev_async wake;
    struct ev_timer tick;
    struct ev_idle once_more;
    struct ev_check turn_begin;
    struct ev_prepare turn_end;
    struct ev_signal signals[SIGNAL_COUNT];
    int64_t now_ms;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_wake(struct ev_loop *ev, struct ev_async *watcher, int events)
{
    struct loop *loop = watcher->data;

    (void)ev;
    (void)events;
    if (loop->handlers.on_wake != NULL) {
        loop->handlers.on_wake(loop->handlers.context);
    }
}

static void on_tick(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
    struct loop *loop = watcher->data;

    (void)ev;
    (void)events;
    if (loop->handlers.on_tick != NULL) {
        loop->handlers.on_tick(loop->handlers.context);
    }
}

static void on_signal(struct ev_loop *ev, struct ev_signal *watcher, int events)
{
    struct loop *loop = watcher->data;

    (void)ev;
    (void)events;
    loop->handlers.on_signal(loop->handlers.context, watcher->signum);
}

// The watcher has done its work by keeping libev from sleeping once.
static void on_once_more(struct ev_loop *ev, struct ev_idle *watcher, int events)
{
    (void)events;
    ev_idle_stop(ev, watcher);
}

static void on_turn_begin(struct ev_loop *ev, struct ev_check *watcher, int events)
{
    struct loop *loop = watcher->data;

    (void)ev;
    (void)events;
    loop->now_ms = monotonic_ms();
}

// libev calls this right before it may sleep, hence after everything that ran in this turn.
static void on_turn_end(struct ev_loop *ev, struct ev_prepare *watcher, int events)
{
    struct loop *loop = watcher->data;

    (void)ev;
    (void)events;
    if (loop->hook.before_turn_end != NULL) {
        loop->hook.before_turn_end(loop->hook.context);
    }
    if (loop->handlers.on_turn_end != NULL) {
        loop->handlers.on_turn_end(loop->handlers.context);
    }
    if (loop->hook.after_turn_end != NULL) {
        loop->hook.after_turn_end(loop->hook.context);
    }
}

// libev allows one loop per signal; a process with several loops gives one of them on_signal.
static void signals_start(struct loop *loop)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        ev_signal_init(&loop->signals[i], on_signal, watched_signals[i]);
        loop->signals[i].data = loop;
        ev_signal_start(loop->ev, &loop->signals[i]);
    }
}

static void watchers_start(struct loop *loop)
{
    ev_async_init(&loop->wake, on_wake);
    ev_timer_init(&loop->tick, on_tick, TICK_SECONDS, TICK_SECONDS);
    ev_idle_init(&loop->once_more, on_once_more);
    ev_check_init(&loop->turn_begin, on_turn_begin);
    ev_prepare_init(&loop->turn_end, on_turn_end);
    ev_set_priority(&loop->turn_begin, EV_MAXPRI);
    loop->wake.data = loop;
    loop->tick.data = loop;
    loop->turn_begin.data = loop;
    loop->turn_end.data = loop;

    ev_async_start(loop->ev, &loop->wake);
    ev_check_start(loop->ev, &loop->turn_begin);
    ev_prepare_start(loop->ev, &loop->turn_end);
}

enum err loop_create(const struct loop_handlers *handlers, struct loop **loop_out)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL) {
        return ERR_MEMORY;
    }
    loop->ev = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
    if (loop->ev == NULL) {
        free(loop);
        return ERR_IO;
    }
    loop->handlers = *handlers;
    loop->now_ms = monotonic_ms();
    // A peer that left shows as an error of the write, not as the end of the process.
    signal(SIGPIPE, SIG_IGN);

    watchers_start(loop);
    if (handlers->on_signal != NULL) {
        signals_start(loop);
    }
    *loop_out = loop;
    return ERR_OK;
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    if (loop->handlers.on_signal != NULL) {
        for (size_t i = 0; i < SIGNAL_COUNT; i++) {
            ev_signal_stop(loop->ev, &loop->signals[i]);
        }
    }
    ev_async_stop(loop->ev, &loop->wake);
    ev_timer_stop(loop->ev, &loop->tick);
    ev_idle_stop(loop->ev, &loop->once_more);
    ev_check_stop(loop->ev, &loop->turn_begin);
    ev_prepare_stop(loop->ev, &loop->turn_end);
    ev_loop_destroy(loop->ev);
    free(loop);
}

void loop_run(struct loop *loop)
{
    ev_run(loop->ev, 0);
}

void loop_stop(struct loop *loop)
{
    ev_break(loop->ev, EVBREAK_ALL);
}

void loop_wake(struct loop *loop)
{
    ev_async_send(loop->ev, &loop->wake);
}

void loop_tick_enable(struct loop *loop, int is_enabled)
{
    if (!is_enabled) {
        ev_timer_stop(loop->ev, &loop->tick);
    } else if (!ev_is_active(&loop->tick)) {
        // libev's idea of now may be as old as the last sleep was long.
        ev_now_update(loop->ev);
        ev_timer_set(&loop->tick, TICK_SECONDS, TICK_SECONDS);
        ev_timer_start(loop->ev, &loop->tick);
    }
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

void loop_hook_set(struct loop *loop, const struct loop_hook *hook)
{
    if (hook == NULL) {
        memset(&loop->hook, 0, sizeof(loop->hook));
    } else {
        loop->hook = *hook;
    }
}

struct ev_loop *loop_ev(const struct loop *loop)
{
    return loop->ev;
}

void loop_once_more(struct loop *loop)
{
    ev_idle_start(loop->ev, &loop->once_more);
}

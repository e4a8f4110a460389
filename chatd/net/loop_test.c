// SPDX-License-Identifier: MIT
#include "net/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct counts {
    struct loop *loop;
    int wakes;
    int ticks;
    int turns;
    int signals;
    int stop_at_wakes;
    int stop_at_ticks;
};

static void on_wake(void *context)
{
    struct counts *counts = context;

    counts->wakes++;
    if (counts->wakes == counts->stop_at_wakes) {
        loop_stop(counts->loop);
    }
}

static void on_tick(void *context)
{
    struct counts *counts = context;

    counts->ticks++;
    if (counts->ticks == counts->stop_at_ticks) {
        loop_stop(counts->loop);
    }
}

static void on_turn_end(void *context)
{
    ((struct counts *)context)->turns++;
}

static void on_signal(void *context, int signal_number)
{
    struct counts *counts = context;

    counts->signals += signal_number;
    loop_stop(counts->loop);
}

static void counts_init(struct counts *counts, bool has_signals)
{
    const struct loop_handlers handlers = { counts, on_wake, on_turn_end, on_tick,
        has_signals ? on_signal : NULL };

    memset(counts, 0, sizeof(*counts));
    assert_int_equal(loop_create(&handlers, &counts->loop), ERR_OK);
}

static void wakes_are_folded_and_end_the_turn(void **state)
{
    struct counts counts;

    (void)state;
    counts_init(&counts, false);
    counts.stop_at_wakes = 1;
    loop_wake(counts.loop);
    loop_wake(counts.loop);
    loop_wake(counts.loop);
    loop_run(counts.loop);
    assert_int_equal(counts.wakes, 1);
    assert_true(counts.turns >= 1);
    assert_int_equal(counts.ticks, 0);
    loop_destroy(counts.loop);
}

static void a_tick_comes_once_a_second_and_the_clock_follows(void **state)
{
    struct counts counts;
    int64_t begin_ms;

    (void)state;
    counts_init(&counts, false);
    counts.stop_at_ticks = 2;
    begin_ms = loop_now_ms(counts.loop);
    loop_tick_enable(counts.loop, 1);
    loop_tick_enable(counts.loop, 1);
    loop_run(counts.loop);
    assert_int_equal(counts.ticks, 2);
    assert_in_range(loop_now_ms(counts.loop) - begin_ms, 1900, 2900);
    // Two ticks are two turns, and what starts and stops the loop one or two more.
    assert_in_range(counts.turns, 2, 4);
    loop_destroy(counts.loop);
}

static void a_tick_enabled_after_a_long_sleep_does_not_come_early(void **state)
{
    struct counts counts;
    struct timespec pause = { 1, 500000000 };
    int64_t begin_ms;
    struct timespec now;

    (void)state;
    counts_init(&counts, false);
    counts.stop_at_ticks = 1;
    nanosleep(&pause, NULL);
    clock_gettime(CLOCK_MONOTONIC, &now);
    begin_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    loop_tick_enable(counts.loop, 1);
    loop_run(counts.loop);
    assert_in_range(loop_now_ms(counts.loop) - begin_ms, 950, 1900);
    loop_destroy(counts.loop);
}

static void a_signal_is_told(void **state)
{
    struct counts counts;

    (void)state;
    counts_init(&counts, true);
    kill(getpid(), SIGHUP);
    loop_run(counts.loop);
    assert_int_equal(counts.signals, SIGHUP);
    loop_destroy(counts.loop);
}

static void several_loops_live_side_by_side(void **state)
{
    struct counts one;
    struct counts other;

    (void)state;
    counts_init(&one, true);
    counts_init(&other, false);
    one.stop_at_wakes = other.stop_at_wakes = 1;
    loop_wake(one.loop);
    loop_wake(other.loop);
    loop_run(other.loop);
    assert_int_equal(one.wakes, 0);
    loop_run(one.loop);
    assert_int_equal(one.wakes, 1);
    assert_int_equal(other.wakes, 1);
    loop_destroy(one.loop);
    loop_destroy(other.loop);
    loop_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wakes_are_folded_and_end_the_turn),
        cmocka_unit_test(a_tick_comes_once_a_second_and_the_clock_follows),
        cmocka_unit_test(a_tick_enabled_after_a_long_sleep_does_not_come_early),
        cmocka_unit_test(a_signal_is_told),
        cmocka_unit_test(several_loops_live_side_by_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

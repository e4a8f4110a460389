// SPDX-License-Identifier: MIT
#include "session/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "shared/limits.h"

static void push(struct window *window, uint64_t useq, uint32_t bytes)
{
    const struct shown shown = { .useq = useq, .bytes = bytes };

    assert_true(window_fits(window, bytes));
    assert_true(window_push(window, &shown));
}

static void a_window_is_full_at_its_count(void **state)
{
    struct window window = { 0 };

    (void)state;
    assert_int_equal(window_room(&window), WINDOW_EVENTS);
    for (uint32_t i = 0; i < WINDOW_EVENTS; i++) {
        push(&window, i, 1);
    }
    assert_int_equal(window_room(&window), 0);
    assert_false(window_fits(&window, 0));
    window_pop(&window);
    assert_int_equal(window_room(&window), 1);
    assert_true(window_fits(&window, 1));
    window_finish(&window);
}

static void a_window_is_full_at_its_bytes(void **state)
{
    struct window window = { 0 };

    (void)state;
    push(&window, 1, WINDOW_BYTES - 10);
    assert_true(window_fits(&window, 10));
    assert_false(window_fits(&window, 11));
    push(&window, 2, 10);
    assert_false(window_fits(&window, 1));
    assert_true(window_fits(&window, 0));
    window_pop(&window);
    assert_true(window_fits(&window, WINDOW_BYTES - 10));
    assert_false(window_fits(&window, WINDOW_BYTES - 9));
    window_finish(&window);
}

// Else an event larger than the window would never be shown.
static void an_event_of_any_size_fits_an_empty_window(void **state)
{
    struct window window = { 0 };

    (void)state;
    push(&window, 1, WINDOW_BYTES * 4);
    assert_false(window_fits(&window, 0));
    window_pop(&window);
    assert_int_equal(window.bytes, 0);
    push(&window, 2, WINDOW_BYTES * 4);
    window_finish(&window);
}

static void events_leave_in_order_also_around_the_ring(void **state)
{
    struct window window = { 0 };
    uint64_t next_in = 1, next_out = 1;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        for (int i = 0; i < round * 7 % 5; i++) {
            if (window_fits(&window, 100)) {
                push(&window, next_in++, 100);
            }
        }
        for (int i = 0; i < round * 3 % 4 && window_oldest(&window) != NULL; i++) {
            assert_int_equal(window_oldest(&window)->useq, next_out++);
            window_pop(&window);
        }
        assert_int_equal(window.count, next_in - next_out);
        assert_int_equal(window.bytes, 100 * window.count);
    }
    assert_true(next_out > 3 * WINDOW_EVENTS);
    window_finish(&window);
}

static void what_was_shown_is_remembered(void **state)
{
    struct window window = { 0 };
    const struct shown shown = { .useq = 5,
        .cseq = 6,
        .peer = name_of(bytes_of("ben")),
        .bytes = 7 };

    (void)state;
    assert_null(window_oldest(&window));
    assert_true(window_push(&window, &shown));
    const struct shown *oldest = window_oldest(&window);
    assert_int_equal(oldest->useq, 5);
    assert_int_equal(oldest->cseq, 6);
    assert_string_equal(oldest->peer.text, "ben");
    window_finish(&window);
    assert_null(window_oldest(&window));
    window_finish(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_full_at_its_count),
        cmocka_unit_test(a_window_is_full_at_its_bytes),
        cmocka_unit_test(an_event_of_any_size_fits_an_empty_window),
        cmocka_unit_test(events_leave_in_order_also_around_the_ring),
        cmocka_unit_test(what_was_shown_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

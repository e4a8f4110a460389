// SPDX-License-Identifier: MIT
#include "shared/client/lane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROWS 6

static struct lane lane;
static struct lane_row rows[ROWS];

static int fill(void **state)
{
    (void)state;
    lane_init(&lane);
    for (uint64_t i = 0; i < ROWS; i++) {
        rows[i] = (struct lane_row){ .counter = 10 + i, .state = LANE_WAITING };
        lane_add(&lane, &rows[i]);
    }
    return 0;
}

// The counter of what may be sent, or 0; it is sent.
static uint64_t send_next(int64_t now_ms, uint64_t *after)
{
    struct lane_row *row = lane_next(&lane, now_ms, after);

    if (row == NULL) {
        return 0;
    }
    lane_sent(row, *after);
    return row->counter;
}

static void each_names_the_one_before_it_that_is_on_its_way(void **state)
{
    uint64_t after;

    (void)state;
    assert_int_equal(send_next(0, &after), 10);
    assert_int_equal(after, 0);
    assert_int_equal(send_next(0, &after), 11);
    assert_int_equal(after, 10);
    lane_remove(&rows[0]);
    lane_remove(&rows[1]);
    assert_int_equal(send_next(0, &after), 12);
    assert_int_equal(after, 0); // everything before it is settled
}

static void what_was_refused_for_now_holds_back_what_is_behind_it(void **state)
{
    uint64_t after;

    (void)state;
    while (send_next(0, &after) != 0) {
    }
    lane_again(&rows[1], 500);
    lane_again(&rows[2], 0); // out of turn: the one before it was not stored
    assert_int_equal(send_next(499, &after), 0);
    assert_int_equal(lane_deadline_ms(&lane), 500);
    assert_int_equal(send_next(500, &after), 11);
    assert_int_equal(after, 10);
    assert_int_equal(send_next(500, &after), 12);
    assert_int_equal(after, 11);
    assert_int_equal(send_next(500, &after), 0); // the others are on their way
}

static void what_is_refused_for_good_frees_what_is_behind_it(void **state)
{
    uint64_t after;

    (void)state;
    while (send_next(0, &after) != 0) {
    }
    lane_remove(&rows[0]); // refused
    for (int i = 1; i < ROWS; i++) {
        assert_true(lane_is_out_of_turn(&rows[i]));
        lane_again(&rows[i], 0);
    }
    assert_int_equal(send_next(0, &after), 11);
    assert_int_equal(after, 0);
    assert_false(lane_is_out_of_turn(&rows[1])); // now a conflict is the last word
}

static void an_edit_waits_until_everything_before_it_is_settled(void **state)
{
    uint64_t after;

    (void)state;
    rows[1].is_edit = true;
    assert_int_equal(send_next(0, &after), 10);
    assert_int_equal(send_next(0, &after), 0);
    lane_remove(&rows[0]);
    assert_int_equal(send_next(0, &after), 11);
    assert_int_equal(after, 0);
    assert_int_equal(send_next(0, &after), 12);
    assert_int_equal(after, 11); // an edit can be named like any other
}

static void what_is_not_on_disk_is_not_sent(void **state)
{
    uint64_t after;

    (void)state;
    rows[0].state = LANE_HELD;
    assert_int_equal(send_next(0, &after), 0);
    assert_int_equal(lane_deadline_ms(&lane), INT64_MAX);
}

static void rows_stand_in_the_order_of_their_counters(void **state)
{
    struct lane_row late = { .counter = 11, .state = LANE_WAITING };
    uint64_t after;

    (void)state;
    lane_remove(&rows[1]);
    lane_add(&lane, &late);
    assert_int_equal(send_next(0, &after), 10);
    assert_int_equal(send_next(0, &after), 11);
    assert_int_equal(send_next(0, &after), 12);
    lane_remove(&late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_names_the_one_before_it_that_is_on_its_way, fill),
        cmocka_unit_test_setup(what_was_refused_for_now_holds_back_what_is_behind_it, fill),
        cmocka_unit_test_setup(what_is_refused_for_good_frees_what_is_behind_it, fill),
        cmocka_unit_test_setup(an_edit_waits_until_everything_before_it_is_settled, fill),
        cmocka_unit_test_setup(what_is_not_on_disk_is_not_sent, fill),
        cmocka_unit_test_setup(rows_stand_in_the_order_of_their_counters, fill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

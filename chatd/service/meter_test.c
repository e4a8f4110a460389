// SPDX-License-Identifier: MIT
#include "service/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "shared/limits.h"

#define DAY_MS 86400000

static void a_burst_passes_and_then_the_rate_holds(void **state)
{
    const struct meter_limits limits = { .messages_per_second = 10 };
    struct meter *meter = meter_create(&limits);
    int64_t now = 1000;

    (void)state;
    for (int i = 0; i < 10 * METER_BURST_SECONDS; i++) {
        assert_int_equal(meter_take(meter, bytes_of("ann"), 1, now), 0);
    }
    assert_int_equal(meter_take(meter, bytes_of("ann"), 1, now), 100);
    assert_int_equal(meter_take(meter, bytes_of("ann"), 1, now + 99), 1);
    assert_int_equal(meter_take(meter, bytes_of("ann"), 1, now + 100), 0);
    assert_int_equal(meter_take(meter, bytes_of("ann"), 1, now + 100), 100);
    assert_int_equal(meter_take(meter, bytes_of("bob"), 1, now), 0);
    meter_destroy(meter);
}

static void a_day_holds_its_bytes_and_gives_them_back_evenly(void **state)
{
    const struct meter_limits limits = { .bytes_per_day = 24000 };
    struct meter *meter = meter_create(&limits);

    (void)state;
    assert_int_equal(meter_take(meter, bytes_of("ann"), 16000, 0), 0);
    assert_int_equal(meter_take(meter, bytes_of("ann"), 8000, 0), 0);
    assert_int_equal(meter_take(meter, bytes_of("ann"), 1000, 0), DAY_MS / 24);
    assert_int_equal(meter_take(meter, bytes_of("ann"), 1000, DAY_MS / 24), 0);
    assert_int_equal(meter_take(meter, bytes_of("ann"), 1000, DAY_MS / 24), DAY_MS / 24);
    meter_destroy(meter);
}

static void what_is_refused_costs_nothing(void **state)
{
    const struct meter_limits limits = { .messages_per_second = 1, .bytes_per_day = 16384 };
    struct meter *meter = meter_create(&limits);

    (void)state;
    assert_int_equal(meter_take(meter, bytes_of("ann"), 16384, 0), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(meter_take(meter, bytes_of("ann"), 16384, 0), DAY_MS);
    }
    for (int i = 1; i < METER_BURST_SECONDS; i++) {
        assert_int_equal(meter_take(meter, bytes_of("ann"), 0, 0), 0);
    }
    assert_int_equal(meter_take(meter, bytes_of("ann"), 0, 0), 1000);
    meter_destroy(meter);
}

static void without_limits_everything_passes(void **state)
{
    const struct meter_limits limits = { 0 };
    struct meter *meter = meter_create(&limits);

    (void)state;
    for (int i = 0; i < 1000000; i++) {
        assert_int_equal(meter_take(meter, bytes_of("ann"), TEXT_BYTES_MAX, 0), 0);
    }
    meter_destroy(meter);
}

static void many_users_forget_the_longest_quiet_one(void **state)
{
    const struct meter_limits limits = { .messages_per_second = 1 };
    struct meter *meter = meter_create(&limits);
    char name[NAME_BYTES_MAX];

    (void)state;
    for (int i = 0; i < METER_BURST_SECONDS; i++) {
        assert_int_equal(meter_take(meter, bytes_of("old"), 0, 0), 0);
    }
    assert_int_not_equal(meter_take(meter, bytes_of("old"), 0, 0), 0);
    for (int i = 0; i < METERED_USERS_MAX; i++) {
        snprintf(name, sizeof(name), "user%d", i);
        assert_int_equal(meter_take(meter, bytes_of(name), 0, 0), 0);
    }
    assert_int_equal(meter_take(meter, bytes_of("old"), 0, 0), 0);
    meter_destroy(meter);
}

static void what_is_stored_and_what_is_under_way_have_one_limit(void **state)
{
    const struct meter_limits limits = { .stored_bytes = 1000 };
    struct meter *meter = meter_create(&limits);
    struct bytes ann = bytes_of("ann");

    (void)state;
    assert_true(meter_store_begin(meter, ann, 600));
    assert_false(meter_store_begin(meter, ann, 401)); // the first one may still be stored
    assert_true(meter_store_begin(meter, ann, 400));
    meter_store_end(meter, ann, 400); // it was not
    meter_note_stored(meter, ann, 600);
    meter_store_end(meter, ann, 600);
    assert_false(meter_store_begin(meter, ann, 401));
    assert_true(meter_store_begin(meter, bytes_of("bob"), 1000));
    meter_note_stored(meter, ann, 5000); // the limit was higher once
    assert_false(meter_store_begin(meter, ann, 1));
    meter_note_stored(meter, ann, 999); // some of it was deleted
    assert_true(meter_store_begin(meter, ann, 1));
    meter_store_end(meter, bytes_of("forgotten"), 7);
    assert_true(meter_store_begin(meter, bytes_of("forgotten"), 1000));
    meter_destroy(meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_and_then_the_rate_holds),
        cmocka_unit_test(a_day_holds_its_bytes_and_gives_them_back_evenly),
        cmocka_unit_test(what_is_refused_costs_nothing),
        cmocka_unit_test(without_limits_everything_passes),
        cmocka_unit_test(what_is_stored_and_what_is_under_way_have_one_limit),
        cmocka_unit_test(many_users_forget_the_longest_quiet_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

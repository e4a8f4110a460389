// SPDX-License-Identifier: MIT
#include "service/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "shared/limits.h"

static void the_first_failures_are_free_and_then_the_wait_doubles_to_a_minute(void **state)
{
    struct throttle *throttle = throttle_create();
    struct bytes name = bytes_of("ann");
    int64_t now = 1000;

    (void)state;
    for (int i = 0; i < 4; i++) {
        throttle_failed(throttle, name, now);
        assert_int_equal(throttle_wait_ms(throttle, name, now), 0);
    }
    for (uint64_t wait = 1000; wait <= 32000; wait *= 2) {
        throttle_failed(throttle, name, now);
        assert_int_equal(throttle_wait_ms(throttle, name, now), wait);
        assert_int_equal(throttle_wait_ms(throttle, name, now + (int64_t)wait), 0);
    }
    for (int i = 0; i < 100; i++) {
        throttle_failed(throttle, name, now);
        assert_int_equal(throttle_wait_ms(throttle, name, now), 60000);
    }
    assert_int_equal(throttle_wait_ms(throttle, bytes_of("bob"), now), 0);
    throttle_destroy(throttle);
}

static void a_success_forgives(void **state)
{
    struct throttle *throttle = throttle_create();

    (void)state;
    for (int i = 0; i < 9; i++) {
        throttle_failed(throttle, bytes_of("ann"), 0);
    }
    throttle_succeeded(throttle, bytes_of("ann"));
    assert_int_equal(throttle_wait_ms(throttle, bytes_of("ann"), 0), 0);
    throttle_destroy(throttle);
}

static void many_names_forget_the_longest_quiet_one(void **state)
{
    struct throttle *throttle = throttle_create();
    char name[NAME_BYTES_MAX];

    (void)state;
    for (int i = 0; i < 6; i++) {
        throttle_failed(throttle, bytes_of("old"), 0);
    }
    assert_int_not_equal(throttle_wait_ms(throttle, bytes_of("old"), 0), 0);
    for (int i = 0; i < THROTTLED_NAMES_MAX; i++) {
        snprintf(name, sizeof(name), "user%d", i);
        throttle_failed(throttle, bytes_of(name), 0);
    }
    assert_int_equal(throttle_wait_ms(throttle, bytes_of("old"), 0), 0);
    throttle_destroy(throttle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failures_are_free_and_then_the_wait_doubles_to_a_minute),
        cmocka_unit_test(a_success_forgives),
        cmocka_unit_test(many_names_forget_the_longest_quiet_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

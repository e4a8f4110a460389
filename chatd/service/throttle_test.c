// SPDX-License-Identifier: MIT
#include "service/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "shared/limits.h"

static const struct throttle_rule of_names = { .free_failures = 4, .success_forgives_all = true };

static void the_first_failures_are_free_and_then_the_wait_doubles_to_a_minute(void **state)
{
    struct throttle *throttle = throttle_create(&of_names);
    struct bytes name = bytes_of("ann");
    int64_t now = 1000;

    (void)state;
    for (int i = 0; i < 4; i++) {
        throttle_tried(throttle, name, now);
        assert_int_equal(throttle_wait_ms(throttle, name, now), 0);
    }
    for (uint64_t wait = 1000; wait <= 32000; wait *= 2) {
        throttle_tried(throttle, name, now);
        assert_int_equal(throttle_wait_ms(throttle, name, now), wait);
        assert_int_equal(throttle_wait_ms(throttle, name, now + (int64_t)wait), 0);
    }
    for (int i = 0; i < 100; i++) {
        throttle_tried(throttle, name, now);
        assert_int_equal(throttle_wait_ms(throttle, name, now), 60000);
    }
    assert_int_equal(throttle_wait_ms(throttle, bytes_of("bob"), now), 0);
    throttle_destroy(throttle);
}

static void a_success_forgives(void **state)
{
    struct throttle *throttle = throttle_create(&of_names);

    (void)state;
    for (int i = 0; i < 9; i++) {
        throttle_tried(throttle, bytes_of("ann"), 0);
    }
    throttle_succeeded(throttle, bytes_of("ann"));
    assert_int_equal(throttle_wait_ms(throttle, bytes_of("ann"), 0), 0);
    throttle_destroy(throttle);
}

static void many_names_forget_the_longest_quiet_one(void **state)
{
    struct throttle *throttle = throttle_create(&of_names);
    char name[NAME_BYTES_MAX];

    (void)state;
    for (int i = 0; i < 6; i++) {
        throttle_tried(throttle, bytes_of("old"), 0);
    }
    assert_int_not_equal(throttle_wait_ms(throttle, bytes_of("old"), 0), 0);
    for (int i = 0; i < THROTTLED_KEYS_MAX; i++) {
        snprintf(name, sizeof(name), "user%d", i);
        throttle_tried(throttle, bytes_of(name), 0);
    }
    assert_int_equal(throttle_wait_ms(throttle, bytes_of("old"), 0), 0);
    throttle_destroy(throttle);
}

static void a_success_of_a_source_takes_only_itself_back_and_time_forgets(void **state)
{
    const struct throttle_rule of_sources = { .free_failures = 10, .forget_ms = 1000 };
    struct throttle *throttle = throttle_create(&of_sources);
    struct bytes source = bytes_of("192.0.2.7");

    (void)state;
    for (int i = 0; i < 1000; i++) {
        throttle_tried(throttle, source, 0);
        throttle_succeeded(throttle, source);
        assert_int_equal(throttle_wait_ms(throttle, source, 0), 0);
    }
    for (int i = 0; i < 10; i++) {
        throttle_tried(throttle, source, 0);
    }
    assert_int_equal(throttle_wait_ms(throttle, source, 0), 0);
    throttle_tried(throttle, source, 0);
    throttle_tried(throttle, source, 0);
    assert_int_equal(throttle_wait_ms(throttle, source, 0), 2000);
    throttle_tried(throttle, source, 5000);
    assert_int_equal(throttle_wait_ms(throttle, source, 5000), 0);
    throttle_destroy(throttle);
}

static void no_source_never_waits(void **state)
{
    const struct throttle_rule rule = { 0 };
    struct throttle *throttle = throttle_create(&rule);

    (void)state;
    throttle_tried(throttle, bytes_of(""), 0);
    throttle_succeeded(throttle, bytes_of(""));
    assert_int_equal(throttle_wait_ms(throttle, bytes_of(""), 0), 0);
    throttle_destroy(throttle);
}

static void after_a_start_one_failure_is_free_for_a_while(void **state)
{
    const struct throttle_rule rule = { .free_failures = 4, .strict_until_ms = 10000 };
    struct throttle *throttle = throttle_create(&rule);

    (void)state;
    throttle_tried(throttle, bytes_of("ann"), 0);
    assert_int_equal(throttle_wait_ms(throttle, bytes_of("ann"), 0), 0);
    throttle_tried(throttle, bytes_of("ann"), 0);
    assert_int_equal(throttle_wait_ms(throttle, bytes_of("ann"), 0), 1000);
    throttle_tried(throttle, bytes_of("bob"), 10000);
    throttle_tried(throttle, bytes_of("bob"), 10000);
    assert_int_equal(throttle_wait_ms(throttle, bytes_of("bob"), 10000), 0);
    throttle_destroy(throttle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failures_are_free_and_then_the_wait_doubles_to_a_minute),
        cmocka_unit_test(a_success_forgives),
        cmocka_unit_test(many_names_forget_the_longest_quiet_one),
        cmocka_unit_test(a_success_of_a_source_takes_only_itself_back_and_time_forgets),
        cmocka_unit_test(no_source_never_waits),
        cmocka_unit_test(after_a_start_one_failure_is_free_for_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

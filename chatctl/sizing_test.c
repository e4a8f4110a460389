// SPDX-License-Identifier: MIT
#include "sizing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_near(double found, double expected)
{
    assert_true(found > expected * (1 - 1e-9) && found < expected * (1 + 1e-9));
}

static void the_original_sizing_comes_out(void **state)
{
    const struct sizing found = sizing_round(&sizing_original);

    (void)state;
    assert_near(found.servers, 10000);
    assert_near(found.bytes_per_day, 2e12);
    assert_near(found.bytes_per_second, 25e6);
    assert_near(found.bytes, 3.6e15);
    assert_near(found.shards, 900);
}

static void exact_figures_are_not_rounded(void **state)
{
    const struct sizing found = sizing_compute(&sizing_original);

    (void)state;
    assert_near(found.bytes_per_second, 2e12 / 86400);
    assert_near(found.messages_per_second, 20e9 / 86400);
    assert_near(found.bytes, 3.65e15);
    assert_near(found.shards, 913);
}

static void other_inputs_give_other_figures(void **state)
{
    const struct sizing_inputs inputs = { 1001, 10, 86400, 50, 2, 1e9 };
    const struct sizing exact = sizing_compute(&inputs), rounded = sizing_round(&inputs);
    const struct sizing_here here = sizing_compute_here(&inputs);

    (void)state;
    assert_near(exact.servers, 101);
    assert_near(exact.bytes_per_second, 50);
    assert_near(exact.bytes, 86400.0 * 50 * 730);
    assert_near(exact.shards, 4);
    assert_near(rounded.bytes_per_second, 50); // on a step already
    assert_near(rounded.bytes, 3.1e9);
    assert_near(here.stored_bytes_per_message, sizing_measured[MEASURED_STORED_BYTES].value - 100);
    assert_near(here.processes_for_messages, 1);
    assert_near(here.server_memory_bytes, 10 * sizing_measured[MEASURED_CONNECTION_BYTES].value);
}

static void numbers_are_read_with_their_unit(void **state)
{
    static const char *const bad[] = { "", "x", "-1", "0", "5X", "5MM", "nan", "inf", "1e99" };
    double number;

    (void)state;
    assert_true(sizing_read("500M", &number));
    assert_near(number, 500e6);
    assert_true(sizing_read("2.5T", &number));
    assert_near(number, 2.5e12);
    assert_true(sizing_read("7", &number));
    assert_near(number, 7);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(sizing_read(bad[i], &number));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_original_sizing_comes_out),
        cmocka_unit_test(exact_figures_are_not_rounded),
        cmocka_unit_test(other_inputs_give_other_figures),
        cmocka_unit_test(numbers_are_read_with_their_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

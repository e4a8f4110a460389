// SPDX-License-Identifier: MIT
#include "shared/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define DAY_MS 86400000LL

static void assert_as_gmtime_says(int64_t ms)
{
    char found[TIMESTAMP_BYTES], date[40], expected[60];
    time_t seconds = (time_t)(ms / 1000);
    int64_t again = 0;
    struct tm tm;

    assert_non_null(gmtime_r(&seconds, &tm));
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(expected, sizeof(expected), "%s.%03dZ", date, (int)(ms % 1000));
    clock_format(ms, found);
    assert_string_equal(found, expected);
    assert_true(clock_parse(found, TIMESTAMP_BYTES - 1, &again));
    assert_true(again == ms);
}

static void known_moments_are_written_right(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 1, "1970-01-01T00:00:00.001Z" },
        { 951782399999, "2000-02-28T23:59:59.999Z" },
        { 951782400000, "2000-02-29T00:00:00.000Z" },
        { 951868800000, "2000-03-01T00:00:00.000Z" },
        { 1709164800000, "2024-02-29T00:00:00.000Z" },
        { 1735689599999, "2024-12-31T23:59:59.999Z" },
        { 1735689600000, "2025-01-01T00:00:00.000Z" },
        { 4107542399999, "2100-02-28T23:59:59.999Z" },
        { 4107542400000, "2100-03-01T00:00:00.000Z" },
        { 253402300799999, "9999-12-31T23:59:59.999Z" },
    };
    char found[TIMESTAMP_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        clock_format(cases[i].ms, found);
        assert_string_equal(found, cases[i].text);
    }
}

static void every_day_until_2500_begins_and_ends_as_gmtime_says(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 193600; day++) {
        assert_as_gmtime_says(day * DAY_MS);
        assert_as_gmtime_says((day + 1) * DAY_MS - 1);
    }
}

static void odd_moments_are_as_gmtime_says(void **state)
{
    (void)state;
    for (int64_t ms = 1; ms < 253402300799999; ms += 253402300 * 7 + 12345) {
        assert_as_gmtime_says(ms);
    }
}

static void the_clocks_are_in_milliseconds_and_move_on(void **state)
{
    int64_t wall = clock_wall_ms(), monotonic = clock_monotonic_ms(), last = monotonic;

    (void)state;
    assert_true(llabs(wall / 1000 - (int64_t)time(NULL)) <= 1);
    while (clock_monotonic_ms() < monotonic + 20) {
        int64_t now = clock_monotonic_ms();
        assert_true(now >= last);
        last = now;
    }
}

static void what_is_no_time_stamp_is_refused(void **state)
{
    static const char *const bad[] = { "", "2024-02-30T00:00:00.000Z", "2024-13-01T00:00:00.000Z",
        "1969-12-31T23:59:59.999Z", "2024-01-01T24:00:00.000Z", "2024-01-01 00:00:00.000Z",
        "2024-01-01T00:00:00.0000", "2024-01-01T00:00:00.000Z ", "2024-00-01T00:00:00.000Z",
        "2024-01-00T00:00:00.000Z", "2024-01-01T00:60:00.000Z", "20a4-01-01T00:00:00.000Z" };
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(clock_parse(bad[i], strlen(bad[i]), &ms));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_time_stamp_is_refused),
        cmocka_unit_test(known_moments_are_written_right),
        cmocka_unit_test(every_day_until_2500_begins_and_ends_as_gmtime_says),
        cmocka_unit_test(odd_moments_are_as_gmtime_says),
        cmocka_unit_test(the_clocks_are_in_milliseconds_and_move_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

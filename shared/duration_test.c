// SPDX-License-Identifier: MIT
#include "shared/duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void what_people_write_is_understood(void **state)
{
    static const struct {
        const char *text;
        uint64_t seconds;
    } rows[] = { { "1s", 1 }, { "90d", 90 * 86400 }, { "12h", 43200 }, { "2w", 1209600 },
        { "7y", 7ULL * 365 * 86400 }, { "30m", 1800 }, { "forever", 0 } };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t seconds = 99, again = 99;
        char text[DURATION_TEXT_BYTES];
        assert_true(duration_parse(bytes_of(rows[i].text), &seconds));
        assert_int_equal(seconds, rows[i].seconds);
        duration_print(seconds, text);
        assert_true(duration_parse(bytes_of(text), &again));
        assert_int_equal(again, seconds);
    }
}

static void anything_else_is_not(void **state)
{
    static const char *const texts[] = { "", "d", "0d", "5", "-5d", "5 d", "1001y", "5x", "5dd",
        "99999999999999999999d", "Forever", "0" };
    uint64_t seconds;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_false(duration_parse(bytes_of(texts[i]), &seconds));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_write_is_understood),
        cmocka_unit_test(anything_else_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

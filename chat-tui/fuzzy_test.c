// SPDX-License-Identifier: MIT
#include "fuzzy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint32_t score(const char *pattern, const char *name)
{
    return fuzzy_score(bytes_of(pattern), bytes_of(name));
}

static void only_letters_in_their_order_fit(void **state)
{
    (void)state;
    assert_true(score("alc", "alice") > 0);
    assert_true(score("ALC", "aLiCe") > 0);
    assert_int_equal(score("cla", "alice"), 0);
    assert_int_equal(score("aa", "alice"), 0);
    assert_int_equal(score("alicex", "alice"), 0);
    assert_int_equal(score("x", ""), 0);
    assert_int_equal(score("", ""), 1);
    assert_int_equal(score("", "alice"), 1);
}

static void beginnings_and_runs_come_first(void **state)
{
    (void)state;
    assert_true(score("bo", "bob") > score("bo", "carbon"));
    assert_true(score("bo", "x.bob") > score("bo", "carbon"));
    assert_true(score("ali", "alice") > score("ali", "axlxix"));
    assert_true(score("js", "john.smith") > score("js", "johnsmith"));
    assert_true(score("bob", "bob") > score("bob", "bob2"));
}

static void the_best_place_counts_not_the_first(void **state)
{
    (void)state;
    assert_true(score("ab", "axxxxab") > score("ab", "axxxxxb"));
    assert_int_equal(score("an", "a.an") > score("an", "a.xn"), 1);
}

static void long_names_are_cut_and_bounded(void **state)
{
    char name[4096];

    (void)state;
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = 'z';
    assert_true(fuzzy_score(bytes_of("aaa"), (struct bytes){ name, sizeof(name) }) > 0);
    assert_int_equal(fuzzy_score(bytes_of("z"), (struct bytes){ name, sizeof(name) }), 0);
    assert_int_equal(fuzzy_score((struct bytes){ name, sizeof(name) }, (struct bytes){ name, 200 }),
            0);
    assert_true(fuzzy_score((struct bytes){ name, 128 }, (struct bytes){ name, 200 }) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_letters_in_their_order_fit),
        cmocka_unit_test(beginnings_and_runs_come_first),
        cmocka_unit_test(the_best_place_counts_not_the_first),
        cmocka_unit_test(long_names_are_cut_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

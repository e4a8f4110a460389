// SPDX-License-Identifier: MIT
#include "link_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct link_list list;

static int end(void **state)
{
    (void)state;
    link_list_clear(&list);
    return 0;
}

static void add(char *text, bool is_deleted)
{
    const struct message message = { .text = text,
        .bytes = (uint32_t)strlen(text),
        .is_deleted = is_deleted };

    link_list_add(&list, &message);
}

static void a_link_has_one_number(void **state)
{
    (void)state;
    add((char[]){ "see https://a.example/1 and http://b.example." }, false);
    add((char[]){ "again https://a.example/1" }, false);
    add((char[]){ "https://gone.example" }, true);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.links[0], "https://a.example/1");
    assert_string_equal(list.links[1], "http://b.example");
}

static void digits_mean_a_link_when_no_longer_number_begins_so(void **state)
{
    char text[64];

    (void)state;
    for (int i = 1; i <= 23; i++) {
        snprintf(text, sizeof(text), "https://a.example/%d", i);
        add(text, false);
    }
    assert_int_equal(link_list_digit(&list, 3), 3); // there is no 30
    list.typed = 0;
    assert_int_equal(link_list_digit(&list, 1), 0); // 10 to 19 are
    assert_int_equal(list.choice, 0);
    assert_int_equal(link_list_digit(&list, 7), 17);
    list.typed = 0;
    assert_int_equal(link_list_digit(&list, 2), 0);
    assert_int_equal(link_list_digit(&list, 9), 0); // there is no 29: it begins anew
    assert_int_equal(list.typed, 0);
    assert_int_equal(link_list_digit(&list, 0), 0);
}

static void there_is_a_bound(void **state)
{
    char text[64];

    (void)state;
    for (int i = 0; i < 2 * LINKS_MAX; i++) {
        snprintf(text, sizeof(text), "https://a.example/%d", i);
        add(text, false);
    }
    assert_int_equal(list.count, LINKS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_link_has_one_number, end),
        cmocka_unit_test_teardown(digits_mean_a_link_when_no_longer_number_begins_so, end),
        cmocka_unit_test_teardown(there_is_a_bound, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "shared/cli/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_safe(const char *given, const char *wanted)
{
    struct buffer out = { 0 };

    text_add_safely(&out, bytes_of(given));
    buffer_add_byte(&out, '\0');
    assert_string_equal(out.data, wanted);
    buffer_finish(&out);
}

static void harmless_text_stays_as_it_is(void **state)
{
    (void)state;
    assert_safe("", "");
    assert_safe("Grüße, 漢字, 👩‍🚀, \xc2\xa0 and \xe2\x80\xa6",
            "Grüße, 漢字, 👩‍🚀, \xc2\xa0 and \xe2\x80\xa6");
}

static void nothing_that_moves_the_cursor_gets_through(void **state)
{
    (void)state;
    assert_safe("\033[2J\a\b\x7f", "?[2J???");
    assert_safe("a\tb\nc\rd", "a b c?d");
    assert_safe("\xc2\x9b"
                "31m\xc2\x80\xc2\x9f",
            "?31m??");
}

static void nothing_that_turns_the_writing_gets_through(void **state)
{
    (void)state;
    assert_safe("\xe2\x80\xae"
                "evil\xe2\x80\xac\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8e\xd8\x9c\xe2\x80\xa8",
            "?evil??????");
    assert_safe("\xe2\x80\x8d\xe2\x81\xaa", "\xe2\x80\x8d\xe2\x81\xaa"); // a joiner, another one
}

static void lines_stay_lines_where_they_may(void **state)
{
    struct buffer out = { 0 };

    (void)state;
    text_add_lines(&out, bytes_of("a\n\033b\n"), "  ");
    assert_int_equal(out.bytes, strlen("a\n  ?b\n  "));
    assert_memory_equal(out.data, "a\n  ?b\n  ", out.bytes);
    buffer_finish(&out);
}

static void a_text_that_ends_in_the_middle_is_no_trap(void **state)
{
    (void)state;
    assert_safe("\xe2\x80", "\xe2\x80");
    assert_safe("\xc2", "\xc2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(harmless_text_stays_as_it_is),
        cmocka_unit_test(nothing_that_moves_the_cursor_gets_through),
        cmocka_unit_test(nothing_that_turns_the_writing_gets_through),
        cmocka_unit_test(lines_stay_lines_where_they_may),
        cmocka_unit_test(a_text_that_ends_in_the_middle_is_no_trap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int writer;
static struct input input;

static int make(void **state)
{
    int ends[2];

    (void)state;
    if (pipe(ends) != 0) {
        return -1;
    }
    input = (struct input){ .fd = ends[0] };
    writer = ends[1];
    return 0;
}

static int clean(void **state)
{
    (void)state;
    close(input.fd);
    if (writer >= 0) {
        close(writer);
    }
    input_finish(&input);
    return 0;
}

static void say(const char *text)
{
    assert_int_equal(write(writer, text, strlen(text)), strlen(text));
    input_read(&input);
}

static void assert_line(const char *wanted)
{
    struct bytes line;

    assert_int_equal(input_next(&input, &line), INPUT_LINE);
    assert_int_equal(line.size, strlen(wanted));
    assert_memory_equal(line.data, wanted, line.size);
}

static void assert_nothing(void)
{
    struct bytes line;

    assert_int_equal(input_next(&input, &line), INPUT_NONE);
}

static void lines_come_whole_however_they_are_cut(void **state)
{
    (void)state;
    say("on");
    assert_nothing();
    say("e\ntwo\n\nth");
    assert_line("one");
    assert_line("two");
    assert_line("");
    assert_nothing();
    say("ree\n");
    assert_line("three");
    assert_nothing();
}

static void the_last_line_needs_no_end(void **state)
{
    (void)state;
    say("one\ntwo");
    assert_line("one");
    assert_nothing();
    close(writer);
    writer = -1;
    input_read(&input);
    assert_true(input.is_ended);
    assert_line("two");
    assert_nothing();
}

static void a_line_that_is_too_long_is_reported_once_and_skipped(void **state)
{
    static char chunk[32768];
    unsigned reports = 0;
    struct bytes line;

    (void)state;
    memset(chunk, 'x', sizeof(chunk) - 1);
    for (int i = 0; i < 20; i++) {
        say(chunk);
        enum input_line kind = input_next(&input, &line);
        assert_int_not_equal(kind, INPUT_LINE);
        reports += kind == INPUT_TOO_LONG;
    }
    assert_int_equal(reports, 1);
    assert_true(input.data.bytes <= INPUT_LINE_BYTES_MAX + sizeof(chunk));
    say("\nnext\n");
    assert_line("next");
    assert_nothing();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_come_whole_however_they_are_cut, make, clean),
        cmocka_unit_test_setup_teardown(the_last_line_needs_no_end, make, clean),
        cmocka_unit_test_setup_teardown(a_line_that_is_too_long_is_reported_once_and_skipped, make,
                clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

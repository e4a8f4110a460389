// SPDX-License-Identifier: MIT
#include "shared/client/outbox.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/buffer.h"

static char directory[64];

static int make(void **state)
{
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/outbox-test-XXXXXX");
    return mkdtemp(directory) == NULL;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

static int clean(void **state)
{
    (void)state;
    return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct outbox *open_it(void)
{
    struct outbox *outbox;

    assert_int_equal(outbox_open(directory, &outbox), ERR_OK);
    return outbox;
}

static void put(struct outbox *outbox, const char *text, bool is_handed_over)
{
    struct outbox_owner owner;

    assert_int_equal(outbox_begin(outbox, &owner), ERR_OK);
    const struct outbox_row row = {
        .counter = ++owner.counter,
        .method = bytes_of("message.send"),
        .peer = bytes_of("bob"),
        .params = bytes_of(text),
        .request = bytes_of(text),
        .is_handed_over = is_handed_over,
    };
    assert_int_equal(outbox_add(outbox, &row), ERR_OK);
    assert_int_equal(outbox_write_owner(outbox, &owner), ERR_OK);
    assert_int_equal(outbox_commit(outbox), ERR_OK);
}

static bool list_one(void *context, const struct outbox_row *row)
{
    buffer_print(context, "%u:%.*s%s%s ", (unsigned)row->counter, (int)row->params.size,
            row->params.data, row->is_attempted ? "!" : "", row->is_handed_over ? "~" : "");
    return true;
}

static void assert_rows(struct outbox *outbox, const char *wanted)
{
    struct buffer text = { 0 };

    assert_int_equal(outbox_each(outbox, 0, list_one, &text), ERR_OK);
    buffer_add_byte(&text, '\0');
    assert_string_equal(text.data, wanted);
    buffer_finish(&text);
}

static void rows_are_there_again_with_their_counters_after_closing(void **state)
{
    struct outbox *outbox = open_it();

    (void)state;
    put(outbox, "a", false);
    put(outbox, "b", false);
    outbox_close(outbox);
    outbox = open_it();
    put(outbox, "c", false);
    assert_rows(outbox, "1:a 2:b 3:c ");
    assert_int_equal(outbox_mark_attempted(outbox, 2), ERR_OK);
    assert_int_equal(outbox_remove(outbox, 1), ERR_OK);
    assert_int_equal(outbox_renumber(outbox, 3, 30), ERR_OK);
    assert_rows(outbox, "2:b! 30:c ");
    outbox_close(outbox);
}

static void what_was_not_committed_is_not_there(void **state)
{
    struct outbox *outbox = open_it();
    struct outbox_owner owner;
    const struct outbox_row row = { .counter = 1, .params = bytes_of("a") };

    (void)state;
    assert_int_equal(outbox_begin(outbox, &owner), ERR_OK);
    assert_int_equal(outbox_add(outbox, &row), ERR_OK);
    outbox_close(outbox);
    outbox = open_it();
    assert_rows(outbox, "");
    outbox_close(outbox);
}

static void one_process_holds_it_and_hears_of_the_others(void **state)
{
    struct outbox *holder = open_it(), *other = open_it();
    unsigned char byte;

    (void)state;
    assert_true(outbox_try_hold(holder));
    assert_false(outbox_try_hold(other));
    outbox_drain_wake(holder);
    assert_int_equal(read(outbox_wake_fd(holder), &byte, 0), -1); // nothing
    outbox_wake_holder(other);
    outbox_drain_wake(holder);
    outbox_close(holder);
    assert_true(outbox_try_hold(other));
    outbox_close(other);
}

static void copy(void *context, struct bytes answer)
{
    buffer_add(context, answer.data, answer.size);
}

static void an_answer_waits_for_the_process_that_handed_over(void **state)
{
    struct outbox *holder = open_it(), *other = open_it();
    struct buffer answer = { 0 };

    (void)state;
    put(other, "x", true);
    assert_rows(holder, "1:x~ ");
    assert_false(outbox_read_answer(other, bytes_of("x"), copy, &answer));
    assert_int_equal(outbox_answer(holder, 1, bytes_of("{}")), ERR_OK);
    assert_rows(holder, ""); // it is done
    assert_true(outbox_read_answer(other, bytes_of("x"), copy, &answer));
    assert_memory_equal(answer.data, "{}", 2);
    assert_int_equal(outbox_remove_answered(other, bytes_of("x")), ERR_OK);
    assert_false(outbox_read_answer(other, bytes_of("x"), copy, &answer));
    buffer_finish(&answer);
    outbox_close(holder);
    outbox_close(other);
}

static void only_what_was_never_attempted_can_be_taken_back(void **state)
{
    struct outbox *outbox = open_it();

    (void)state;
    put(outbox, "a", true);
    put(outbox, "b", true);
    assert_int_equal(outbox_mark_attempted(outbox, 1), ERR_OK);
    assert_false(outbox_take_back(outbox, bytes_of("a")));
    assert_true(outbox_take_back(outbox, bytes_of("b")));
    assert_rows(outbox, "1:a!~ ");
    outbox_close(outbox);
}

static void its_files_are_for_their_user_only(void **state)
{
    struct outbox *outbox;
    struct stat status;
    char path[128];

    (void)state;
    snprintf(path, sizeof(path), "%s/deep/er", directory);
    assert_int_equal(outbox_open(path, &outbox), ERR_OK);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    snprintf(path, sizeof(path), "%s/deep/er/outbox.db", directory);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    outbox_close(outbox);
}

static void a_file_that_is_none_is_refused_with_a_reason(void **state)
{
    struct outbox *outbox;
    char path[128];

    (void)state;
    snprintf(path, sizeof(path), "%s/outbox.db", directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 2000; i++) {
        fputs("not a database ", file);
    }
    fclose(file);
    assert_int_equal(outbox_open(directory, &outbox), ERR_IO);
    assert_non_null(strstr(outbox_reason(outbox), "outbox.db"));
    outbox_close(outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_are_there_again_with_their_counters_after_closing,
                make, clean),
        cmocka_unit_test_setup_teardown(what_was_not_committed_is_not_there, make, clean),
        cmocka_unit_test_setup_teardown(one_process_holds_it_and_hears_of_the_others, make, clean),
        cmocka_unit_test_setup_teardown(an_answer_waits_for_the_process_that_handed_over, make,
                clean),
        cmocka_unit_test_setup_teardown(only_what_was_never_attempted_can_be_taken_back, make,
                clean),
        cmocka_unit_test_setup_teardown(its_files_are_for_their_user_only, make, clean),
        cmocka_unit_test_setup_teardown(a_file_that_is_none_is_refused_with_a_reason, make, clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

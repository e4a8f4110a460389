// SPDX-License-Identifier: MIT
#include "log/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "disk/database.h"

static char directory[64];
static uint64_t segment_bytes_max = 1000000;

static int make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/journal_test.XXXXXX");
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static int remove_directory(void **state)
{
    char command[128];

    (void)state;
    segment_bytes_max = 1000000;
    snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command);
}

static struct journal *open_journal(void)
{
    char reason[300] = "";
    struct journal *journal = NULL;

    if (journal_open(directory, segment_bytes_max, &journal, reason, sizeof(reason)) != ERR_OK) {
        print_error("%s\n", reason);
    }
    assert_non_null(journal);
    return journal;
}

static void append_text(struct journal *journal, const char *text)
{
    assert_int_equal(journal_append(journal, bytes_of(text)), ERR_OK);
}

static enum err collect(void *context, uint64_t index, struct bytes body)
{
    char *text = context;

    sprintf(text + strlen(text), "%d=%.*s ", (int)index, (int)body.size, body.data);
    return ERR_OK;
}

static void what_was_appended_is_read_back_in_order_after_reopening(void **state)
{
    char text[100] = "";
    struct journal *journal = open_journal();

    (void)state;
    append_text(journal, "a");
    append_text(journal, "b");
    journal_close(journal);
    journal = open_journal();
    append_text(journal, "c");
    assert_int_equal(journal_read(journal, 2, collect, text), ERR_OK);
    assert_string_equal(text, "2=b 3=c ");
    assert_int_equal(journal_first_index(journal), 1);
    assert_int_equal(journal_last_index(journal), 3);
    journal_close(journal);
}

static void trimming_removes_whole_segments_and_keeps_the_last(void **state)
{
    char text[100] = "";

    (void)state;
    segment_bytes_max = 1;
    struct journal *journal = open_journal();
    for (int i = 0; i < 5; i++) {
        append_text(journal, "x");
    }
    assert_int_equal(journal_trim(journal, 3), ERR_OK);
    assert_int_equal(journal_first_index(journal), 4);
    assert_int_equal(journal_trim(journal, 99), ERR_OK);
    assert_int_equal(journal_first_index(journal), 5);
    journal_close(journal);
    journal = open_journal();
    append_text(journal, "y");
    assert_int_equal(journal_read(journal, 1, collect, text), ERR_OK);
    assert_string_equal(text, "5=x 6=y ");
    journal_close(journal);
}

static void a_missing_segment_is_named_not_skipped(void **state)
{
    char path[128], reason[300] = "";
    struct journal *refused = NULL;

    (void)state;
    segment_bytes_max = 1;
    struct journal *journal = open_journal();
    for (int i = 0; i < 4; i++) {
        append_text(journal, "x");
    }
    journal_close(journal);
    snprintf(path, sizeof(path), "%s/00000000000000000002.db", directory);
    unlink(path);
    assert_int_equal(journal_open(directory, segment_bytes_max, &refused, reason, sizeof(reason)),
            ERR_DAMAGED);
    assert_non_null(strstr(reason, "hole"));
    snprintf(path, sizeof(path), "%s/00000000000000000001.db", directory);
    unlink(path);
    assert_int_equal(journal_open(directory, segment_bytes_max, &refused, reason, sizeof(reason)),
            ERR_DAMAGED);
    assert_non_null(strstr(reason, "missing"));
}

static void a_segment_whose_table_was_never_made_does_not_forget_the_trim(void **state)
{
    char path[128];

    (void)state;
    segment_bytes_max = 1;
    struct journal *journal = open_journal();
    for (int i = 0; i < 3; i++) {
        append_text(journal, "x");
    }
    assert_int_equal(journal_trim(journal, 2), ERR_OK);
    journal_close(journal);
    // As a crash in the middle of beginning a new segment leaves it.
    snprintf(path, sizeof(path), "%s/00000000000000000004.db", directory);
    fclose(fopen(path, "w"));
    for (int i = 0; i < 2; i++) {
        journal = open_journal();
        assert_int_equal(journal_first_index(journal), 3);
        assert_int_equal(journal_last_index(journal), 3);
        journal_close(journal);
    }
    journal = open_journal();
    append_text(journal, "y");
    assert_int_equal(journal_trim(journal, 3), ERR_OK);
    journal_close(journal);
    journal = open_journal();
    assert_int_equal(journal_first_index(journal), 4);
    journal_close(journal);
}

static void a_trim_half_done_in_any_order_is_finished(void **state)
{
    char path[128], command[300];

    (void)state;
    segment_bytes_max = 1;
    struct journal *journal = open_journal();
    for (int i = 0; i < 4; i++) {
        append_text(journal, "x");
    }
    snprintf(command, sizeof(command), "cd %s && mkdir kept && cp *1.db *1.db-wal kept/",
            directory);
    assert_int_equal(system(command), 0);
    assert_int_equal(journal_trim(journal, 3), ERR_OK);
    journal_close(journal);
    // The power went before the first unlink was on disk, after the later ones were; and while the
    // next segment was begun.
    snprintf(command, sizeof(command), "cd %s && mv kept/* . && rmdir kept", directory);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof(path), "%s/00000000000000000005.db", directory);
    fclose(fopen(path, "w"));
    journal = open_journal();
    assert_int_equal(journal_first_index(journal), 4);
    assert_int_equal(journal_last_index(journal), 4);
    journal_close(journal);
}

static void a_write_ahead_log_left_alone_by_a_crash_is_removed(void **state)
{
    char path[128];

    (void)state;
    snprintf(path, sizeof(path), "%s/00000000000000000007.db-wal", directory);
    fclose(fopen(path, "w"));
    journal_close(open_journal());
    assert_int_not_equal(access(path, F_OK), 0);
}

int main(void)
{
    database_global_init();
#define CASE(function) cmocka_unit_test_setup_teardown(function, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        CASE(what_was_appended_is_read_back_in_order_after_reopening),
        CASE(trimming_removes_whole_segments_and_keeps_the_last),
        CASE(a_missing_segment_is_named_not_skipped),
        CASE(a_segment_whose_table_was_never_made_does_not_forget_the_trim),
        CASE(a_trim_half_done_in_any_order_is_finished),
        CASE(a_write_ahead_log_left_alone_by_a_crash_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

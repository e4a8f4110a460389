// SPDX-License-Identifier: MIT
#include "shared/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

// What is written to stderr while it is a pipe; as_journal: $JOURNAL_STREAM names that pipe.
static void written(bool as_journal, char *text, size_t bytes)
{
    int ends[2], before = dup(STDERR_FILENO);
    struct stat status;
    char stream[60];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fstat(ends[1], &status), 0);
    snprintf(stream, sizeof(stream), "%lu:%lu", (unsigned long)status.st_dev,
            (unsigned long)status.st_ino + !as_journal);
    setenv("JOURNAL_STREAM", stream, 1);
    dup2(ends[1], STDERR_FILENO);
    log_error("disk_lost", "path=%s", "/a\nb");
    log_warn("disk_low", "free=%d", 1);
    log_info("started", "pid=%d", 2);
    dup2(before, STDERR_FILENO);
    close(before);
    close(ends[1]);
    ssize_t length = read(ends[0], text, bytes - 1);
    assert_true(length > 0);
    text[length] = '\0';
    close(ends[0]);
    unsetenv("JOURNAL_STREAM");
}

static void the_journal_gets_priorities_and_no_times(void **state)
{
    char text[500];

    (void)state;
    written(true, text, sizeof(text));
    assert_string_equal(text, "<3>disk_lost path=/a?b\n<4>disk_low free=1\n<6>started pid=2\n");
}

// The variable is inherited by everything that a service starts, also when its stderr is a file.
static void another_stderr_is_not_taken_for_the_journal(void **state)
{
    char text[500];

    (void)state;
    written(false, text, sizeof(text));
    assert_non_null(strstr(text, "Z error disk_lost path=/a?b\n"));
    assert_null(strchr(text, '<'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_journal_gets_priorities_and_no_times),
        cmocka_unit_test(another_stderr_is_not_taken_for_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

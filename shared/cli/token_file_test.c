// SPDX-License-Identifier: MIT
#include "shared/cli/token_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];
static char token[TOKEN_BUFFER_BYTES];
static char says[300];

static enum token_file_verdict read_of(const char *content, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(content, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
    return token_file_read(path, token, says, sizeof(says));
}

static int make(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "/tmp/token-file-test-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int clean(void **state)
{
    (void)state;
    return unlink(path);
}

static void one_token_with_or_without_a_line_end(void **state)
{
    (void)state;
    assert_int_equal(read_of("ann~1~secret\n", 0600), TOKEN_FILE_GOOD);
    assert_string_equal(token, "ann~1~secret");
    assert_int_equal(read_of("ann~1~secret", 0400), TOKEN_FILE_GOOD);
    assert_string_equal(token, "ann~1~secret");
}

static void what_others_may_read_or_what_is_no_token_is_refused(void **state)
{
    char long_one[400] = { 0 };

    (void)state;
    memset(long_one, 'a', TOKEN_BYTES_MAX);
    assert_int_equal(read_of(long_one, 0600), TOKEN_FILE_GOOD);
    memset(long_one, 'a', TOKEN_BYTES_MAX + 1);
    assert_int_equal(read_of(long_one, 0600), TOKEN_FILE_EMPTY);
    assert_int_equal(read_of("", 0600), TOKEN_FILE_EMPTY);
    assert_int_equal(read_of("\n", 0600), TOKEN_FILE_EMPTY);
    assert_int_equal(read_of("a", 0640), TOKEN_FILE_PUBLIC);
    assert_non_null(strstr(says, "chmod 600"));
    assert_int_equal(token_file_read("/nonexistent/token", token, says, sizeof(says)),
            TOKEN_FILE_MISSING);
    assert_int_equal(token_file_read("/tmp", token, says, sizeof(says)), TOKEN_FILE_PUBLIC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_token_with_or_without_a_line_end, make, clean),
        cmocka_unit_test_setup_teardown(what_others_may_read_or_what_is_no_token_is_refused, make,
                clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "disk/directory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/limits.h"

static char parent[64];
static char path[80];
static char reason[400];

static int make_parent(void **state)
{
    (void)state;
    strcpy(parent, "/tmp/directory_test.XXXXXX");
    if (mkdtemp(parent) == NULL) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/data", parent);
    reason[0] = '\0';
    return 0;
}

static int remove_parent(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", parent);
    return system(command);
}

static enum err open_directory(struct data_directory *directory, uint16_t partition_count)
{
    reason[0] = '\0';
    enum err err = data_directory_open(directory, path, partition_count, reason, sizeof(reason));
    assert_int_equal(err == ERR_OK, reason[0] == '\0');
    assert_int_equal(err == ERR_OK, directory->lock_fd >= 0);
    return err;
}

static void write_format(const char *line)
{
    char file[100];

    snprintf(file, sizeof(file), "%s/chat.format", path);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs(line, out);
    fclose(out);
}

static void make_directory(struct data_directory *made)
{
    assert_int_equal(open_directory(made, 900), ERR_OK);
    data_directory_close(made);
}

static void a_new_directory_is_private_and_remembers_itself(void **state)
{
    struct data_directory first, second;
    struct stat status;

    (void)state;
    assert_int_equal(open_directory(&first, 17), ERR_OK);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(first.partition_count, 17);
    assert_int_equal(first.generation, 1);
    assert_true(first.cell_id != 0);
    data_directory_close(&first);
    assert_int_equal(open_directory(&second, 900), ERR_OK); // the count is of the new one only
    assert_int_equal(second.partition_count, 17);
    assert_int_equal(second.generation, 1);
    assert_true(second.cell_id == first.cell_id);
    data_directory_close(&second);
    data_directory_close(&second);
}

static void a_second_open_is_refused_while_the_first_lasts(void **state)
{
    struct data_directory first, second;

    (void)state;
    assert_int_equal(open_directory(&first, 900), ERR_OK);
    assert_int_not_equal(open_directory(&second, 900), ERR_OK);
    assert_non_null(strstr(reason, "in use by another chatd"));
    char pid[32];
    snprintf(pid, sizeof(pid), "pid %d", (int)getpid());
    assert_non_null(strstr(reason, pid));
    data_directory_close(&first);
    assert_int_equal(open_directory(&second, 900), ERR_OK);
    data_directory_close(&second);
}

static void another_format_version_is_refused_with_a_sentence(void **state)
{
    struct data_directory directory;

    (void)state;
    make_directory(&directory);
    write_format("chatd data 2 partitions 900 generation 1 cell 0123456789ab\n");
    assert_int_equal(open_directory(&directory, 900), ERR_INVALID);
    assert_non_null(strstr(reason, "is of format 2, this chatd reads format 1"));
    write_format("chatd data 2 whatever a later version writes\n");
    assert_int_equal(open_directory(&directory, 900), ERR_INVALID);
    assert_non_null(strstr(reason, "is of format 2"));
}

static void a_damaged_format_line_is_refused_and_left_alone(void **state)
{
    static const char *const lines[] = {
        "",
        "\n",
        "chatd",
        "chatd data",
        "chatd data x",
        "chatd data 1",
        "chatd data 1 partitions",
        "chatd data 1 partitions 0 generation 1 cell 0123456789ab\n",
        "chatd data 1 partitions -1 generation 1 cell 0123456789ab\n",
        "chatd data 1 partitions 4097 generation 1 cell 0123456789ab\n",
        "chatd data 1 partitions 900 generation",
        "chatd data 1 partitions 900 generation 1 cell",
        "chatd data 1 partitions 900 generation 1 cell \n",
        "chatd data 1 partitions 900 generation 1 cell 01234",
        "chatd data 1 partitions 900 generation 1 cell 0123456789ab",
        "chatd data 1 partitions 900 generation 1 cell 0123456789abc\n",
        "chatd data 1 partitions 900 generation 1 cell 0123456789ab\nmore\n",
        "chatd data 1 partitions 900 generation -1 cell 0123456789ab\n",
        "chatd data 1 partitions 900 generation 0 cell 0123456789ab\n",
        "chatd data 1 partitions 900 generation 1 cell 000000000000\n",
        "something else entirely\n",
    };
    struct data_directory directory;

    (void)state;
    make_directory(&directory);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        write_format(lines[i]);
        for (int attempt = 0; attempt < 2; attempt++) {
            if (open_directory(&directory, 900) != ERR_DAMAGED) {
                fail_msg("\"%s\" passes for a format line", lines[i]);
            }
            assert_non_null(strstr(reason, "chat.format is damaged"));
        }
    }
}

static void a_format_line_cut_anywhere_is_refused(void **state)
{
    char line[100], cut[100];
    struct data_directory directory;

    (void)state;
    make_directory(&directory);
    int bytes = snprintf(line, sizeof(line),
            "chatd data 1 partitions 900 generation 1 cell %012" PRIx64 "\n", directory.cell_id);
    write_format(line);
    make_directory(&directory);
    for (int i = 0; i < bytes; i++) {
        snprintf(cut, sizeof(cut), "%.*s", i, line);
        write_format(cut);
        assert_int_equal(open_directory(&directory, 900), ERR_DAMAGED);
    }
}

static void a_path_that_is_no_directory_is_refused(void **state)
{
    static char deep[700];
    struct data_directory directory;

    (void)state;
    fclose(fopen(path, "w"));
    assert_int_not_equal(open_directory(&directory, 900), ERR_OK);
    assert_non_null(strstr(reason, path));
    memset(deep, 'x', sizeof(deep) - 1);
    assert_int_equal(data_directory_open(&directory, deep, 900, reason, sizeof(reason)),
            ERR_INVALID);
}

static void the_reserve_is_given_back_and_taken_again(void **state)
{
    struct data_directory directory;
    struct stat status;
    char file[100];

    (void)state;
    assert_int_equal(open_directory(&directory, 900), ERR_OK);
    snprintf(file, sizeof(file), "%s/reserve", path);
    data_directory_reserve_release(&directory); // nothing to give back
    for (int i = 0; i < 2; i++) {
        assert_true(data_directory_reserve_restore(&directory));
        assert_true(data_directory_reserve_restore(&directory));
        assert_int_equal(stat(file, &status), 0);
        assert_int_equal(status.st_size, RESERVE_FILE_BYTES);
        assert_true(status.st_blocks * 512 >= RESERVE_FILE_BYTES); // really taken
        data_directory_reserve_release(&directory);
        data_directory_reserve_release(&directory);
        assert_int_not_equal(stat(file, &status), 0);
    }
    assert_true(data_directory_free_bytes(&directory) > 0);
    data_directory_close(&directory);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, make_parent, remove_parent)
    const struct CMUnitTest tests[] = {
        CASE(a_new_directory_is_private_and_remembers_itself),
        CASE(a_second_open_is_refused_while_the_first_lasts),
        CASE(another_format_version_is_refused_with_a_sentence),
        CASE(a_damaged_format_line_is_refused_and_left_alone),
        CASE(a_format_line_cut_anywhere_is_refused),
        CASE(a_path_that_is_no_directory_is_refused),
        CASE(the_reserve_is_given_back_and_taken_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

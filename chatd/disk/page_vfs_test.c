// SPDX-License-Identifier: MIT
#include "disk/page_vfs.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <xxhash.h>

#include "disk/database.h"
#include "disk/page_copy.h"
#include "shared/log.h"

#define PAGE_BYTES 4096
#define BODY_BYTES (PAGE_BYTES - PAGE_VFS_RESERVE_BYTES)
#define ROWS 40

static char directory[64];
static char path[80];

static sqlite3 *open_database(void)
{
    sqlite3 *database = NULL;

    assert_int_equal(database_open(path, DATABASE_PARTITION, &database), ERR_OK);
    return database;
}

static void execute(sqlite3 *database, const char *sql)
{
    if (database_execute(database, sql) != ERR_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(database));
    }
}

// A file of many pages, none of them free: rows that lie in a leaf and rows that need further
// pages.
static void fill(sqlite3 *database)
{
    execute(database, "CREATE TABLE line (id INTEGER PRIMARY KEY, body BLOB)");
    execute(database, "BEGIN");
    for (int i = 1; i <= ROWS; i++) {
        char sql[100];
        snprintf(sql, sizeof(sql), "INSERT INTO line VALUES (%d, randomblob(%d))", i,
                i % 4 == 0 ? 9000 : 500);
        execute(database, sql);
    }
    execute(database, "COMMIT");
}

static int make_file(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    strcpy(directory, "/tmp/page_vfs_test.XXXXXX");
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/file.db", directory);
    sqlite3 *database = open_database();
    fill(database);
    assert_int_equal(database_checkpoint(database), ERR_OK);
    database_close(database);
    return 0;
}

static int remove_file(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command);
}

// Reads every byte of every row and returns SQLite's code at the end.
static int read_all(sqlite3 *database, int *row_count)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, "SELECT body FROM line", -1, &statement, NULL);

    *row_count = 0;
    if (code != SQLITE_OK) {
        return code;
    }
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        assert_non_null(sqlite3_column_blob(statement, 0));
        (*row_count)++;
    }
    sqlite3_finalize(statement);
    return code;
}

// The code of opening the file and reading all of it with the vfs alone, without our border.
static int open_and_read_all(void)
{
    sqlite3 *database = NULL;
    int row_count = 0;
    int code = sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, PAGE_VFS_CHECKED);

    sqlite3_extended_result_codes(database, 1);
    if (code == SQLITE_OK) {
        code = sqlite3_exec(database, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) {
        code = read_all(database, &row_count);
    }
    if (code == SQLITE_DONE) {
        assert_int_equal(row_count, ROWS);
    }
    sqlite3_close(database);
    return code;
}

static off_t file_bytes(int file)
{
    return lseek(file, 0, SEEK_END);
}

static int open_file(void)
{
    int file = open(path, O_RDWR | O_CLOEXEC);

    assert_true(file >= 0);
    return file;
}

static void flip(off_t offset, int bit)
{
    unsigned char byte;
    int file = open_file();

    assert_int_equal(pread(file, &byte, 1, offset), 1);
    byte = (unsigned char)(byte ^ (1 << bit));
    assert_int_equal(pwrite(file, &byte, 1, offset), 1);
    close(file);
}

static off_t page_count(void)
{
    int file = open_file();
    off_t bytes = file_bytes(file);

    close(file);
    assert_int_equal(bytes % PAGE_BYTES, 0);
    return bytes / PAGE_BYTES;
}

static void assert_every_page_is_signed(void)
{
    char page[PAGE_BYTES];
    XXH64_hash_t stored;
    int file = open_file();

    for (off_t offset = 0; offset < file_bytes(file); offset += PAGE_BYTES) {
        assert_int_equal(pread(file, page, PAGE_BYTES, offset), PAGE_BYTES);
        memcpy(&stored, page + BODY_BYTES, sizeof(stored));
        assert_true(stored == XXH3_64bits_withSeed(page, BODY_BYTES, (XXH64_hash_t)offset));
    }
    close(file);
}

static void an_undamaged_file_reads_whole(void **state)
{
    (void)state;
    assert_true(page_count() > 20);
    assert_every_page_is_signed();
    assert_int_equal(open_and_read_all(), SQLITE_DONE);
}

// Whoever reads the file page by page is told which one; 0: none. It is not copied.
static void assert_copy_finds(off_t page)
{
    struct page_copy *copy;
    uint64_t first = 0;
    bool is_done = false;
    char target[100];

    snprintf(target, sizeof(target), "%s/copy", directory);
    assert_int_equal(page_copy_open(path, NULL, &copy), ERR_OK);
    while (!is_done) {
        assert_int_equal(page_copy_step(copy, 3 * PAGE_BYTES, &is_done), ERR_OK);
    }
    assert_int_equal(page_copy_damaged(copy, &first), page > 0);
    assert_int_equal(first, page);
    page_copy_close(copy);
    assert_int_equal(page_copy_open(path, target, &copy), ERR_OK);
    enum err err = page_copy_step(copy, UINT64_MAX, &is_done);
    assert_int_equal(err, page > 0 ? ERR_DAMAGED : ERR_OK);
    if (err == ERR_OK) {
        assert_int_equal(page_copy_finish(copy), ERR_OK);
    }
    page_copy_close(copy);
    assert_int_equal(access(target, F_OK) == 0, page == 0);
    unlink(target);
}

static void a_copy_is_the_file(void **state)
{
    (void)state;
    assert_copy_finds(0);
}

static void a_flipped_bit_in_any_page_is_an_io_error(void **state)
{
    // Body, its last byte, the first and the last byte of the checksum.
    static const off_t places[] = { 100, 2047, BODY_BYTES - 1, BODY_BYTES, PAGE_BYTES - 1 };

    (void)state;
    for (off_t page = 0; page < page_count(); page++) {
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
            off_t offset = page * PAGE_BYTES + places[i];
            flip(offset, (int)(page % 8));
            assert_copy_finds(page + 1);
            // The second page says only where pages belong: nobody who reads rows reads it.
            int code = page == 1 ? SQLITE_IOERR_DATA : open_and_read_all();
            if (code != SQLITE_IOERR_DATA) {
                fail_msg("page %d byte %d: code %d", (int)page + 1, (int)places[i], code);
            }
            flip(offset, (int)(page % 8));
        }
    }
    assert_int_equal(open_and_read_all(), SQLITE_DONE);
}

// SQLite looks at the first hundred bytes before it reads the first page as a whole; whatever it
// makes of them, the file must not pass for a good one.
static void a_flipped_bit_in_the_header_never_passes(void **state)
{
    sqlite3 *database;
    int row_count;

    (void)state;
    for (off_t offset = 0; offset < 100; offset++) {
        for (int bit = 0; bit < 8; bit++) {
            flip(offset, bit);
            assert_int_not_equal(open_and_read_all(), SQLITE_DONE);
            if (database_open(path, DATABASE_PARTITION, &database) == ERR_OK) {
                int code = read_all(database, &row_count);
                if (code == SQLITE_DONE) {
                    fail_msg("byte %d bit %d passes", (int)offset, bit);
                }
                database_close(database);
            }
            flip(offset, bit);
        }
    }
    assert_int_equal(open_and_read_all(), SQLITE_DONE);
}

static void a_page_in_the_wrong_place_is_caught(void **state)
{
    char page[2][PAGE_BYTES];
    off_t last = page_count() - 1;
    int file = open_file();

    (void)state;
    for (off_t i = 2; i < last; i++) {
        assert_int_equal(pread(file, page[0], PAGE_BYTES, i * PAGE_BYTES), PAGE_BYTES);
        assert_int_equal(pread(file, page[1], PAGE_BYTES, last * PAGE_BYTES), PAGE_BYTES);
        assert_int_equal(pwrite(file, page[1], PAGE_BYTES, i * PAGE_BYTES), PAGE_BYTES);
        assert_int_equal(open_and_read_all(), SQLITE_IOERR_DATA);
        assert_int_equal(pwrite(file, page[0], PAGE_BYTES, i * PAGE_BYTES), PAGE_BYTES);
    }
    assert_int_equal(open_and_read_all(), SQLITE_DONE);
    close(file);
}

static void a_page_of_nothing_is_caught(void **state)
{
    static const char nothing[PAGE_BYTES];
    int file = open_file();

    (void)state;
    assert_int_equal(pwrite(file, nothing, PAGE_BYTES, 3L * PAGE_BYTES), PAGE_BYTES);
    close(file);
    assert_int_equal(open_and_read_all(), SQLITE_IOERR_DATA);
}

static void checkpoints_keep_every_page_signed(void **state)
{
    sqlite3 *database = open_database();
    int row_count;

    (void)state;
    for (int round = 0; round < 20; round++) {
        execute(database, "UPDATE line SET body = randomblob(length(body)) WHERE random() % 3 = 0");
        execute(database, "DELETE FROM line WHERE id % 5 = 0");
        execute(database,
                "INSERT INTO line SELECT id + 5, randomblob(700) FROM line "
                "WHERE id % 5 = 0 OR id = (SELECT max(id) FROM line)");
        assert_int_equal(database_checkpoint(database), ERR_OK);
        assert_every_page_is_signed();
    }
    database_close(database);
    database = open_database();
    assert_int_equal(read_all(database, &row_count), SQLITE_DONE);
    database_close(database);
}

// A crash before the checkpoint: the pages are in the log, the file is the old one.
static void a_file_with_a_log_beside_it_reads_the_new_state(void **state)
{
    sqlite3 *database = open_database();
    int row_count;

    (void)state;
    execute(database, "INSERT INTO line VALUES (1000, randomblob(20000))");
    database_close(database); // never checkpoints
    assert_every_page_is_signed();
    database = open_database();
    assert_int_equal(read_all(database, &row_count), SQLITE_DONE);
    assert_int_equal(row_count, ROWS + 1);
    assert_int_equal(database_checkpoint(database), ERR_OK);
    database_close(database);
    assert_every_page_is_signed();
}

static void our_border_calls_it_damaged(void **state)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement;
    bool has_row = true;

    (void)state;
    flip((page_count() - 1) * PAGE_BYTES + 7, 3);
    database = open_database();
    assert_int_equal(database_prepare(database, "SELECT body FROM line", &statement), ERR_OK);
    enum err err = ERR_OK;
    while (err == ERR_OK && has_row) {
        err = database_next(statement, &has_row);
        (void)(err == ERR_OK && has_row ? sqlite3_column_blob(statement, 0) : NULL);
        err = err == ERR_OK ? database_err(sqlite3_extended_errcode(database)) : err;
    }
    assert_int_equal(err, ERR_DAMAGED);
    sqlite3_finalize(statement);
    database_close(database);
    flip(50, 0);
    assert_int_equal(database_open(path, DATABASE_PARTITION, &database), ERR_DAMAGED);
    assert_null(database);
}

int main(void)
{
    database_global_init();
#define CASE(function) cmocka_unit_test_setup_teardown(function, make_file, remove_file)
    const struct CMUnitTest tests[] = {
        CASE(an_undamaged_file_reads_whole),
        CASE(a_copy_is_the_file),
        CASE(a_flipped_bit_in_any_page_is_an_io_error),
        CASE(a_flipped_bit_in_the_header_never_passes),
        CASE(a_page_in_the_wrong_place_is_caught),
        CASE(a_page_of_nothing_is_caught),
        CASE(checkpoints_keep_every_page_signed),
        CASE(a_file_with_a_log_beside_it_reads_the_new_state),
        CASE(our_border_calls_it_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

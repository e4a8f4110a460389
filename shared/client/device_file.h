// SPDX-License-Identifier: MIT
// An SQLite file in the state directory of one device: opened for its user only, in WAL mode
// (sqlite.org/wal.html), with its statements. Several processes may have it open.
//
// Owner: whoever embeds it. Thread: one. Errors: SQLite's codes become ours here.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"

// Of the sentences that say why something failed.
#define DEVICE_FILE_REASON_BYTES 600

struct device_file {
    sqlite3 *db;
    const char *const *texts; // of the statements, lent; the embedder sets these three
    sqlite3_stmt **prepared;  // as many, NULL at first
    int count;
    char path[440];
    char reason[DEVICE_FILE_REASON_BYTES];
};

// path may be ":memory:". After an error the file is still to be closed.
enum err device_file_open(struct device_file *file, const char *path, int busy_ms) MUST_USE;
// Prepared on its first use: what a start does not need costs it nothing. NULL: what failed is told
// by device_file_run() or device_file_failed(); SQLite takes a NULL statement for an error.
sqlite3_stmt *device_file_statement(struct device_file *file, int which);
// Finalizes the statements.
void device_file_unprepare(struct device_file *file);
void device_file_close(struct device_file *file);

// What the last call of SQLite failed with, and the sentence for it.
enum err device_file_failed(struct device_file *file, const char *what);
enum err device_file_execute(struct device_file *file, const char *sql) MUST_USE;
// A number that a PRAGMA or a SELECT of one column gives; 0: none.
enum err device_file_number(struct device_file *file, const char *sql, int64_t *number) MUST_USE;
// Empty again, also when it is damaged, and under the eyes of other processes
// (sqlite.org/c3ref/c_dbconfig_defensive.html, SQLITE_DBCONFIG_RESET_DATABASE).
enum err device_file_empty(struct device_file *file) MUST_USE;

// Steps a statement without rows, and resets it.
enum err device_file_run(struct device_file *file, sqlite3_stmt *statement) MUST_USE;
// After the last step of one with rows: resets it, and says whether it came to its end.
enum err device_file_end(struct device_file *file, sqlite3_stmt *statement, int code) MUST_USE;

void device_file_bind_text(sqlite3_stmt *statement, int index, struct bytes text);
struct bytes device_file_column_text(sqlite3_stmt *statement, int index);
// Unsigned numbers keep their 64 bits.
static inline void device_file_bind(sqlite3_stmt *statement, int index, uint64_t number)
{
    sqlite3_bind_int64(statement, index, (sqlite3_int64)number);
}

static inline uint64_t device_file_column(sqlite3_stmt *statement, int index)
{
    return (uint64_t)sqlite3_column_int64(statement, index);
}

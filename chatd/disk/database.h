// SPDX-License-Identifier: MIT
// Opening SQLite the way the log and the partitions need it, and the one border where SQLite's
// codes become ours.
//
// Thread: a database belongs to the one thread that uses it (SQLITE_OPEN_NOMUTEX); locking_mode is
//         EXCLUSIVE, so a second process on the same file is refused.
// Source: sqlite.org/wal.html ("Use of WAL Without Shared-Memory"), sqlite.org/pragma.html.

#pragma once

#include <sqlite3.h>

#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"

enum database_kind {
    DATABASE_PARTITION, // checksummed pages, synchronous=NORMAL: durable after a checkpoint
    DATABASE_SEGMENT,   // synchronous=FULL: durable when a commit returns; never checkpointed
};

// Once, before any thread is started.
void database_global_init(void);

// Creates the file if it does not exist. On failure *database is NULL.
enum err database_open(const char *path, enum database_kind kind, sqlite3 **database) MUST_USE;

// SQLite's own check of the structure of a settled file
// (sqlite.org/pragma.html#pragma_integrity_check) that others may have open, on any thread.
// ERR_DAMAGED: what says what it found.
enum err database_verify(const char *path, char *what, size_t what_bytes) MUST_USE;

// Accepts NULL. Every statement must have been finalized. Never checkpoints.
void database_close(sqlite3 *database);

enum err database_execute(sqlite3 *database, const char *sql) MUST_USE;
enum err database_prepare(sqlite3 *database, const char *sql, sqlite3_stmt **statement) MUST_USE;

// Steps a statement that returns no rows, and resets it.
enum err database_run(sqlite3_stmt *statement) MUST_USE;

// Steps to the next row; *has_row false at the end. The caller resets.
enum err database_next(sqlite3_stmt *statement, bool *has_row) MUST_USE;

// Writes the WAL into the file, syncs both, truncates the WAL.
enum err database_checkpoint(sqlite3 *database) MUST_USE;

// Translates a result code. ERR_OK for SQLITE_OK, SQLITE_ROW and SQLITE_DONE.
enum err database_err(int code);

// Binding and reading with our types. Binding never fails for want of an index: the statements are
// ours. An empty string is stored as an empty string, not NULL.
void database_bind_int(sqlite3_stmt *statement, int index, uint64_t value);
void database_bind_int_or_null(sqlite3_stmt *statement, int index, uint64_t value); // 0 is NULL
void database_bind_text(sqlite3_stmt *statement, int index, struct bytes text);
void database_bind_blob(sqlite3_stmt *statement, int index, struct bytes blob);
uint64_t database_int(sqlite3_stmt *statement, int column);
// Lent until the next step.
struct bytes database_bytes(sqlite3_stmt *statement, int column);

// SPDX-License-Identifier: MIT
#include "disk/database.h"

#include <stdio.h>
#include <string.h>

#include "disk/page_vfs.h"
#include "shared/failpoint.h"
#include "shared/log.h"

void database_global_init(void)
{
    // Statistics take a global mutex at every allocation; nobody reads them.
    CHECK(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
    CHECK(sqlite3_config(SQLITE_CONFIG_MULTITHREAD) == SQLITE_OK);
    CHECK(sqlite3_initialize() == SQLITE_OK);
    page_vfs_register();
}

enum err database_err(int code)
{
    if (code == SQLITE_IOERR_DATA) {
        return ERR_DAMAGED; // page_vfs found a page whose checksum does not fit
    }
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ERR_OK;
    case SQLITE_NOMEM:
        return ERR_MEMORY;
    case SQLITE_FULL:
        return ERR_DISK_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: // our SQL against a schema that is not ours
    case SQLITE_MISMATCH:
        return ERR_DAMAGED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    default:
        return ERR_IO;
    }
}

static bool is_empty(sqlite3 *database)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 bytes = 0;

    return sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
            file->pMethods != NULL && file->pMethods->xFileSize(file, &bytes) == SQLITE_OK &&
            bytes == 0;
}

static enum err apply_settings(sqlite3 *database, enum database_kind kind)
{
    int reserve_bytes = PAGE_VFS_RESERVE_BYTES;
    enum err err;

    sqlite3_extended_result_codes(database, 1);
    sqlite3_db_config(database, SQLITE_DBCONFIG_LOOKASIDE, NULL, 128, 64);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (kind == DATABASE_PARTITION) {
        // Only takes effect on a new file; an old one says what it has.
        sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve_bytes);
    }
    // The lock first: without shared memory a WAL can't be read otherwise. auto_vacuum takes effect
    // on a new file, so that what retention deletes can be given back; an old one it would write.
    err = database_execute(database, "PRAGMA page_size=4096; PRAGMA locking_mode=EXCLUSIVE;");
    if (err == ERR_OK && kind == DATABASE_PARTITION && is_empty(database)) {
        err = database_execute(database, "PRAGMA auto_vacuum=INCREMENTAL;");
    }
    if (err == ERR_OK) {
        err = database_execute(database,
                "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;");
    }
    if (err == ERR_OK) {
        err = database_execute(database,
                kind == DATABASE_PARTITION ? "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-256;"
                                           : "PRAGMA synchronous=FULL; PRAGMA cache_size=-512;");
    }
    if (err == ERR_OK && PLANTED("journal_not_synced")) {
        err = database_execute(database, "PRAGMA synchronous=NORMAL;");
    }
    return err;
}

// A process that was killed may have left frames in the WAL that were never synced. They are read
// again, and what was read is built upon: so they must survive a power loss from now on.
static enum err sync_recovered(sqlite3 *database)
{
    sqlite3_file *wal = NULL;
    sqlite3_int64 bytes = 0;

    if (sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) != SQLITE_OK ||
            wal == NULL || wal->pMethods == NULL) {
        return ERR_OK;
    }
    int code = wal->pMethods->xFileSize(wal, &bytes);
    if (code == SQLITE_OK && bytes > 0) {
        code = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
    }
    return database_err(code);
}

enum err database_open(const char *path, enum database_kind kind, sqlite3 **database)
{
    const char *vfs = kind == DATABASE_PARTITION ? PAGE_VFS_CHECKED : PAGE_VFS_PLAIN;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    enum err err = database_err(sqlite3_open_v2(path, database, flags, vfs));

    if (err == ERR_OK) {
        err = apply_settings(*database, kind);
    }
    if (err == ERR_OK) {
        err = sync_recovered(*database);
    }
    if (err != ERR_OK) {
        log_error("database_open", "path=%s error=%s detail=\"%s\"", path, err_kind(err),
                *database == NULL ? "out of memory" : sqlite3_errmsg(*database));
        database_close(*database);
        *database = NULL;
    }
    return err;
}

// A path as a URI that says that nobody writes to the file: no locks, no WAL, no journal.
static bool immutable_uri(const char *path, char *uri, size_t uri_bytes)
{
    size_t used = (size_t)snprintf(uri, uri_bytes, "file:");

    for (; *path != '\0' && used + 16 < uri_bytes; path++) {
        bool is_plain = strchr("?#%", *path) == NULL;
        used += (size_t)snprintf(uri + used, uri_bytes - used, is_plain ? "%c" : "%%%02x",
                (unsigned char)*path);
    }
    snprintf(uri + used, uri_bytes - used, "?immutable=1");
    return *path == '\0';
}

enum err database_verify(const char *path, char *what, size_t what_bytes)
{
    char uri[1400];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    bool has_row = false;

    if (!immutable_uri(path, uri, sizeof(uri))) {
        return ERR_INVALID;
    }
    enum err err = database_err(sqlite3_open_v2(uri, &database,
            SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, PAGE_VFS_CHECKED));
    if (err == ERR_OK) {
        err = database_prepare(database, "PRAGMA integrity_check(1)", &statement);
    }
    if (err == ERR_OK) {
        err = database_next(statement, &has_row);
    }
    if (err == ERR_OK && has_row) {
        struct bytes found = database_bytes(statement, 0);
        if (!bytes_equal(found, bytes_of("ok"))) {
            snprintf(what, what_bytes, "%.*s", (int)found.size, found.data);
            err = ERR_DAMAGED;
        }
    } else if (err != ERR_OK) {
        snprintf(what, what_bytes, "%s",
                database == NULL ? "out of memory" : sqlite3_errmsg(database));
    }
    sqlite3_finalize(statement);
    database_close(database);
    return err;
}

void database_close(sqlite3 *database)
{
    CHECK(sqlite3_close(database) == SQLITE_OK);
}

enum err database_execute(sqlite3 *database, const char *sql)
{
    return database_err(sqlite3_exec(database, sql, NULL, NULL, NULL));
}

enum err database_prepare(sqlite3 *database, const char *sql, sqlite3_stmt **statement)
{
    return database_err(
            sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL));
}

enum err database_run(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);

    sqlite3_reset(statement);
    return database_err(code);
}

enum err database_next(sqlite3_stmt *statement, bool *has_row)
{
    int code = sqlite3_step(statement);

    *has_row = code == SQLITE_ROW;
    return database_err(code);
}

enum err database_checkpoint(sqlite3 *database)
{
    if (FAILPOINT("checkpoint.before")) {
        return ERR_IO;
    }
    return database_err(
            sqlite3_wal_checkpoint_v2(database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
}

void database_bind_int(sqlite3_stmt *statement, int index, uint64_t value)
{
    CHECK(sqlite3_bind_int64(statement, index, (sqlite3_int64)value) == SQLITE_OK);
}

void database_bind_int_or_null(sqlite3_stmt *statement, int index, uint64_t value)
{
    if (value == 0) {
        CHECK(sqlite3_bind_null(statement, index) == SQLITE_OK);
    } else {
        database_bind_int(statement, index, value);
    }
}

void database_bind_text(sqlite3_stmt *statement, int index, struct bytes text)
{
    CHECK(sqlite3_bind_text(statement, index, text.data == NULL ? "" : text.data, (int)text.size,
                  SQLITE_STATIC) == SQLITE_OK);
}

void database_bind_blob(sqlite3_stmt *statement, int index, struct bytes blob)
{
    CHECK(sqlite3_bind_blob(statement, index, blob.data == NULL ? "" : blob.data, (int)blob.size,
                  SQLITE_STATIC) == SQLITE_OK);
}

uint64_t database_int(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}

struct bytes database_bytes(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);

    return (struct bytes){ data, (uint32_t)sqlite3_column_bytes(statement, column) };
}

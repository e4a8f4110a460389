// SPDX-License-Identifier: MIT
#include "shared/client/device_file.h"

#include <stdio.h>
#include <sys/stat.h>

enum err device_file_failed(struct device_file *file, const char *what)
{
    snprintf(file->reason, sizeof(file->reason), "%s: %s: %s", file->path, what,
            file->db == NULL ? "no memory" : sqlite3_errmsg(file->db));
    switch (file->db == NULL ? SQLITE_NOMEM : sqlite3_errcode(file->db)) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_DAMAGED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_FULL:
        return ERR_DISK_FULL;
    case SQLITE_NOMEM:
        return ERR_MEMORY;
    default:
        return ERR_IO;
    }
}

enum err device_file_execute(struct device_file *file, const char *sql)
{
    return sqlite3_exec(file->db, sql, NULL, NULL, NULL) == SQLITE_OK
            ? ERR_OK
            : device_file_failed(file, "can't be used");
}

enum err device_file_number(struct device_file *file, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement;

    *number = 0;
    if (sqlite3_prepare_v2(file->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        return device_file_failed(file, "can't be read");
    }
    int code = sqlite3_step(statement);
    enum err err = ERR_OK;
    if (code == SQLITE_ROW) {
        *number = sqlite3_column_int64(statement, 0);
    } else if (code != SQLITE_DONE) {
        err = device_file_failed(file, "can't be read");
    }
    sqlite3_finalize(statement);
    return err;
}

// Small files of one user, read a page of the screen at a time: what SQLite keeps for big databases
// (80 KB and 48 KB for each file at once, and up to 2 MB) would be most of the program's memory.
static void configure(void)
{
    static bool is_configured;

    if (!is_configured) {
        is_configured = true;
        sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
        sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
    }
}

enum err device_file_open(struct device_file *file, const char *path, int busy_ms)
{
    snprintf(file->path, sizeof(file->path), "%s", path);
    configure();
    mode_t before = umask(077); // for the WAL too
    int code = sqlite3_open_v2(path, &file->db,
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    enum err err = ERR_OK;

    if (code != SQLITE_OK) {
        err = device_file_failed(file, "can't be opened");
    } else {
        sqlite3_busy_timeout(file->db, busy_ms);
        // A checkpoint syncs, and keys wait for it: short ones (decisions/measurements.md).
        err = device_file_execute(file,
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
                "PRAGMA wal_autocheckpoint=64; PRAGMA cache_size=-64");
    }
    umask(before);
    return err;
}

sqlite3_stmt *device_file_statement(struct device_file *file, int which)
{
    CHECK(which < file->count);
    if (file->prepared[which] == NULL) {
        sqlite3_prepare_v3(file->db, file->texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                &file->prepared[which], NULL);
    }
    return file->prepared[which];
}

enum err device_file_run(struct device_file *file, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);

    sqlite3_reset(statement);
    return code == SQLITE_DONE ? ERR_OK : device_file_failed(file, "can't be written");
}

enum err device_file_end(struct device_file *file, sqlite3_stmt *statement, int code)
{
    enum err err = code == SQLITE_ROW || code == SQLITE_DONE
            ? ERR_OK
            : device_file_failed(file, "can't be read");

    sqlite3_reset(statement);
    return err;
}

void device_file_bind_text(sqlite3_stmt *statement, int index, struct bytes text)
{
    sqlite3_bind_text(statement, index, text.size == 0 ? "" : text.data, (int)text.size,
            SQLITE_STATIC);
}

struct bytes device_file_column_text(sqlite3_stmt *statement, int index)
{
    const char *text = (const char *)sqlite3_column_text(statement, index);

    return text == NULL ? (struct bytes){ "", 0 }
                        : (struct bytes){ text, (uint32_t)sqlite3_column_bytes(statement, index) };
}

void device_file_unprepare(struct device_file *file)
{
    for (int i = 0; i < file->count; i++) {
        sqlite3_finalize(file->prepared[i]);
        file->prepared[i] = NULL;
    }
}

void device_file_close(struct device_file *file)
{
    device_file_unprepare(file);
    sqlite3_close(file->db);
    file->db = NULL;
}

enum err device_file_empty(struct device_file *file)
{
    device_file_unprepare(file);
    sqlite3_db_config(file->db, SQLITE_DBCONFIG_RESET_DATABASE, 1, NULL);
    enum err err = device_file_execute(file, "VACUUM");
    sqlite3_db_config(file->db, SQLITE_DBCONFIG_RESET_DATABASE, 0, NULL);
    return err;
}

// SPDX-License-Identifier: MIT
#include "shared/client/drafts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/client/device_file.h"
#include "shared/client/files.h"
#include "shared/clock.h"
#include "shared/name.h"

#define BUSY_MS 1000
#define SCHEMA_VERSION 1

enum statement { PUT, REMOVE, GET, EACH, STATEMENT_COUNT };

static const char *const statements[STATEMENT_COUNT] = {
    [PUT] = "INSERT OR REPLACE INTO draft(user, peer, text, position, at) VALUES(?, ?, ?, ?, ?)",
    [REMOVE] = "DELETE FROM draft WHERE user = ? AND peer = ?",
    [GET] = "SELECT peer, text, position, at FROM draft WHERE user = ? AND peer = ?",
    [EACH] = "SELECT peer, text, position, at FROM draft WHERE user = ? ORDER BY peer",
};

static const char schema[] =
        "BEGIN IMMEDIATE;"
        "CREATE TABLE IF NOT EXISTS draft(user TEXT NOT NULL, peer TEXT NOT NULL, "
        "text TEXT NOT NULL, position INTEGER NOT NULL, at INTEGER NOT NULL, "
        "PRIMARY KEY(user, peer)) STRICT;"
        "PRAGMA user_version = 1;"
        "COMMIT";

static_assert(SCHEMA_VERSION == 1, "the schema says so too");

struct drafts {
    struct device_file file;
    sqlite3_stmt *prepared[STATEMENT_COUNT];
    struct name user;
};

static enum err open_file(struct drafts *drafts, const char *path)
{
    int64_t version = 0;
    enum err err = device_file_open(&drafts->file, path, BUSY_MS);

    if (err == ERR_OK) {
        err = device_file_execute(&drafts->file, "PRAGMA secure_delete=ON");
    }
    if (err == ERR_OK) {
        err = device_file_number(&drafts->file, "PRAGMA user_version", &version);
    }
    if (err == ERR_OK && version > SCHEMA_VERSION) {
        snprintf(drafts->file.reason, sizeof(drafts->file.reason), "%s: is of a later version",
                path);
        return ERR_IO;
    }
    return err == ERR_OK && version == 0 ? device_file_execute(&drafts->file, schema) : err;
}

// With what belongs to it: a WAL must not meet another file.
static bool put_aside(const char *path)
{
    static const char *const endings[] = { "-wal", "-shm", "" };
    bool is_aside = true;

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        char from[FILES_PATH_BYTES + 8], to[FILES_PATH_BYTES + 16];
        snprintf(from, sizeof(from), "%s%s", path, endings[i]);
        snprintf(to, sizeof(to), "%s.damaged%s", path, endings[i]);
        is_aside = (rename(from, to) == 0 || errno == ENOENT) && is_aside;
    }
    return is_aside;
}

enum err drafts_open(const char *directory, struct bytes user, struct drafts **out)
{
    struct drafts *drafts = calloc(1, sizeof(*drafts));
    char path[FILES_PATH_BYTES];

    *out = drafts;
    if (drafts == NULL) {
        return ERR_MEMORY;
    }
    drafts->file.texts = statements;
    drafts->file.prepared = drafts->prepared;
    drafts->file.count = STATEMENT_COUNT;
    snprintf(path, sizeof(path), "%s/drafts.db", directory);
    if (!name_is_valid(user) || !files_make_directory(directory)) {
        snprintf(drafts->file.reason, sizeof(drafts->file.reason), "%s: can't be made", path);
        return ERR_IO;
    }
    drafts->user = name_of(user);
    enum err err = open_file(drafts, path);
    if (err == ERR_DAMAGED) {
        device_file_close(&drafts->file);
        if (put_aside(path)) {
            err = open_file(drafts, path);
        }
    }
    return err;
}

void drafts_close(struct drafts *drafts)
{
    if (drafts != NULL) {
        device_file_close(&drafts->file);
        free(drafts);
    }
}

const char *drafts_reason(const struct drafts *drafts)
{
    return drafts == NULL ? "no memory" : drafts->file.reason;
}

enum err drafts_put(struct drafts *drafts, struct bytes peer, struct bytes text, uint64_t position)
{
    sqlite3_stmt *statement = device_file_statement(&drafts->file, text.size == 0 ? REMOVE : PUT);

    device_file_bind_text(statement, 1, name_bytes(&drafts->user));
    device_file_bind_text(statement, 2, peer);
    if (text.size > 0) {
        device_file_bind_text(statement, 3, text);
        device_file_bind(statement, 4, position);
        sqlite3_bind_int64(statement, 5, clock_wall_ms());
    }
    return device_file_run(&drafts->file, statement);
}

static enum err visit_rows(struct drafts *drafts, sqlite3_stmt *statement,
        bool (*visit)(void *context, const struct draft *draft), void *context)
{
    bool goes_on = true;
    int code = SQLITE_DONE;

    while (goes_on && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const struct draft draft = {
            .peer = device_file_column_text(statement, 0),
            .text = device_file_column_text(statement, 1),
            .position = device_file_column(statement, 2),
            .at_ms = sqlite3_column_int64(statement, 3),
        };
        goes_on = visit(context, &draft);
    }
    return device_file_end(&drafts->file, statement, code);
}

enum err drafts_get(struct drafts *drafts, struct bytes peer,
        bool (*visit)(void *context, const struct draft *draft), void *context)
{
    sqlite3_stmt *statement = device_file_statement(&drafts->file, GET);

    device_file_bind_text(statement, 1, name_bytes(&drafts->user));
    device_file_bind_text(statement, 2, peer);
    return visit_rows(drafts, statement, visit, context);
}

enum err drafts_each(struct drafts *drafts, bool (*visit)(void *context, const struct draft *draft),
        void *context)
{
    sqlite3_stmt *statement = device_file_statement(&drafts->file, EACH);

    device_file_bind_text(statement, 1, name_bytes(&drafts->user));
    return visit_rows(drafts, statement, visit, context);
}

// SPDX-License-Identifier: MIT
// What retention has let go of: finding it, deleting its rows, giving the space back. Rows below
// the floor mean nothing to anybody, so this changes no state that a record has made.

#include "partition/store_inside.h"

#include <inttypes.h>
#include <stdio.h>

enum err store_each_expiry(struct store *store, uint64_t after,
        enum err (*visit)(void *context, const struct expiry_row *row), void *context)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = store_statement(store, GET_EXPIRY, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, after);
    err = database_next(statement, &has_row);
    while (err == ERR_OK && has_row) {
        const struct expiry_row row = {
            .conversation = database_int(statement, 0),
            .user = database_bytes(statement, 1),
            .state = (enum user_state)database_int(statement, 2),
            .retention = database_int(statement, 3),
            .peer = database_bytes(statement, 4),
            .first_ts = database_int(statement, 5),
        };
        err = visit(context, &row);
        if (err == ERR_OK) {
            err = database_next(statement, &has_row);
        }
    }
    sqlite3_reset(statement);
    return err;
}

enum err store_has_garbage(struct store *store, bool *has_garbage)
{
    sqlite3_stmt *statement;
    enum err err = store_statement(store, GET_GARBAGE, &statement);

    if (err == ERR_OK) {
        err = database_next(statement, has_garbage);
        sqlite3_reset(statement);
    }
    return err;
}

static enum err delete_some(struct store *store, uint64_t rows, uint64_t *deleted)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    uint64_t conversation = 0, below = 0;
    enum err err = store_statement(store, GET_GARBAGE, &statement);

    if (err == ERR_OK) {
        err = database_next(statement, &has_row);
    }
    if (err == ERR_OK && has_row) {
        uint64_t floor = database_int(statement, 1), first = database_int(statement, 2);
        conversation = database_int(statement, 0);
        below = floor - first > rows ? first + rows : floor;
    }
    sqlite3_reset(statement);
    if (err == ERR_OK && has_row) {
        err = store_statement(store, DELETE_MESSAGES, &statement);
    }
    if (err == ERR_OK && has_row) {
        database_bind_int(statement, 1, conversation);
        database_bind_int(statement, 2, below);
        err = database_run(statement);
        *deleted = (uint64_t)sqlite3_changes64(store->database);
    }
    return err;
}

static enum err free_pages(struct store *store, uint64_t *pages)
{
    sqlite3_stmt *statement = NULL;
    bool has_row = false;
    enum err err = database_prepare(store->database, "PRAGMA freelist_count", &statement);

    if (err == ERR_OK) {
        err = database_next(statement, &has_row);
    }
    *pages = has_row ? database_int(statement, 0) : 0;
    sqlite3_finalize(statement);
    return err;
}

// Files of before have no map of pages (sqlite.org/pragma.html#pragma_auto_vacuum): their free
// pages are used again, and stay in the file.
static enum err shrink(struct store *store, uint64_t pages, bool *is_done)
{
    char text[60];
    uint64_t before = 0, after = 0;
    enum err err = free_pages(store, &before);

    if (err == ERR_OK && before > 0) {
        snprintf(text, sizeof(text), "PRAGMA incremental_vacuum(%" PRIu64 ")", pages);
        err = database_execute(store->database, text);
    }
    if (err == ERR_OK) {
        err = free_pages(store, &after);
    }
    *is_done = after == 0 || after == before;
    return err;
}

enum err store_clean(struct store *store, uint64_t rows, uint64_t pages, uint64_t *deleted,
        bool *is_done)
{
    enum err err = store_begin(store);

    *deleted = 0;
    *is_done = false;
    if (err == ERR_OK) {
        err = delete_some(store, rows, deleted);
    }
    if (err == ERR_OK && *deleted == 0) {
        err = shrink(store, pages, is_done);
    }
    if (err == ERR_OK) {
        err = store_commit(store);
    }
    if (err != ERR_OK) {
        store_rollback(store);
    }
    return err;
}

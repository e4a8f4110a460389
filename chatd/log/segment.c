// SPDX-License-Identifier: MIT
#include "log/segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include "disk/database.h"
#include "disk/directory.h"
#include "shared/log.h"

#define PATH_ROOM 640

struct segment {
    sqlite3 *database;
    sqlite3_stmt *insert;
    uint64_t first_index;
    uint64_t last_index;
    uint64_t bytes;
    uint64_t trimmed_upto;
};

static void path_of(char path[PATH_ROOM], const char *directory, uint64_t first_index,
        const char *suffix)
{
    snprintf(path, PATH_ROOM, "%s/%020" PRIu64 ".db%s", directory, first_index, suffix);
}

static enum err read_one(sqlite3 *database, const char *sql, uint64_t values[2])
{
    sqlite3_stmt *statement = NULL;
    bool has_row = false;
    enum err err = database_prepare(database, sql, &statement);

    if (err == ERR_OK) {
        err = database_next(statement, &has_row);
    }
    if (err == ERR_OK && has_row) {
        values[0] = database_int(statement, 0);
        values[1] = database_int(statement, 1);
    }
    sqlite3_finalize(statement);
    return err;
}

static enum err load(struct segment *segment, uint64_t trimmed_upto)
{
    uint64_t values[2] = { 0, 0 };
    enum err err = read_one(segment->database,
            "SELECT count(*), 0 FROM sqlite_schema WHERE name = 'batch'", values);

    if (err == ERR_OK && values[0] == 0) {
        char sql[300];
        snprintf(sql, sizeof(sql),
                "BEGIN; CREATE TABLE meta(trimmed_upto INTEGER NOT NULL);"
                "CREATE TABLE batch(id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, body BLOB NOT "
                "NULL); INSERT INTO meta VALUES(%" PRIu64 "); COMMIT;",
                trimmed_upto);
        err = database_execute(segment->database, sql);
    }
    values[0] = values[1] = 0;
    if (err == ERR_OK) {
        err = read_one(segment->database, "SELECT max(id), sum(length(body)) FROM batch", values);
    }
    segment->last_index = values[0] == 0 ? segment->first_index - 1 : values[0];
    segment->bytes = values[1];
    if (err == ERR_OK) {
        err = read_one(segment->database, "SELECT trimmed_upto, 0 FROM meta", values);
        segment->trimmed_upto = values[0];
    }
    if (err == ERR_OK) {
        err = database_prepare(segment->database,
                "INSERT INTO batch(id, hash, body) VALUES(?, ?, ?)", &segment->insert);
    }
    return err;
}

enum err segment_open(const char *directory, uint64_t first_index, uint64_t trimmed_upto,
        struct segment **out)
{
    char path[PATH_ROOM];
    struct segment *segment = calloc(1, sizeof(*segment));

    *out = NULL;
    if (segment == NULL) {
        return ERR_MEMORY;
    }
    segment->first_index = first_index;
    path_of(path, directory, first_index, "");
    bool is_new = access(path, F_OK) != 0;
    enum err err = database_open(path, DATABASE_SEGMENT, &segment->database);
    if (err == ERR_OK) {
        err = load(segment, trimmed_upto);
    }
    // Also one that was half made before: nobody has synced its names yet.
    if (err == ERR_OK && (is_new || segment->last_index < first_index)) {
        err = directory_sync(directory);
    }
    if (err != ERR_OK) {
        log_error("segment_open", "path=%s error=%s", path, err_kind(err));
        segment_close(segment);
        return err;
    }
    *out = segment;
    return ERR_OK;
}

void segment_close(struct segment *segment)
{
    if (segment == NULL) {
        return;
    }
    sqlite3_finalize(segment->insert);
    database_close(segment->database);
    free(segment);
}

void segment_remove(const char *directory, uint64_t first_index)
{
    char path[PATH_ROOM];

    path_of(path, directory, first_index, "");
    unlink(path);
    path_of(path, directory, first_index, "-wal");
    unlink(path);
}

enum err segment_append(struct segment *segment, uint64_t index, struct bytes body)
{
    CHECK(index == segment->last_index + 1);
    database_bind_int(segment->insert, 1, index);
    database_bind_int(segment->insert, 2, XXH3_64bits(body.data, body.size));
    database_bind_blob(segment->insert, 3, body);
    // One statement outside BEGIN is its own transaction: it commits, and syncs, when it returns.
    enum err err = database_run(segment->insert);
    if (err == ERR_OK) {
        segment->last_index = index;
        segment->bytes += body.size;
    }
    return err;
}

enum err segment_append_all(struct segment *segment, uint64_t first, struct bytes bodies)
{
    enum err err = database_execute(segment->database, "BEGIN");
    uint32_t place = 0;

    for (uint64_t index = first; err == ERR_OK && place < bodies.size; index++) {
        uint32_t bytes;
        memcpy(&bytes, bodies.data + place, sizeof(bytes));
        place += (uint32_t)sizeof(bytes);
        err = segment_append(segment, index, (struct bytes){ bodies.data + place, bytes });
        place += bytes;
    }
    return err == ERR_OK ? database_execute(segment->database, "COMMIT") : err;
}

enum err segment_seal(struct segment *segment)
{
    return database_checkpoint(segment->database);
}

enum err segment_set_trimmed(struct segment *segment, uint64_t trimmed_upto)
{
    char sql[80];

    snprintf(sql, sizeof(sql), "UPDATE meta SET trimmed_upto = %" PRIu64, trimmed_upto);
    enum err err = database_execute(segment->database, sql);
    if (err == ERR_OK) {
        segment->trimmed_upto = trimmed_upto;
    }
    return err;
}

uint64_t segment_first_index(const struct segment *segment)
{
    return segment->first_index;
}

uint64_t segment_last_index(const struct segment *segment)
{
    return segment->last_index;
}

uint64_t segment_bytes(const struct segment *segment)
{
    return segment->bytes;
}

uint64_t segment_trimmed_upto(const struct segment *segment)
{
    return segment->trimmed_upto;
}

enum err segment_read(struct segment *segment, uint64_t from,
        enum err (*visit)(void *context, uint64_t index, struct bytes body), void *context)
{
    uint64_t expected = from > segment->first_index ? from : segment->first_index;
    sqlite3_stmt *statement = NULL;
    bool has_row = false;
    enum err err = database_prepare(segment->database,
            "SELECT id, hash, body FROM batch WHERE id >= ? ORDER BY id", &statement);

    if (err == ERR_OK) {
        database_bind_int(statement, 1, expected);
        err = database_next(statement, &has_row);
    }
    while (err == ERR_OK && has_row) {
        struct bytes body = database_bytes(statement, 2);
        uint64_t index = database_int(statement, 0);
        if (index != expected || database_int(statement, 1) != XXH3_64bits(body.data, body.size)) {
            log_error("segment_damaged", "segment=%" PRIu64 " index=%" PRIu64 " expected=%" PRIu64,
                    segment->first_index, index, expected);
            err = ERR_DAMAGED;
            break;
        }
        expected++;
        err = visit(context, index, body);
        if (err == ERR_OK) {
            err = database_next(statement, &has_row);
        }
    }
    sqlite3_finalize(statement);
    return err;
}

// SPDX-License-Identifier: MIT
#include "shared/client/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/client/device_file.h"
#include "shared/client/files.h"
#include "shared/clock.h"

#define BUSY_MS 10000

enum statement {
    READ_OWNER,
    WRITE_OWNER,
    ADD,
    EACH,
    RENUMBER,
    MARK_ATTEMPTED,
    REMOVE,
    ANSWER,
    READ_ANSWER,
    TAKE_BACK,
    REMOVE_ANSWERED,
    FORGET_ANSWERS,
    STATEMENT_COUNT,
};

static const char *const statements[STATEMENT_COUNT] = {
    [READ_OWNER] = "SELECT user, device, counter FROM owner WHERE one = 1",
    [WRITE_OWNER] = "INSERT OR REPLACE INTO owner(one, user, device, counter) VALUES(1, ?, ?, ?)",
    [ADD] = "INSERT INTO message(counter, method, peer, params, request, is_attempted, "
            "is_handed_over, at) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
    [EACH] = "SELECT counter, method, peer, params, request, is_attempted, is_handed_over "
             "FROM message WHERE counter > ? AND answer IS NULL ORDER BY counter",
    [RENUMBER] = "UPDATE message SET counter = ?2 WHERE counter = ?1",
    [MARK_ATTEMPTED] =
            "UPDATE message SET is_attempted = 1 WHERE counter <= ? AND NOT is_attempted",
    [REMOVE] = "DELETE FROM message WHERE counter = ?",
    [ANSWER] = "UPDATE message SET answer = ?2 WHERE counter = ?1",
    [READ_ANSWER] = "SELECT answer FROM message WHERE request = ? AND is_handed_over "
                    "AND answer IS NOT NULL",
    [TAKE_BACK] = "DELETE FROM message WHERE request = ? AND is_handed_over AND NOT is_attempted",
    [REMOVE_ANSWERED] = "DELETE FROM message WHERE request = ? AND is_handed_over "
                        "AND answer IS NOT NULL",
    [FORGET_ANSWERS] = "DELETE FROM message WHERE answer IS NOT NULL AND at < ?",
};

static const char schema[] =
        "CREATE TABLE IF NOT EXISTS owner(one INTEGER PRIMARY KEY CHECK(one = 1), user TEXT NOT NULL, "
        "device TEXT NOT NULL, counter INTEGER NOT NULL) STRICT;"
        "CREATE TABLE IF NOT EXISTS message(counter INTEGER PRIMARY KEY, method TEXT NOT NULL, "
        "peer TEXT NOT NULL, params TEXT NOT NULL, request TEXT NOT NULL, "
        "is_attempted INTEGER NOT NULL, is_handed_over INTEGER NOT NULL, at INTEGER NOT NULL, "
        "answer TEXT) STRICT;";

struct outbox {
    sqlite3 *db;
    sqlite3_stmt *prepared[STATEMENT_COUNT];
    int lock_fd;
    int wake_fd;
    bool is_begun;
    char directory[400];
    char reason[600];
};

static enum err failed(struct outbox *outbox, const char *what)
{
    snprintf(outbox->reason, sizeof(outbox->reason), "the outbox %s: %s (%s/outbox.db)", what,
            outbox->db == NULL ? "no memory" : sqlite3_errmsg(outbox->db), outbox->directory);
    return ERR_IO;
}

static enum err failed_file(struct outbox *outbox, const char *name)
{
    snprintf(outbox->reason, sizeof(outbox->reason), "%s/%s: %s", outbox->directory, name,
            strerror(errno));
    return ERR_IO;
}

static enum err open_database(struct outbox *outbox)
{
    char path[440];

    snprintf(path, sizeof(path), "%s/outbox.db", outbox->directory);
    if (sqlite3_open_v2(path, &outbox->db,
                SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                NULL) != SQLITE_OK) {
        return failed(outbox, "can't be opened");
    }
    sqlite3_busy_timeout(outbox->db, BUSY_MS);
    if (sqlite3_exec(outbox->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(outbox->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
        return failed(outbox, "can't be used");
    }
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        if (sqlite3_prepare_v3(outbox->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                    &outbox->prepared[i], NULL) != SQLITE_OK) {
            return failed(outbox, "is not an outbox");
        }
    }
    return ERR_OK;
}

enum err outbox_open(const char *directory, struct outbox **out)
{
    struct outbox *outbox = calloc(1, sizeof(*outbox));

    *out = outbox;
    if (outbox == NULL) {
        return ERR_MEMORY;
    }
    outbox->lock_fd = -1;
    outbox->wake_fd = -1;
    snprintf(outbox->directory, sizeof(outbox->directory), "%s", directory);
    mode_t before = umask(077);
    enum err err = files_make_directory(directory) ? open_database(outbox)
                                                   : failed_file(outbox, "outbox.db");
    umask(before);
    return err;
}

void outbox_close(struct outbox *outbox)
{
    if (outbox == NULL) {
        return;
    }
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(outbox->prepared[i]);
    }
    sqlite3_close(outbox->db);
    if (outbox->lock_fd >= 0) {
        close(outbox->lock_fd);
    }
    if (outbox->wake_fd >= 0) {
        close(outbox->wake_fd);
    }
    free(outbox);
}

const char *outbox_reason(const struct outbox *outbox)
{
    return outbox == NULL ? "no memory" : outbox->reason;
}

static void watch_wake(struct outbox *outbox)
{
    char path[440];

    outbox_wake_holder(outbox); // the file is there
    snprintf(path, sizeof(path), "%s/wake", outbox->directory);
    outbox->wake_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (outbox->wake_fd >= 0) {
        (void)inotify_add_watch(outbox->wake_fd, path, IN_CLOSE_WRITE);
    }
}

bool outbox_try_hold(struct outbox *outbox)
{
    char path[440];

    snprintf(path, sizeof(path), "%s/lock", outbox->directory);
    if (outbox->lock_fd < 0) {
        outbox->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    }
    if (outbox->lock_fd < 0 || flock(outbox->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return false;
    }
    watch_wake(outbox);
    return true;
}

int outbox_wake_fd(const struct outbox *outbox)
{
    return outbox->wake_fd;
}

void outbox_drain_wake(struct outbox *outbox)
{
    char events[1024];

    while (read(outbox->wake_fd, events, sizeof(events)) > 0) {
    }
}

void outbox_wake_holder(const struct outbox *outbox)
{
    char path[440];

    snprintf(path, sizeof(path), "%s/wake", outbox->directory);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
    }
}

// For statements without rows.
static enum err run(struct outbox *outbox, enum statement which)
{
    sqlite3_stmt *statement = outbox->prepared[which];
    int code = sqlite3_step(statement);

    sqlite3_reset(statement);
    return code == SQLITE_DONE ? ERR_OK : failed(outbox, "can't be written");
}

enum err outbox_read_owner(struct outbox *outbox, struct outbox_owner *owner)
{
    sqlite3_stmt *statement = outbox->prepared[READ_OWNER];
    int code = sqlite3_step(statement);

    *owner = (struct outbox_owner){ 0 };
    if (code == SQLITE_ROW) {
        struct bytes user = device_file_column_text(statement, 0),
                     device = device_file_column_text(statement, 1);
        snprintf(owner->user, sizeof(owner->user), "%.*s", (int)user.size, user.data);
        snprintf(owner->device, sizeof(owner->device), "%.*s", (int)device.size, device.data);
        owner->counter = (uint64_t)sqlite3_column_int64(statement, 2);
    }
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? ERR_OK : failed(outbox, "can't be read");
}

enum err outbox_write_owner(struct outbox *outbox, const struct outbox_owner *owner)
{
    sqlite3_stmt *statement = outbox->prepared[WRITE_OWNER];

    device_file_bind_text(statement, 1, bytes_of(owner->user));
    device_file_bind_text(statement, 2, bytes_of(owner->device));
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)owner->counter);
    return run(outbox, WRITE_OWNER);
}

static enum err begin(struct outbox *outbox, const char *sql)
{
    CHECK(!outbox->is_begun);
    if (sqlite3_exec(outbox->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return failed(outbox, "can't be written");
    }
    outbox->is_begun = true;
    return ERR_OK;
}

enum err outbox_begin(struct outbox *outbox, struct outbox_owner *owner)
{
    enum err err = begin(outbox, "PRAGMA synchronous=FULL; BEGIN IMMEDIATE");

    return err == ERR_OK ? outbox_read_owner(outbox, owner) : err;
}

enum err outbox_begin_lazily(struct outbox *outbox)
{
    return begin(outbox, "PRAGMA synchronous=NORMAL; BEGIN IMMEDIATE");
}

enum err outbox_commit(struct outbox *outbox)
{
    CHECK(outbox->is_begun);
    outbox->is_begun = false;
    if (sqlite3_exec(outbox->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
        enum err err = failed(outbox, "can't be written");
        sqlite3_exec(outbox->db, "ROLLBACK", NULL, NULL, NULL);
        return err;
    }
    return ERR_OK;
}

void outbox_abandon(struct outbox *outbox)
{
    CHECK(outbox->is_begun);
    outbox->is_begun = false;
    sqlite3_exec(outbox->db, "ROLLBACK", NULL, NULL, NULL);
}

bool outbox_is_begun(const struct outbox *outbox)
{
    return outbox->is_begun;
}

enum err outbox_add(struct outbox *outbox, const struct outbox_row *row)
{
    sqlite3_stmt *statement = outbox->prepared[ADD];

    sqlite3_bind_int64(statement, 1, (sqlite3_int64)row->counter);
    device_file_bind_text(statement, 2, row->method);
    device_file_bind_text(statement, 3, row->peer);
    device_file_bind_text(statement, 4, row->params);
    device_file_bind_text(statement, 5, row->request);
    sqlite3_bind_int(statement, 6, row->is_attempted);
    sqlite3_bind_int(statement, 7, row->is_handed_over);
    sqlite3_bind_int64(statement, 8, clock_wall_ms());
    return run(outbox, ADD);
}

enum err outbox_each(struct outbox *outbox, uint64_t after,
        bool (*visit)(void *context, const struct outbox_row *row), void *context)
{
    sqlite3_stmt *statement = outbox->prepared[EACH];
    bool goes_on = true;
    int code = SQLITE_DONE;

    sqlite3_bind_int64(statement, 1, (sqlite3_int64)after);
    while (goes_on && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const struct outbox_row row = {
            .counter = (uint64_t)sqlite3_column_int64(statement, 0),
            .method = device_file_column_text(statement, 1),
            .peer = device_file_column_text(statement, 2),
            .params = device_file_column_text(statement, 3),
            .request = device_file_column_text(statement, 4),
            .is_attempted = sqlite3_column_int(statement, 5) != 0,
            .is_handed_over = sqlite3_column_int(statement, 6) != 0,
        };
        goes_on = visit(context, &row);
    }
    sqlite3_reset(statement);
    return !goes_on ? ERR_MEMORY : code == SQLITE_DONE ? ERR_OK : failed(outbox, "can't be read");
}

enum err outbox_renumber(struct outbox *outbox, uint64_t from, uint64_t to)
{
    sqlite3_bind_int64(outbox->prepared[RENUMBER], 1, (sqlite3_int64)from);
    sqlite3_bind_int64(outbox->prepared[RENUMBER], 2, (sqlite3_int64)to);
    return run(outbox, RENUMBER);
}

enum err outbox_mark_attempted(struct outbox *outbox, uint64_t upto)
{
    sqlite3_bind_int64(outbox->prepared[MARK_ATTEMPTED], 1, (sqlite3_int64)upto);
    return run(outbox, MARK_ATTEMPTED);
}

enum err outbox_remove(struct outbox *outbox, uint64_t counter)
{
    sqlite3_bind_int64(outbox->prepared[REMOVE], 1, (sqlite3_int64)counter);
    return run(outbox, REMOVE);
}

enum err outbox_answer(struct outbox *outbox, uint64_t counter, struct bytes answer)
{
    sqlite3_bind_int64(outbox->prepared[ANSWER], 1, (sqlite3_int64)counter);
    device_file_bind_text(outbox->prepared[ANSWER], 2, answer);
    return run(outbox, ANSWER);
}

bool outbox_read_answer(struct outbox *outbox, struct bytes request,
        void (*visit)(void *context, struct bytes answer), void *context)
{
    sqlite3_stmt *statement = outbox->prepared[READ_ANSWER];

    device_file_bind_text(statement, 1, request);
    bool is_there = sqlite3_step(statement) == SQLITE_ROW;
    if (is_there) {
        visit(context, device_file_column_text(statement, 0));
    }
    sqlite3_reset(statement);
    return is_there;
}

bool outbox_take_back(struct outbox *outbox, struct bytes request)
{
    device_file_bind_text(outbox->prepared[TAKE_BACK], 1, request);
    return run(outbox, TAKE_BACK) == ERR_OK && sqlite3_changes(outbox->db) > 0;
}

enum err outbox_remove_answered(struct outbox *outbox, struct bytes request)
{
    device_file_bind_text(outbox->prepared[REMOVE_ANSWERED], 1, request);
    return run(outbox, REMOVE_ANSWERED);
}

enum err outbox_forget_answers(struct outbox *outbox, int64_t before_wall_ms)
{
    sqlite3_bind_int64(outbox->prepared[FORGET_ANSWERS], 1, before_wall_ms);
    return run(outbox, FORGET_ANSWERS);
}

// SPDX-License-Identifier: MIT
// The cache's file: its schema, whose it is, its batches. What is in it: cache_heads.c,
// cache_store.c, cache_read.c; what leaves it: cache_trim.c.
#include "shared/client/cache_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/client/files.h"

#define BUSY_MS 1000
#define SCHEMA_VERSION 1 // another one's file is emptied, not migrated

#define CONVERSATION_COLUMNS                                                                       \
    "id, peer, seq, read_seq, peer_delivered_seq, peer_read_seq, unread, digest_seq, digest, "     \
    "floor_seq, base_seq, base_digest, message_count, is_blocked"
#define HEAD_COLUMNS                                                                               \
    "peer, seq, read_seq, peer_delivered_seq, peer_read_seq, unread, digest_seq, digest, "         \
    "is_blocked, last_seq, last_ts, last_bits, last_target, last_text"
#define MESSAGE_COLUMNS "c.peer, m.seq, m.ts, m.bits, m.target, m.counter, m.device, m.text"

static const char *const statements[STATEMENT_COUNT] = {
    [READ_META] = "SELECT user, cursor, epoch FROM meta",
    [WRITE_CURSOR] = "UPDATE meta SET cursor = ?",
    [FIND_CONVERSATION] = "SELECT " CONVERSATION_COLUMNS " FROM conversation WHERE peer = ?",
    [ADD_CONVERSATION] = "INSERT INTO conversation(peer) VALUES(?)",
    [WRITE_CONVERSATION] =
            "UPDATE conversation SET seq = ?2, read_seq = ?3, peer_delivered_seq = ?4, "
            "peer_read_seq = ?5, unread = ?6, digest_seq = ?7, digest = ?8, floor_seq = ?9, "
            "base_seq = ?10, base_digest = ?11, message_count = ?12, is_blocked = ?13, "
            "last_seq = ?2, last_ts = ?14, last_bits = ?15, last_target = ?16, last_text = ?17 "
            "WHERE id = ?1",
    [WRITE_MARKS] = "UPDATE conversation SET seq = ?2, read_seq = ?3, peer_delivered_seq = ?4, "
                    "peer_read_seq = ?5, unread = ?6, digest_seq = ?7, digest = ?8, "
                    "floor_seq = ?9, base_seq = ?10, base_digest = ?11, message_count = ?12, "
                    "is_blocked = ?13 WHERE id = ?1",
    [EACH_CONVERSATION] = "SELECT " HEAD_COLUMNS " FROM conversation "
                          "ORDER BY last_ts DESC, peer LIMIT ?",
    [READ_CONVERSATION] = "SELECT " HEAD_COLUMNS " FROM conversation WHERE peer = ?",
    [NOTE_OPENED] = "UPDATE conversation SET opened_ms = ?2 WHERE peer = ?1",
    [ADD_MESSAGE] = "INSERT INTO message(conversation, seq, ts, as_of, first_hash, bits, target, "
                    "counter, device, text) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT DO NOTHING",
    [FIND_MESSAGE] = "SELECT ts, as_of, first_hash, bits, target FROM message "
                     "WHERE conversation = ? AND seq = ?",
    [REPLACE_MESSAGE] = "UPDATE message SET as_of = ?3, first_hash = ?4, bits = ?5, "
                        "counter = ?6, device = ?7, text = ?8 WHERE conversation = ?1 AND seq = ?2",
    [EDIT_MESSAGE] = "UPDATE message SET text = ?5, bits = bits | 2, as_of = ?3 "
                     "WHERE conversation = ?1 AND seq = ?2 AND as_of < ?3 "
                     "AND (bits & 29) = ?4", // a text of this author, not deleted
    [DELETE_MESSAGE] = "UPDATE message SET text = '', bits = bits | 4, as_of = ?3 "
                       "WHERE conversation = ?1 AND seq = ?2 AND as_of < ?3 AND (bits & 29) = ?4",
    [EMPTY_EDITS] = "UPDATE message SET text = '' WHERE conversation = ?1 AND target = ?2 "
                    "AND (bits & 25) = ?3 AND text <> ''", // edits of this author
    [EACH_CHANGE] = "SELECT seq, bits, text FROM message "
                    "WHERE conversation = ? AND target = ? AND target > 0 AND seq > ? ORDER BY seq",
    [COUNT_UNREAD] = "SELECT count(*) FROM message "
                     "WHERE conversation = ? AND seq > ? AND seq <= ? AND (bits & 29) = 0",
    [DROP_MESSAGES] = "DELETE FROM message WHERE conversation = ?",
    [DROP_HELD] = "DELETE FROM held WHERE conversation = ?",
    [FIND_TOUCHING] = "SELECT min(first), max(last), count(*) FROM held "
                      "WHERE conversation = ?1 AND first <= ?3 + 1 AND last >= ?2 - 1",
    [REMOVE_TOUCHING] = "DELETE FROM held "
                        "WHERE conversation = ?1 AND first <= ?3 + 1 AND last >= ?2 - 1",
    [ADD_HELD] = "INSERT INTO held(conversation, first, last) VALUES(?, ?, ?)",
    [EXTEND_HELD] = "UPDATE held SET last = ?3 WHERE conversation = ?1 AND first = ?2",
    [FIND_HELD] = "SELECT first, last FROM held WHERE conversation = ? AND first <= ? "
                  "ORDER BY first DESC LIMIT 1",
    [EACH_DIGESTED] = "SELECT seq, ts, bits, target, first_hash FROM message "
                      "WHERE conversation = ? AND seq > ? AND seq <= ? ORDER BY seq",
    [EACH_MESSAGE] = "SELECT " MESSAGE_COLUMNS " FROM conversation AS c "
                     "JOIN message AS m ON m.conversation = c.id "
                     "WHERE c.id = ? AND m.seq >= ? AND m.seq <= ? ORDER BY m.seq",
    [SEARCH] = "SELECT " MESSAGE_COLUMNS " FROM message AS m "
               "JOIN conversation AS c ON c.id = m.conversation "
               "WHERE (m.bits & 28) = 0 AND (?1 = 0 OR m.conversation = ?1) AND has_needle(m.text) "
               "ORDER BY m.ts DESC, m.seq DESC LIMIT ?2",
    [FIND_CUT] = "SELECT seq FROM message WHERE conversation = ? ORDER BY seq LIMIT 1 OFFSET ?",
    [REMOVE_OLDEST] = "DELETE FROM message WHERE conversation = ? AND seq <= ?",
    [REMOVE_HELD_BELOW] = "DELETE FROM held WHERE conversation = ? AND last <= ?",
    [CUT_HELD] = "UPDATE held SET first = ?2 + 1 WHERE conversation = ?1 AND first <= ?2",
    [COUNT_DOWN] = "UPDATE conversation SET message_count = message_count - ?2 WHERE id = ?1",
    [FIND_TOTAL] = "SELECT sum(message_count) FROM conversation",
    [FIND_LONGEST] = "SELECT id, message_count FROM conversation "
                     "WHERE message_count > ? ORDER BY message_count DESC LIMIT 1",
    [FIND_LEAST_RECENT] = "SELECT id, message_count FROM conversation WHERE message_count > ? "
                          "ORDER BY opened_ms, last_ts LIMIT 1",
};

static const char schema[] =
        "CREATE TABLE meta(one INTEGER PRIMARY KEY CHECK(one = 1), user TEXT NOT NULL, "
        "cursor TEXT NOT NULL, epoch INTEGER NOT NULL) STRICT;"
        "INSERT INTO meta VALUES(1, '', '', random());"
        "CREATE TABLE conversation(id INTEGER PRIMARY KEY, peer TEXT NOT NULL UNIQUE, "
        "seq INTEGER NOT NULL DEFAULT 0, read_seq INTEGER NOT NULL DEFAULT 0, "
        "peer_delivered_seq INTEGER NOT NULL DEFAULT 0, peer_read_seq INTEGER NOT NULL DEFAULT 0, "
        "unread INTEGER NOT NULL DEFAULT 0, digest_seq INTEGER NOT NULL DEFAULT 0, "
        "digest INTEGER NOT NULL DEFAULT 0, floor_seq INTEGER NOT NULL DEFAULT 0, "
        "base_seq INTEGER NOT NULL DEFAULT 0, base_digest INTEGER NOT NULL DEFAULT 0, "
        "message_count INTEGER NOT NULL DEFAULT 0, is_blocked INTEGER NOT NULL DEFAULT 0, "
        "opened_ms INTEGER NOT NULL DEFAULT 0, last_seq INTEGER NOT NULL DEFAULT 0, "
        "last_ts INTEGER NOT NULL DEFAULT 0, last_bits INTEGER NOT NULL DEFAULT 0, "
        "last_target INTEGER NOT NULL DEFAULT 0, last_text TEXT NOT NULL DEFAULT '') STRICT;"
        "CREATE INDEX recent ON conversation(last_ts DESC, peer);"
        "CREATE TABLE message(conversation INTEGER NOT NULL, seq INTEGER NOT NULL, "
        "ts INTEGER NOT NULL, as_of INTEGER NOT NULL, first_hash INTEGER NOT NULL, "
        "bits INTEGER NOT NULL, target INTEGER NOT NULL, counter INTEGER NOT NULL, "
        "device INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY(conversation, seq)) "
        "STRICT, WITHOUT ROWID;"
        "CREATE INDEX change ON message(conversation, target) WHERE target > 0;"
        "CREATE TABLE held(conversation INTEGER NOT NULL, first INTEGER NOT NULL, "
        "last INTEGER NOT NULL, PRIMARY KEY(conversation, first)) STRICT, WITHOUT ROWID;"
        "PRAGMA user_version = 1;";

static_assert(SCHEMA_VERSION == 1, "the schema says so too");

enum err cache_failed(struct cache *cache, enum err err)
{
    if (cache->failed == ERR_OK) {
        cache->failed = err;
    }
    return err;
}

static enum err refuse(struct cache *cache, enum err err, const char *sentence)
{
    snprintf(cache->file.reason, sizeof(cache->file.reason), "%s: %s", cache->path, sentence);
    return err;
}

// Fills user and cursor from the file.
static enum err read_meta(struct cache *cache, int64_t *epoch)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, READ_META);
    int code = sqlite3_step(statement);

    cache->user = (struct name){ 0 };
    cache->cursor[0] = '\0';
    *epoch = 0;
    if (code == SQLITE_ROW) {
        struct bytes user = device_file_column_text(statement, 0);
        struct bytes cursor = device_file_column_text(statement, 1);
        if (name_is_valid(user)) {
            cache->user = name_of(user);
        }
        snprintf(cache->cursor, sizeof(cache->cursor), "%.*s", (int)cursor.size, cursor.data);
        *epoch = sqlite3_column_int64(statement, 2);
    }
    return device_file_end(&cache->file, statement, code);
}

// The schema, if it is another or none; and what the file says.
static enum err make_ready(struct cache *cache)
{
    struct device_file *file = &cache->file;
    int64_t version, tables;
    enum err err = device_file_number(file, "PRAGMA user_version", &version);

    if (err == ERR_OK && version != SCHEMA_VERSION) {
        err = device_file_number(file, "SELECT count(*) FROM sqlite_master", &tables);
        if (err == ERR_OK && (version != 0 || tables != 0)) {
            err = device_file_empty(file);
            if (err == ERR_OK) {
                err = device_file_execute(file, "PRAGMA journal_mode=WAL");
            }
        }
    }
    if (err == ERR_OK && version != SCHEMA_VERSION) {
        err = device_file_execute(file, "BEGIN IMMEDIATE");
        if (err != ERR_OK) {
            return err;
        }
        // Another process may have been faster.
        err = device_file_number(file, "PRAGMA user_version", &version);
        if (err == ERR_OK && version != SCHEMA_VERSION) {
            err = device_file_execute(file, schema);
        }
        sqlite3_exec(file->db, err == ERR_OK ? "COMMIT" : "ROLLBACK", NULL, NULL, NULL);
    }
    return err == ERR_OK ? read_meta(cache, &cache->epoch) : err;
}

static enum err open_file(struct cache *cache, const char *path)
{
    enum err err = device_file_open(&cache->file, path, BUSY_MS);

    // Deleted texts are overwritten where that costs no further page.
    if (err == ERR_OK) {
        err = device_file_execute(&cache->file, "PRAGMA secure_delete=FAST");
    }
    return err == ERR_OK ? make_ready(cache) : err;
}

static enum err open_in_memory(struct cache *cache)
{
    char reason[DEVICE_FILE_REASON_BYTES];

    memcpy(reason, cache->file.reason, sizeof(reason));
    device_file_close(&cache->file);
    cache->is_private = true;
    enum err err = open_file(cache, ":memory:");
    memcpy(cache->file.reason, reason, sizeof(reason));
    return err;
}

enum err cache_remake(struct cache *cache)
{
    struct device_file *file = &cache->file;

    cache->is_begun = false;
    cache->failed = ERR_OK;
    sqlite3_exec(file->db, "ROLLBACK", NULL, NULL, NULL);
    enum err err = device_file_empty(file);
    if (err == ERR_OK) {
        err = device_file_execute(file, "PRAGMA journal_mode=WAL");
    }
    if (err == ERR_OK) {
        err = make_ready(cache);
    }
    return err == ERR_OK ? ERR_OK : open_in_memory(cache);
}

enum err cache_open(const char *directory, struct cache **out)
{
    struct cache *cache = calloc(1, sizeof(*cache));

    *out = cache;
    if (cache == NULL) {
        return ERR_MEMORY;
    }
    cache->file.texts = statements;
    cache->file.prepared = cache->prepared;
    cache->file.count = STATEMENT_COUNT;
    cache_set_limits(cache, CACHE_CONVERSATION_MESSAGES_MAX, CACHE_MESSAGES_MAX,
            CACHE_TRIM_EVERY_MESSAGES);
    snprintf(cache->path, sizeof(cache->path), "%s/cache.db", directory);
    enum err err = ERR_IO;
    if (files_make_directory(directory)) {
        err = open_file(cache, cache->path);
    } else {
        snprintf(cache->file.reason, sizeof(cache->file.reason), "%s: can't be made", directory);
    }
    if (err == ERR_DAMAGED) {
        err = cache_remake(cache);
    } else if (err != ERR_OK) {
        err = open_in_memory(cache);
    }
    return err;
}

void cache_close(struct cache *cache)
{
    if (cache != NULL) {
        device_file_close(&cache->file);
        free(cache);
    }
}

const char *cache_reason(const struct cache *cache)
{
    return cache == NULL ? "no memory" : cache->file.reason;
}

bool cache_is_private(const struct cache *cache)
{
    return cache->is_private;
}

const char *cache_user(const struct cache *cache)
{
    return cache->user.text;
}

void cache_set_limits(struct cache *cache, uint64_t conversation_messages, uint64_t messages,
        uint64_t trim_every)
{
    cache->conversation_messages_max = conversation_messages;
    cache->messages_max = messages;
    cache->trim_every = trim_every;
}

enum err cache_read_cursor(struct cache *cache, struct bytes *cursor)
{
    enum err err = read_meta(cache, &cache->epoch);

    *cursor = bytes_of(cache->cursor);
    return err;
}

static enum err begin(struct cache *cache, int64_t *epoch)
{
    CHECK(!cache->is_begun);
    cache->failed = ERR_OK;
    enum err err = device_file_execute(&cache->file, "BEGIN IMMEDIATE");
    if (err != ERR_OK) {
        return err;
    }
    cache->is_begun = true;
    err = read_meta(cache, epoch);
    if (err != ERR_OK) {
        cache_abandon(cache);
    }
    return err;
}

enum err cache_begin(struct cache *cache)
{
    int64_t epoch;
    enum err err = begin(cache, &epoch);

    if (err == ERR_OK && epoch != cache->epoch) {
        cache_abandon(cache);
        return refuse(cache, ERR_CONFLICT, "another process has emptied it");
    }
    return err;
}

enum err cache_commit(struct cache *cache, struct bytes cursor)
{
    CHECK(cache->is_begun);
    enum err err = cache->failed;

    if (err == ERR_OK && cursor.size > 0) {
        sqlite3_stmt *statement = device_file_statement(&cache->file, WRITE_CURSOR);
        device_file_bind_text(statement, 1, cursor);
        err = device_file_run(&cache->file, statement);
    }
    if (err == ERR_OK && cache->stored_count >= cache->trim_every) {
        cache->stored_count = 0;
        err = cache_trim(cache);
    }
    if (err == ERR_OK) {
        err = device_file_execute(&cache->file, "COMMIT");
    }
    if (err != ERR_OK) {
        cache_abandon(cache);
    }
    cache->is_begun = false;
    return err;
}

void cache_abandon(struct cache *cache)
{
    CHECK(cache->is_begun);
    cache->is_begun = false;
    sqlite3_exec(cache->file.db, "ROLLBACK", NULL, NULL, NULL);
}

bool cache_is_begun(const struct cache *cache)
{
    return cache->is_begun;
}

static enum err empty_tables(struct cache *cache)
{
    int64_t epoch;
    enum err err = device_file_execute(&cache->file,
            "DELETE FROM message; DELETE FROM held; DELETE FROM conversation; "
            "UPDATE meta SET cursor = '', epoch = random()");

    if (err == ERR_OK) {
        err = read_meta(cache, &epoch);
        cache->epoch = epoch;
    }
    return err;
}

enum err cache_reset(struct cache *cache)
{
    CHECK(cache->is_begun);
    return cache_failed(cache, empty_tables(cache));
}

enum err cache_set_user(struct cache *cache, struct bytes user)
{
    int64_t epoch;

    if (!name_is_valid(user)) {
        return refuse(cache, ERR_INVALID, "that is not a user's name");
    }
    if (bytes_equal(name_bytes(&cache->user), user)) {
        return ERR_OK; // also when another process has emptied it: cache_begin() tells
    }
    enum err err = begin(cache, &epoch);
    if (err != ERR_OK) {
        return err;
    }
    if (!bytes_equal(name_bytes(&cache->user), user)) {
        char sql[100];
        err = empty_tables(cache);
        snprintf(sql, sizeof(sql), "UPDATE meta SET user = '%.*s'", (int)user.size, user.data);
        if (err == ERR_OK) {
            err = device_file_execute(&cache->file, sql);
        }
        cache_failed(cache, err);
        err = cache_commit(cache, (struct bytes){ 0 });
    } else {
        cache->epoch = epoch;
        cache_abandon(cache);
    }
    return err == ERR_OK ? read_meta(cache, &cache->epoch) : err;
}

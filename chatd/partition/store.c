// SPDX-License-Identifier: MIT
#include "partition/store_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

// One clustered b-tree for the messages and no secondary index on them: new rows go to the end of
// their conversation, and a page of history is one range.
static const char schema[] =
        "CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE user(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, state INTEGER NOT "
        "NULL, created INTEGER NOT NULL, next_useq INTEGER NOT NULL, is_admin INTEGER NOT NULL, "
        "secret BLOB, stored_bytes INTEGER NOT NULL DEFAULT 0, retention INTEGER NOT NULL DEFAULT 0);"
        "CREATE TABLE device(user INTEGER NOT NULL, id INTEGER NOT NULL, label TEXT NOT NULL, "
        "token_hash BLOB NOT NULL, created INTEGER NOT NULL, last_seen INTEGER, acked_useq "
        "INTEGER, counter INTEGER, is_consumer INTEGER NOT NULL, is_revoked INTEGER NOT NULL, "
        "PRIMARY KEY(user, id)) WITHOUT ROWID;"
        "CREATE TABLE conversation(id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, peer TEXT NOT "
        "NULL, head_cseq INTEGER NOT NULL, last_ts INTEGER NOT NULL, digest INTEGER NOT NULL, "
        "floor_cseq INTEGER NOT NULL, floor_digest INTEGER NOT NULL, "
        "last_owner_cseq INTEGER NOT NULL, last_peer_cseq INTEGER NOT NULL, delivered_cseq INTEGER NOT "
        "NULL, read_cseq INTEGER NOT NULL, peer_delivered_cseq INTEGER NOT NULL, peer_read_cseq "
        "INTEGER NOT NULL, read_useq INTEGER NOT NULL, peer_delivered_useq INTEGER NOT NULL, "
        "peer_read_useq INTEGER NOT NULL, state_useq INTEGER NOT NULL, changed_useq INTEGER NOT "
        "NULL, is_blocked_by_owner INTEGER NOT NULL, is_blocked_by_peer INTEGER NOT NULL, "
        "horizon_cseq INTEGER NOT NULL DEFAULT 1, UNIQUE(owner, peer));"
        "CREATE INDEX conversation_changed ON conversation(owner, changed_useq);"
        "CREATE TABLE sender(conversation INTEGER NOT NULL, number INTEGER NOT NULL, device "
        "INTEGER NOT NULL, is_owner INTEGER NOT NULL, counter INTEGER NOT NULL, mark_counter "
        "INTEGER NOT NULL, mark_cseq INTEGER NOT NULL, marked_count INTEGER NOT NULL, PRIMARY "
        "KEY(conversation, number)) WITHOUT ROWID;"
        "CREATE TABLE mark(conversation INTEGER NOT NULL, sender INTEGER NOT NULL, is_late INTEGER "
        "NOT NULL, counter INTEGER NOT NULL, cseq INTEGER NOT NULL, PRIMARY KEY(conversation, "
        "sender, is_late, counter)) WITHOUT ROWID;"
        "CREATE TABLE message(conversation INTEGER NOT NULL, cseq INTEGER NOT NULL, useq INTEGER "
        "NOT NULL, ts INTEGER NOT NULL, sender INTEGER NOT NULL, counter INTEGER, kind INTEGER NOT "
        "NULL, change BLOB, body TEXT, PRIMARY KEY(conversation, cseq)) WITHOUT ROWID;";

static const char *const sql[STATEMENT_COUNT] = {
    [PUT_META] = "INSERT INTO meta VALUES(?,?) ON CONFLICT DO UPDATE SET value = excluded.value",
    [PUT_USER] = "REPLACE INTO user VALUES(?,?,?,?,?,?,?,?,?)",
    [PUT_DEVICE] = "REPLACE INTO device VALUES(?,?,?,?,?,?,?,?,?,?)",
    [PUT_CONVERSATION] =
            "INSERT INTO conversation VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
            "ON CONFLICT(id) DO UPDATE SET head_cseq = excluded.head_cseq, last_ts = "
            "excluded.last_ts, digest = excluded.digest, floor_cseq = "
            "excluded.floor_cseq, floor_digest = excluded.floor_digest, "
            "last_owner_cseq = excluded.last_owner_cseq, last_peer_cseq = "
            "excluded.last_peer_cseq, "
            "delivered_cseq = excluded.delivered_cseq, read_cseq = "
            "excluded.read_cseq, peer_delivered_cseq = excluded.peer_delivered_cseq, "
            "peer_read_cseq = excluded.peer_read_cseq, read_useq = "
            "excluded.read_useq, peer_delivered_useq = excluded.peer_delivered_useq, "
            "peer_read_useq = excluded.peer_read_useq, state_useq = "
            "excluded.state_useq, changed_useq = excluded.changed_useq, "
            "is_blocked_by_owner = excluded.is_blocked_by_owner, is_blocked_by_peer "
            "= excluded.is_blocked_by_peer, horizon_cseq = excluded.horizon_cseq",
    [PUT_SENDER] = "REPLACE INTO sender VALUES(?,?,?,?,?,?,?,?)",
    [PUT_MARK] = "REPLACE INTO mark VALUES(?,?,?,?,?)",
    [PUT_MESSAGE] = "REPLACE INTO message VALUES(?,?,?,?,?,?,?,?,?)",
    [GET_META] = "SELECT value FROM meta WHERE key = ?",
    [GET_USER] =
            "SELECT id, state, created, next_useq, is_admin, secret, stored_bytes, retention FROM user "
            "WHERE name = ?",
    [GET_DEVICES] = "SELECT id, label, token_hash, created, last_seen, acked_useq, counter, "
                    "is_consumer, is_revoked FROM device WHERE user = ?",
    [GET_CONVERSATION] =
            "SELECT id, head_cseq, last_ts, digest, floor_cseq, floor_digest, "
            "last_owner_cseq, last_peer_cseq, "
            "delivered_cseq, read_cseq, peer_delivered_cseq, peer_read_cseq, "
            "read_useq, peer_delivered_useq, peer_read_useq, state_useq, "
            "changed_useq, is_blocked_by_owner, is_blocked_by_peer, horizon_cseq FROM conversation "
            "WHERE owner = ? AND peer = ?",
    [GET_SENDERS] = "SELECT device, is_owner, counter, mark_counter, mark_cseq, marked_count FROM "
                    "sender WHERE conversation = ? ORDER BY number",
    [GET_USEQ] = "SELECT useq FROM message WHERE conversation = ? AND cseq = ?",
    [GET_MESSAGES] = "SELECT cseq, useq, ts, sender, counter, kind, change, body FROM message "
                     "WHERE conversation = ? AND cseq BETWEEN ? AND ? ORDER BY cseq",
    [GET_CHANGED] = "SELECT peer, changed_useq FROM conversation WHERE owner = ? AND changed_useq "
                    "> ? AND changed_useq < ? ORDER BY changed_useq DESC LIMIT ?",
    [GET_PEERS] =
            "SELECT peer FROM conversation WHERE owner = ? AND peer > ? ORDER BY peer LIMIT ?",
    [GET_MARK] = "SELECT counter, cseq FROM mark WHERE conversation = ? AND sender = ? AND is_late "
                 "= 0 AND counter <= ? ORDER BY counter DESC LIMIT 1",
    [GET_LATE_MARK] = "SELECT counter, cseq FROM mark WHERE conversation = ? AND sender = ? AND "
                      "is_late = 1 AND counter = ?",
    [GET_EXPIRY] =
            "SELECT c.id, u.name, u.state, u.retention, c.peer, m.ts FROM conversation c JOIN "
            "user u ON u.id = c.owner JOIN message m ON m.conversation = c.id AND m.cseq = "
            "c.floor_cseq WHERE c.id > ? ORDER BY c.id",
    [GET_GARBAGE] =
            "SELECT c.id, c.floor_cseq, (SELECT min(cseq) FROM message WHERE conversation = "
            "c.id) AS first FROM conversation c WHERE c.floor_cseq > 1 AND first < "
            "c.floor_cseq LIMIT 1",
    [DELETE_MESSAGES] = "DELETE FROM message WHERE conversation = ? AND cseq < ?",
    [GET_LARGEST] =
            "SELECT u.name, coalesce(sum(c.head_cseq - c.floor_cseq + 1), 0) AS entries, "
            "u.stored_bytes FROM user u LEFT JOIN conversation c ON c.owner = u.id GROUP BY "
            "u.id ORDER BY entries DESC, u.name LIMIT ?",
    [GET_USERS] = "SELECT name, state, created FROM user WHERE name > ? ORDER BY name LIMIT ?",
};

enum err store_statement(struct store *store, enum statement which, sqlite3_stmt **statement)
{
    enum err err = ERR_OK;

    if (store->statements[which] == NULL) {
        err = database_prepare(store->database, sql[which], &store->statements[which]);
    }
    *statement = store->statements[which];
    return err;
}

static enum err get_meta(struct store *store, const char *key, uint64_t *value)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = store_statement(store, GET_META, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_text(statement, 1, bytes_of(key));
    err = database_next(statement, &has_row);
    *value = has_row ? database_int(statement, 0) : 0;
    sqlite3_reset(statement);
    return err == ERR_OK && !has_row ? ERR_NOT_FOUND : err;
}

static enum err put_meta(struct store *store, const char *key, uint64_t value)
{
    sqlite3_stmt *statement;
    enum err err = store_statement(store, PUT_META, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_text(statement, 1, bytes_of(key));
    database_bind_int(statement, 2, value);
    return database_run(statement);
}

static enum err create_schema(struct store *store, uint16_t partition, uint64_t cell_id)
{
    enum err err = store_begin(store);

    if (err == ERR_OK) {
        err = database_execute(store->database, schema);
    }
    if (err == ERR_OK) {
        err = put_meta(store, "schema_version", STORE_SCHEMA_VERSION);
    }
    if (err == ERR_OK) {
        err = put_meta(store, "partition", partition);
    }
    if (err == ERR_OK) {
        err = put_meta(store, "cell", cell_id);
    }
    if (err == ERR_OK) {
        err = put_meta(store, "applied_index", 0);
    }
    return err == ERR_OK ? store_commit(store) : err;
}

static enum err select_int(struct store *store, const char *text, uint64_t *value)
{
    sqlite3_stmt *statement = NULL;
    bool has_row = false;
    enum err err = database_prepare(store->database, text, &statement);

    *value = 0;
    if (err == ERR_OK) {
        err = database_next(statement, &has_row);
    }
    if (err == ERR_OK && has_row) {
        *value = database_int(statement, 0);
    }
    sqlite3_finalize(statement);
    return err;
}

// Version 1 did not keep what a user has stored; it can be counted, once.
#define TEXT_OF(number) #number
#define NUMBER_TEXT(number) TEXT_OF(number)
static const char from_version_1[] =
        "ALTER TABLE user ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0;"
        "UPDATE user SET stored_bytes = (SELECT coalesce(sum(length(CAST(message.body AS BLOB))), 0) "
        "+ " NUMBER_TEXT(
                STORED_ENTRY_BYTES) " * count(*) FROM conversation JOIN sender ON "
                                    "sender.conversation = conversation.id AND sender.is_owner JOIN message ON "
                                    "message.conversation = conversation.id AND message.sender = sender.number "
                                    "WHERE conversation.owner = user.id);";

// Version 2 kept everything for ever.
static const char from_version_2[] =
        "ALTER TABLE user ADD COLUMN retention INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE conversation ADD COLUMN horizon_cseq INTEGER NOT NULL DEFAULT 1;";

static enum err migrate(struct store *store)
{
    uint64_t version = 0;
    enum err err = get_meta(store, "schema_version", &version);

    if (err != ERR_OK || version < 1 || version >= STORE_SCHEMA_VERSION) {
        return err;
    }
    err = store_begin(store);
    if (err == ERR_OK && version == 1) {
        err = database_execute(store->database, from_version_1);
    }
    if (err == ERR_OK) {
        err = database_execute(store->database, from_version_2);
    }
    if (err == ERR_OK) {
        err = put_meta(store, "schema_version", STORE_SCHEMA_VERSION);
    }
    return err == ERR_OK ? store_commit(store) : err;
}

static enum err check_identity(struct store *store, uint16_t partition, uint64_t cell_id,
        char *reason, size_t reason_bytes)
{
    uint64_t version = 0, number = 0, cell = 0;
    enum err err = get_meta(store, "schema_version", &version);

    if (err == ERR_OK && version != STORE_SCHEMA_VERSION) {
        snprintf(reason, reason_bytes, "%s has schema version %" PRIu64 ", this chatd reads %d",
                store->path, version, STORE_SCHEMA_VERSION);
        return ERR_INVALID;
    }
    if (err == ERR_OK) {
        err = get_meta(store, "partition", &number);
    }
    if (err == ERR_OK) {
        err = get_meta(store, "cell", &cell);
    }
    if (err == ERR_OK && (number != partition || cell != cell_id)) {
        snprintf(reason, reason_bytes,
                "%s belongs elsewhere: it is partition %" PRIu64 " of cell %012" PRIx64,
                store->path, number, cell);
        return ERR_INVALID;
    }
    return err;
}

static enum err load_meta(struct store *store, struct store_meta *meta)
{
    enum err err = get_meta(store, "applied_index", &meta->applied_index);

    if (err == ERR_OK) {
        err = select_int(store, "SELECT max(id) FROM user", &meta->last_user_id);
    }
    if (err == ERR_OK) {
        err = select_int(store, "SELECT max(id) FROM conversation", &meta->last_conversation_id);
    }
    return err;
}

enum err store_open(const char *path, uint16_t partition, uint64_t cell_id, struct store **out,
        struct store_meta *meta, char *reason, size_t reason_bytes)
{
    struct store *store = calloc(1, sizeof(*store));
    uint64_t table_count = 0;

    *out = NULL;
    if (store == NULL) {
        snprintf(reason, reason_bytes, "out of memory");
        return ERR_MEMORY;
    }
    snprintf(store->path, sizeof(store->path), "%s", path);
    enum err err = database_open(path, DATABASE_PARTITION, &store->database);
    if (err == ERR_OK) {
        err = select_int(store, "SELECT count(*) FROM sqlite_schema", &table_count);
    }
    if (err == ERR_OK && table_count == 0) {
        err = create_schema(store, partition, cell_id);
    }
    if (err == ERR_OK && table_count > 0) {
        err = migrate(store);
    }
    if (err == ERR_OK) {
        err = check_identity(store, partition, cell_id, reason, reason_bytes);
    }
    if (err == ERR_OK) {
        err = load_meta(store, meta);
    }
    if (err != ERR_OK) {
        if (*reason == '\0') {
            snprintf(reason, reason_bytes, "%s: %s", path,
                    err == ERR_DAMAGED ? "damaged: a page does not fit its checksum, or "
                                         "it is no SQLite file"
                            : store->database != NULL ? sqlite3_errmsg(store->database)
                                                      : "cannot be opened");
        }
        store_close(store);
        return err;
    }
    *out = store;
    return ERR_OK;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(store->statements[i]);
    }
    database_close(store->database);
    free(store);
}

enum err store_begin(struct store *store)
{
    return database_execute(store->database, "BEGIN IMMEDIATE");
}

enum err store_commit(struct store *store)
{
    return database_execute(store->database, "COMMIT");
}

void store_rollback(struct store *store)
{
    if (sqlite3_get_autocommit(store->database) == 0) {
        // After some errors SQLite has rolled back by itself; either way there is none open now.
        (void)!database_execute(store->database, "ROLLBACK");
    }
}

enum err store_checkpoint(struct store *store)
{
    return database_checkpoint(store->database);
}

enum err store_put_applied_index(struct store *store, uint64_t index)
{
    return put_meta(store, "applied_index", index);
}

enum err store_count(struct store *store, struct store_count *count)
{
    struct stat status;
    enum err err = select_int(store, "SELECT count(*) FROM user", &count->users);

    if (err == ERR_OK) {
        err = select_int(store, "SELECT count(*) FROM conversation", &count->conversations);
    }
    if (err == ERR_OK) {
        err = select_int(store, "SELECT sum(head_cseq - floor_cseq + 1) FROM conversation",
                &count->messages);
    }
    count->file_bytes = stat(store->path, &status) == 0 ? (uint64_t)status.st_size : 0;
    return err;
}

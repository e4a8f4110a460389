// SPDX-License-Identifier: MIT
#include "partition/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "disk/database.h"

// One clustered b-tree for the messages and no secondary index on them: new rows go to the end of
// their conversation, and a page of history is one range.
static const char schema[] =
        "CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE user(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, state INTEGER NOT "
        "NULL, created INTEGER NOT NULL, next_useq INTEGER NOT NULL, is_admin INTEGER NOT NULL, "
        "secret BLOB);"
        "CREATE TABLE device(user INTEGER NOT NULL, id INTEGER NOT NULL, label TEXT NOT NULL, "
        "token_hash BLOB NOT NULL, created INTEGER NOT NULL, last_seen INTEGER, acked_useq "
        "INTEGER, counter INTEGER, is_consumer INTEGER NOT NULL, is_revoked INTEGER NOT NULL, "
        "PRIMARY KEY(user, id)) WITHOUT ROWID;"
        "CREATE TABLE conversation(id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, peer TEXT NOT "
        "NULL, head_cseq INTEGER NOT NULL, last_ts INTEGER NOT NULL, digest INTEGER NOT NULL, "
        "floor_cseq INTEGER NOT NULL, floor_digest INTEGER NOT NULL, delivered_cseq INTEGER NOT "
        "NULL, read_cseq INTEGER NOT NULL, peer_delivered_cseq INTEGER NOT NULL, peer_read_cseq "
        "INTEGER NOT NULL, read_useq INTEGER NOT NULL, peer_delivered_useq INTEGER NOT NULL, "
        "peer_read_useq INTEGER NOT NULL, state_useq INTEGER NOT NULL, changed_useq INTEGER NOT "
        "NULL, is_blocked_by_owner INTEGER NOT NULL, is_blocked_by_peer INTEGER NOT NULL, "
        "UNIQUE(owner, peer));"
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
        "NULL, target INTEGER, edit INTEGER, text_hash INTEGER, body TEXT, PRIMARY "
        "KEY(conversation, cseq)) WITHOUT ROWID;";

enum statement {
    PUT_META,
    PUT_USER,
    PUT_DEVICE,
    PUT_CONVERSATION,
    PUT_SENDER,
    PUT_MARK,
    PUT_MESSAGE,
    GET_META,
    GET_USER,
    GET_DEVICES,
    GET_CONVERSATION,
    GET_SENDERS,
    GET_USEQ,
    GET_MESSAGES,
    GET_CHANGED,
    GET_MARK,
    GET_LATE_MARK,
    GET_USERS,
    STATEMENT_COUNT
};

static const char *const sql[STATEMENT_COUNT] = {
    [PUT_META] = "INSERT INTO meta VALUES(?,?) ON CONFLICT DO UPDATE SET value = excluded.value",
    [PUT_USER] = "REPLACE INTO user VALUES(?,?,?,?,?,?,?)",
    [PUT_DEVICE] = "REPLACE INTO device VALUES(?,?,?,?,?,?,?,?,?,?)",
    [PUT_CONVERSATION] = "INSERT INTO conversation VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
                         "ON CONFLICT(id) DO UPDATE SET head_cseq = excluded.head_cseq, last_ts = "
                         "excluded.last_ts, digest = excluded.digest, floor_cseq = "
                         "excluded.floor_cseq, floor_digest = excluded.floor_digest, "
                         "delivered_cseq = excluded.delivered_cseq, read_cseq = "
                         "excluded.read_cseq, peer_delivered_cseq = excluded.peer_delivered_cseq, "
                         "peer_read_cseq = excluded.peer_read_cseq, read_useq = "
                         "excluded.read_useq, peer_delivered_useq = excluded.peer_delivered_useq, "
                         "peer_read_useq = excluded.peer_read_useq, state_useq = "
                         "excluded.state_useq, changed_useq = excluded.changed_useq, "
                         "is_blocked_by_owner = excluded.is_blocked_by_owner, is_blocked_by_peer "
                         "= excluded.is_blocked_by_peer",
    [PUT_SENDER] = "REPLACE INTO sender VALUES(?,?,?,?,?,?,?,?)",
    [PUT_MARK] = "REPLACE INTO mark VALUES(?,?,?,?,?)",
    [PUT_MESSAGE] = "REPLACE INTO message VALUES(?,?,?,?,?,?,?,?,?,?,?)",
    [GET_META] = "SELECT value FROM meta WHERE key = ?",
    [GET_USER] = "SELECT id, state, created, next_useq, is_admin, secret FROM user WHERE name = ?",
    [GET_DEVICES] = "SELECT id, label, token_hash, created, last_seen, acked_useq, counter, "
                    "is_consumer, is_revoked FROM device WHERE user = ?",
    [GET_CONVERSATION] = "SELECT id, head_cseq, last_ts, digest, floor_cseq, floor_digest, "
                         "delivered_cseq, read_cseq, peer_delivered_cseq, peer_read_cseq, "
                         "read_useq, peer_delivered_useq, peer_read_useq, state_useq, "
                         "changed_useq, is_blocked_by_owner, is_blocked_by_peer FROM conversation "
                         "WHERE owner = ? AND peer = ?",
    [GET_SENDERS] = "SELECT device, is_owner, counter, mark_counter, mark_cseq, marked_count FROM "
                    "sender WHERE conversation = ? ORDER BY number",
    [GET_USEQ] = "SELECT useq FROM message WHERE conversation = ? AND cseq = ?",
    [GET_MESSAGES] = "SELECT cseq, useq, ts, sender, counter, kind, target, edit, text_hash, body "
                     "FROM message WHERE conversation = ? AND cseq BETWEEN ? AND ? ORDER BY cseq",
    [GET_CHANGED] = "SELECT peer, changed_useq FROM conversation WHERE owner = ? AND changed_useq "
                    "> ? AND changed_useq < ? ORDER BY changed_useq DESC LIMIT ?",
    [GET_MARK] = "SELECT counter, cseq FROM mark WHERE conversation = ? AND sender = ? AND is_late "
                 "= 0 AND counter <= ? ORDER BY counter DESC LIMIT 1",
    [GET_LATE_MARK] = "SELECT counter, cseq FROM mark WHERE conversation = ? AND sender = ? AND "
                      "is_late = 1 AND counter = ?",
    [GET_USERS] = "SELECT name, state, created FROM user WHERE name > ? ORDER BY name LIMIT ?",
};

struct store {
    sqlite3 *database;
    char path[640];
    // Prepared when first used: 900 files times all of them would be memory for nothing.
    sqlite3_stmt *statements[STATEMENT_COUNT];
};

static enum err statement_of(struct store *store, enum statement which, sqlite3_stmt **statement)
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
    enum err err = statement_of(store, GET_META, &statement);

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
    enum err err = statement_of(store, PUT_META, &statement);

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
    if (err == ERR_OK) {
        err = check_identity(store, partition, cell_id, reason, reason_bytes);
    }
    if (err == ERR_OK) {
        err = load_meta(store, meta);
    }
    if (err != ERR_OK) {
        if (*reason == '\0') {
            snprintf(reason, reason_bytes, "%s: %s", path,
                    err == ERR_DAMAGED          ? "damaged: a page does not fit its checksum, or "
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

enum err store_put_user(struct store *store, const struct user *user)
{
    sqlite3_stmt *statement;
    enum err err = statement_of(store, PUT_USER, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, user->id);
    database_bind_text(statement, 2, name_bytes(&user->name));
    database_bind_int(statement, 3, user->state);
    database_bind_int(statement, 4, user->created);
    database_bind_int(statement, 5, user->next_useq);
    database_bind_int(statement, 6, user->is_admin);
    database_bind_blob(statement, 7, (struct bytes){ user->secret, user->secret_bytes });
    return database_run(statement);
}

enum err store_put_device(struct store *store, const struct user *user, const struct device *device)
{
    sqlite3_stmt *statement;
    enum err err = statement_of(store, PUT_DEVICE, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, user->id);
    database_bind_int(statement, 2, device->id);
    database_bind_text(statement, 3, (struct bytes){ device->label, device->label_bytes });
    database_bind_blob(statement, 4,
            (struct bytes){ (const char *)device->token_hash, TOKEN_HASH_BYTES });
    database_bind_int(statement, 5, device->created);
    database_bind_int_or_null(statement, 6, device->last_seen);
    database_bind_int_or_null(statement, 7, device->acked_useq);
    database_bind_int_or_null(statement, 8, device->counter);
    database_bind_int(statement, 9, device->is_consumer);
    database_bind_int(statement, 10, device->is_revoked);
    return database_run(statement);
}

enum err store_put_conversation(struct store *store, const struct conversation *conversation)
{
    sqlite3_stmt *statement;
    enum err err = statement_of(store, PUT_CONVERSATION, &statement);

    if (err != ERR_OK) {
        return err;
    }
    const uint64_t numbers[] = { conversation->head_cseq, conversation->last_ts,
        conversation->digest, conversation->floor_cseq, conversation->floor_digest,
        conversation->delivered_cseq, conversation->read_cseq, conversation->peer_delivered_cseq,
        conversation->peer_read_cseq, conversation->read_useq, conversation->peer_delivered_useq,
        conversation->peer_read_useq, conversation->state_useq, conversation->changed_useq,
        conversation->is_blocked_by_owner, conversation->is_blocked_by_peer };
    database_bind_int(statement, 1, conversation->id);
    database_bind_int(statement, 2, conversation->owner->id);
    database_bind_text(statement, 3, name_bytes(&conversation->peer));
    for (int i = 0; i < (int)(sizeof(numbers) / sizeof(numbers[0])); i++) {
        database_bind_int(statement, 4 + i, numbers[i]);
    }
    return database_run(statement);
}

enum err store_put_sender(struct store *store, const struct conversation *conversation,
        uint32_t number)
{
    const struct sender *sender = &conversation->senders[number];
    sqlite3_stmt *statement;
    enum err err = statement_of(store, PUT_SENDER, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, conversation->id);
    database_bind_int(statement, 2, number);
    database_bind_int(statement, 3, sender->device);
    database_bind_int(statement, 4, sender->is_owner);
    database_bind_int(statement, 5, sender->counter);
    database_bind_int(statement, 6, sender->mark_counter);
    database_bind_int(statement, 7, sender->mark_cseq);
    database_bind_int(statement, 8, sender->marked_count);
    return database_run(statement);
}

enum err store_put_mark(struct store *store, const struct conversation *conversation,
        const struct mark *mark)
{
    sqlite3_stmt *statement;
    enum err err = statement_of(store, PUT_MARK, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, conversation->id);
    database_bind_int(statement, 2, mark->sender);
    database_bind_int(statement, 3, mark->is_late);
    database_bind_int(statement, 4, mark->counter);
    database_bind_int(statement, 5, mark->cseq);
    return database_run(statement);
}

// kind and flags share a column: most rows have neither and pay nothing for it.
#define FLAGS_SHIFT 4

enum err store_put_message(struct store *store, const struct conversation *conversation,
        const struct message *row)
{
    sqlite3_stmt *statement;
    enum err err = statement_of(store, PUT_MESSAGE, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, conversation->id);
    database_bind_int(statement, 2, row->cseq);
    database_bind_int(statement, 3, row->useq);
    database_bind_int(statement, 4, row->ts);
    database_bind_int(statement, 5, row->sender);
    database_bind_int_or_null(statement, 6, row->counter);
    database_bind_int(statement, 7, row->kind | (uint64_t)row->flags << FLAGS_SHIFT);
    database_bind_int_or_null(statement, 8, row->target);
    database_bind_int_or_null(statement, 9, row->edit);
    database_bind_int_or_null(statement, 10, row->text_hash);
    database_bind_text(statement, 11, row->text);
    return database_run(statement);
}

static enum err get_devices(struct store *store, struct user *user)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = statement_of(store, GET_DEVICES, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, user->id);
    err = database_next(statement, &has_row);
    while (err == ERR_OK && has_row) {
        struct device *device = user_add_device(user);
        if (device == NULL) {
            err = ERR_MEMORY;
            break;
        }
        struct bytes label = database_bytes(statement, 1);
        device->id = database_int(statement, 0);
        device->label_bytes =
                (uint8_t)(label.size < LABEL_BYTES_MAX ? label.size : LABEL_BYTES_MAX);
        memcpy(device->label, label.data == NULL ? "" : label.data, device->label_bytes);
        struct bytes hash = database_bytes(statement, 2);
        if (hash.size == TOKEN_HASH_BYTES) {
            memcpy(device->token_hash, hash.data, TOKEN_HASH_BYTES);
        }
        device->created = database_int(statement, 3);
        device->last_seen = database_int(statement, 4);
        device->acked_useq = database_int(statement, 5);
        device->counter = database_int(statement, 6);
        device->is_consumer = database_int(statement, 7) != 0;
        device->is_revoked = database_int(statement, 8) != 0;
        device->is_dirty = false;
        err = database_next(statement, &has_row);
    }
    sqlite3_reset(statement);
    return err;
}

enum err store_get_user(struct store *store, struct bytes name, struct user **out)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = statement_of(store, GET_USER, &statement);

    *out = NULL;
    if (err != ERR_OK) {
        return err;
    }
    database_bind_text(statement, 1, name);
    err = database_next(statement, &has_row);
    if (err != ERR_OK || !has_row) {
        sqlite3_reset(statement);
        return err == ERR_OK ? ERR_NOT_FOUND : err;
    }
    struct user *user = user_create();
    if (user == NULL) {
        sqlite3_reset(statement);
        return ERR_MEMORY;
    }
    struct bytes secret = database_bytes(statement, 5);
    user->name = name_of(name);
    user->id = database_int(statement, 0);
    user->state = (enum user_state)database_int(statement, 1);
    user->created = database_int(statement, 2);
    user->next_useq = database_int(statement, 3);
    user->is_admin = database_int(statement, 4) != 0;
    user->secret_bytes = (uint8_t)(secret.size < SECRET_BYTES_MAX ? secret.size : SECRET_BYTES_MAX);
    memcpy(user->secret, secret.data == NULL ? "" : secret.data, user->secret_bytes);
    sqlite3_reset(statement);
    err = get_devices(store, user);
    if (err != ERR_OK) {
        user_destroy(user);
        return err;
    }
    *out = user;
    return ERR_OK;
}

static enum err get_senders(struct store *store, struct conversation *conversation)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = statement_of(store, GET_SENDERS, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, conversation->id);
    err = database_next(statement, &has_row);
    while (err == ERR_OK && has_row) {
        uint32_t number = conversation_take_sender(conversation, database_int(statement, 0),
                database_int(statement, 1) != 0);
        if (number == UINT32_MAX) {
            err = ERR_MEMORY;
            break;
        }
        struct sender *sender = &conversation->senders[number];
        sender->counter = database_int(statement, 2);
        sender->mark_counter = database_int(statement, 3);
        sender->mark_cseq = database_int(statement, 4);
        sender->marked_count = (uint32_t)database_int(statement, 5);
        sender->is_dirty = false;
        err = database_next(statement, &has_row);
    }
    sqlite3_reset(statement);
    return err;
}

static void fill_conversation(sqlite3_stmt *statement, struct conversation *conversation)
{
    conversation->id = database_int(statement, 0);
    conversation->head_cseq = database_int(statement, 1);
    conversation->last_ts = database_int(statement, 2);
    conversation->digest = database_int(statement, 3);
    conversation->floor_cseq = database_int(statement, 4);
    conversation->floor_digest = database_int(statement, 5);
    conversation->delivered_cseq = database_int(statement, 6);
    conversation->read_cseq = database_int(statement, 7);
    conversation->peer_delivered_cseq = database_int(statement, 8);
    conversation->peer_read_cseq = database_int(statement, 9);
    conversation->read_useq = database_int(statement, 10);
    conversation->peer_delivered_useq = database_int(statement, 11);
    conversation->peer_read_useq = database_int(statement, 12);
    conversation->state_useq = database_int(statement, 13);
    conversation->changed_useq = database_int(statement, 14);
    conversation->is_blocked_by_owner = database_int(statement, 15) != 0;
    conversation->is_blocked_by_peer = database_int(statement, 16) != 0;
    conversation->stored_changed_useq = conversation->changed_useq;
    conversation->tail_first = conversation->head_cseq + 1;
    conversation->clean_cseq = conversation->head_cseq;
}

enum err store_get_conversation(struct store *store, struct user *owner, struct bytes peer,
        struct conversation **out)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = statement_of(store, GET_CONVERSATION, &statement);

    *out = NULL;
    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, owner->id);
    database_bind_text(statement, 2, peer);
    err = database_next(statement, &has_row);
    if (err != ERR_OK || !has_row) {
        sqlite3_reset(statement);
        return err == ERR_OK ? ERR_NOT_FOUND : err;
    }
    struct conversation *conversation = conversation_create();
    if (conversation != NULL) {
        conversation->owner = owner;
        conversation->peer = name_of(peer);
        fill_conversation(statement, conversation);
    }
    sqlite3_reset(statement);
    err = conversation == NULL ? ERR_MEMORY : get_senders(store, conversation);
    if (err != ERR_OK) {
        conversation_destroy(conversation);
        return err;
    }
    *out = conversation;
    return ERR_OK;
}

enum err store_get_useq(struct store *store, uint64_t conversation, uint64_t cseq, uint64_t *useq)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = statement_of(store, GET_USEQ, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, conversation);
    database_bind_int(statement, 2, cseq);
    err = database_next(statement, &has_row);
    *useq = has_row ? database_int(statement, 0) : 0;
    sqlite3_reset(statement);
    return err == ERR_OK && !has_row ? ERR_NOT_FOUND : err;
}

enum err store_each_message(struct store *store, uint64_t conversation, uint64_t first,
        uint64_t last, enum err (*visit)(void *context, const struct message *row), void *context)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = statement_of(store, GET_MESSAGES, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, conversation);
    database_bind_int(statement, 2, first);
    database_bind_int(statement, 3, last);
    err = database_next(statement, &has_row);
    while (err == ERR_OK && has_row) {
        uint64_t kind = database_int(statement, 5);
        struct message row = {
            .cseq = database_int(statement, 0),
            .useq = database_int(statement, 1),
            .ts = database_int(statement, 2),
            .sender = (uint32_t)database_int(statement, 3),
            .counter = database_int(statement, 4),
            .kind = (uint8_t)(kind & ((1U << FLAGS_SHIFT) - 1)),
            .flags = (uint8_t)(kind >> FLAGS_SHIFT),
            .target = database_int(statement, 6),
            .edit = database_int(statement, 7),
            .text_hash = database_int(statement, 8),
            .text = database_bytes(statement, 9),
        };
        err = visit(context, &row);
        if (err == ERR_OK) {
            err = database_next(statement, &has_row);
        }
    }
    sqlite3_reset(statement);
    return err;
}

enum err store_each_changed(struct store *store, uint64_t owner, uint64_t after, uint64_t before,
        uint64_t limit, enum err (*visit)(void *context, struct bytes peer, uint64_t changed_useq),
        void *context)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = statement_of(store, GET_CHANGED, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, owner);
    database_bind_int(statement, 2, after);
    database_bind_int(statement, 3, before > INT64_MAX ? INT64_MAX : before);
    database_bind_int(statement, 4, limit);
    err = database_next(statement, &has_row);
    while (err == ERR_OK && has_row) {
        err = visit(context, database_bytes(statement, 0), database_int(statement, 1));
        if (err == ERR_OK) {
            err = database_next(statement, &has_row);
        }
    }
    sqlite3_reset(statement);
    return err;
}

enum err store_find_mark(struct store *store, uint64_t conversation, uint32_t sender, bool is_late,
        uint64_t counter, struct mark *mark)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = statement_of(store, is_late ? GET_LATE_MARK : GET_MARK, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, conversation);
    database_bind_int(statement, 2, sender);
    database_bind_int(statement, 3, counter);
    err = database_next(statement, &has_row);
    if (has_row) {
        *mark = (struct mark){ sender, is_late, database_int(statement, 0),
            database_int(statement, 1) };
    }
    sqlite3_reset(statement);
    return err == ERR_OK && !has_row ? ERR_NOT_FOUND : err;
}

enum err store_each_user(struct store *store, struct bytes after, uint64_t limit,
        enum err (*visit)(void *context, struct bytes name, enum user_state state,
                uint64_t created),
        void *context)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = statement_of(store, GET_USERS, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_text(statement, 1, after);
    database_bind_int(statement, 2, limit);
    err = database_next(statement, &has_row);
    while (err == ERR_OK && has_row) {
        err = visit(context, database_bytes(statement, 0),
                (enum user_state)database_int(statement, 1), database_int(statement, 2));
        if (err == ERR_OK) {
            err = database_next(statement, &has_row);
        }
    }
    sqlite3_reset(statement);
    return err;
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

static int saw_row(void *context, int count, char **values, char **names)
{
    (void)names;
    *(bool *)context = count == 1 && values[0] != NULL && strcmp(values[0], "ok") == 0;
    return 0;
}

enum err store_verify(struct store *store)
{
    bool is_ok = false;
    int code = sqlite3_exec(store->database, "PRAGMA integrity_check(1)", saw_row, &is_ok, NULL);

    if (code != SQLITE_OK) {
        return database_err(code);
    }
    return is_ok ? ERR_OK : ERR_DAMAGED;
}

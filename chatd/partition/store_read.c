// SPDX-License-Identifier: MIT
// Rows out of the file.

#include "partition/store_inside.h"

static enum err get_devices(struct store *store, struct user *user)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = store_statement(store, GET_DEVICES, &statement);

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
    enum err err = store_statement(store, GET_USER, &statement);

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
    user->stored_bytes = database_int(statement, 6);
    user->retention = database_int(statement, 7);
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
    enum err err = store_statement(store, GET_SENDERS, &statement);

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
    conversation->last_owner_cseq = database_int(statement, 6);
    conversation->last_peer_cseq = database_int(statement, 7);
    conversation->delivered_cseq = database_int(statement, 8);
    conversation->read_cseq = database_int(statement, 9);
    conversation->peer_delivered_cseq = database_int(statement, 10);
    conversation->peer_read_cseq = database_int(statement, 11);
    conversation->read_useq = database_int(statement, 12);
    conversation->peer_delivered_useq = database_int(statement, 13);
    conversation->peer_read_useq = database_int(statement, 14);
    conversation->state_useq = database_int(statement, 15);
    conversation->changed_useq = database_int(statement, 16);
    conversation->is_blocked_by_owner = database_int(statement, 17) != 0;
    conversation->is_blocked_by_peer = database_int(statement, 18) != 0;
    conversation->horizon_cseq = database_int(statement, 19);
    conversation->stored_changed_useq = conversation->changed_useq;
    conversation->tail_first = conversation->head_cseq + 1;
    conversation->clean_cseq = conversation->head_cseq;
}

enum err store_get_conversation(struct store *store, struct user *owner, struct bytes peer,
        struct conversation **out)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = store_statement(store, GET_CONVERSATION, &statement);

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
    enum err err = store_statement(store, GET_USEQ, &statement);

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
    enum err err = store_statement(store, GET_MESSAGES, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, conversation);
    database_bind_int(statement, 2, first);
    database_bind_int(statement, 3, last);
    err = database_next(statement, &has_row);
    while (err == ERR_OK && has_row) {
        uint64_t kind = database_int(statement, 5);
        struct bytes change = database_bytes(statement, 6);
        struct reader reader = { .data = change.data, .bytes = change.size };
        struct message row = {
            .cseq = database_int(statement, 0),
            .useq = database_int(statement, 1),
            .ts = database_int(statement, 2),
            .sender = (uint32_t)database_int(statement, 3),
            .counter = database_int(statement, 4),
            .kind = (uint8_t)(kind & ((1U << STORE_FLAGS_SHIFT) - 1)),
            .flags = (uint8_t)(kind >> STORE_FLAGS_SHIFT),
            .text = database_bytes(statement, 7),
        };
        if (change.size > 0) {
            row.target = reader_varint(&reader);
            row.edit = reader_varint(&reader);
            row.text_hash = reader_varint(&reader);
        }
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
    enum err err = store_statement(store, GET_CHANGED, &statement);

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

enum err store_each_peer(struct store *store, uint64_t owner, struct bytes after, uint64_t limit,
        enum err (*visit)(void *context, struct bytes peer), void *context)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = store_statement(store, GET_PEERS, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, owner);
    database_bind_text(statement, 2, after.data == NULL ? bytes_of("") : after);
    database_bind_int(statement, 3, limit);
    err = database_next(statement, &has_row);
    while (err == ERR_OK && has_row) {
        err = visit(context, database_bytes(statement, 0));
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
    enum err err = store_statement(store, is_late ? GET_LATE_MARK : GET_MARK, &statement);

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
        enum err (
                *visit)(void *context, struct bytes name, enum user_state state, uint64_t created),
        void *context)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = store_statement(store, GET_USERS, &statement);

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

enum err store_each_largest(struct store *store, uint64_t limit,
        enum err (
                *visit)(void *context, struct bytes name, uint64_t entries, uint64_t stored_bytes),
        void *context)
{
    sqlite3_stmt *statement;
    bool has_row = false;
    enum err err = store_statement(store, GET_LARGEST, &statement);

    if (err != ERR_OK) {
        return err;
    }
    database_bind_int(statement, 1, limit);
    err = database_next(statement, &has_row);
    while (err == ERR_OK && has_row) {
        err = visit(context, database_bytes(statement, 0), database_int(statement, 1),
                database_int(statement, 2));
        if (err == ERR_OK) {
            err = database_next(statement, &has_row);
        }
    }
    sqlite3_reset(statement);
    return err;
}

// SPDX-License-Identifier: MIT
// Rows into the file. Always inside store_begin() and store_commit().

#include "partition/store_inside.h"

enum err store_put_user(struct store *store, const struct user *user)
{
    sqlite3_stmt *statement;
    enum err err = store_statement(store, PUT_USER, &statement);

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
    database_bind_int(statement, 8, user->stored_bytes);
    database_bind_int(statement, 9, user->retention);
    return database_run(statement);
}

enum err store_put_device(struct store *store, const struct user *user, const struct device *device)
{
    sqlite3_stmt *statement;
    enum err err = store_statement(store, PUT_DEVICE, &statement);

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
    enum err err = store_statement(store, PUT_CONVERSATION, &statement);

    if (err != ERR_OK) {
        return err;
    }
    const uint64_t numbers[] = { conversation->head_cseq, conversation->last_ts,
        conversation->digest, conversation->floor_cseq, conversation->floor_digest,
        conversation->last_owner_cseq, conversation->last_peer_cseq, conversation->delivered_cseq,
        conversation->read_cseq, conversation->peer_delivered_cseq, conversation->peer_read_cseq,
        conversation->read_useq, conversation->peer_delivered_useq, conversation->peer_read_useq,
        conversation->state_useq, conversation->changed_useq, conversation->is_blocked_by_owner,
        conversation->is_blocked_by_peer, conversation->horizon_cseq };
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
    enum err err = store_statement(store, PUT_SENDER, &statement);

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
    enum err err = store_statement(store, PUT_MARK, &statement);

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

// Only edits, deletes and what they changed have this: target, edit and text_hash as varints.
static void add_change(struct buffer *change, const struct message *row)
{
    if (row->target != 0 || row->edit != 0 || row->text_hash != 0) {
        buffer_add_varint(change, row->target);
        buffer_add_varint(change, row->edit);
        buffer_add_varint(change, row->text_hash);
    }
}

enum err store_put_message(struct store *store, const struct conversation *conversation,
        const struct message *row)
{
    sqlite3_stmt *statement;
    struct buffer change = { 0 };
    enum err err = store_statement(store, PUT_MESSAGE, &statement);

    if (err != ERR_OK) {
        return err;
    }
    add_change(&change, row);
    database_bind_int(statement, 1, conversation->id);
    database_bind_int(statement, 2, row->cseq);
    database_bind_int(statement, 3, row->useq);
    database_bind_int(statement, 4, row->ts);
    database_bind_int(statement, 5, row->sender);
    database_bind_int_or_null(statement, 6, row->counter);
    database_bind_int(statement, 7, row->kind | (uint64_t)row->flags << STORE_FLAGS_SHIFT);
    if (change.bytes > 0) {
        database_bind_blob(statement, 8, (struct bytes){ change.data, (uint32_t)change.bytes });
    } else {
        database_bind_int_or_null(statement, 8, 0);
    }
    database_bind_text(statement, 9, row->text);
    err = buffer_is_whole(&change) ? database_run(statement) : ERR_MEMORY;
    buffer_finish(&change);
    return err;
}

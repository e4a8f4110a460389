// SPDX-License-Identifier: MIT
// Messages on their way into the cache: from events, which come in order, and from pages of
// history, which may be older than what events have brought since they were asked for.
#include "shared/client/cache_file.h"

#include "shared/history_digest.h"

// What a row that is there already says.
struct earlier {
    uint64_t ts;
    uint64_t as_of;
    uint64_t first_hash;
    uint64_t target;
    uint32_t bits;
};

// The hash of the first text, or 0 where the text may be another one by now.
static uint64_t first_hash_of(const struct message_view *message)
{
    bool is_first = message->kind == MESSAGE_DELETE ||
            (message->text.size > 0 && !message->is_edited && !message->is_deleted);

    return is_first ? history_text_hash(message->text) : 0;
}

static bool contradicts(const struct earlier *earlier, const struct message_view *message,
        uint32_t bits, uint64_t first_hash)
{
    return earlier->ts != message->ts || earlier->target != message->target ||
            ((earlier->bits ^ bits) & (BIT_OWN | KIND_BITS)) != 0 ||
            (earlier->first_hash != 0 && first_hash != 0 && earlier->first_hash != first_hash);
}

static enum err add_row(struct cache *cache, int64_t id, const struct message_view *message,
        uint64_t as_of, bool *is_new)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, ADD_MESSAGE);

    sqlite3_bind_int64(statement, 1, id);
    device_file_bind(statement, 2, message->seq);
    device_file_bind(statement, 3, message->ts);
    device_file_bind(statement, 4, as_of);
    device_file_bind(statement, 5, first_hash_of(message));
    sqlite3_bind_int64(statement, 6, message_bits(cache, message));
    device_file_bind(statement, 7, message->target);
    device_file_bind(statement, 8, message->counter);
    device_file_bind(statement, 9, message->device);
    device_file_bind_text(statement, 10, message->text);
    enum err err = device_file_run(&cache->file, statement);
    *is_new = sqlite3_changes(cache->file.db) > 0;
    return err;
}

// Over a row that is there, unless that one is newer.
static enum err replace_row(struct cache *cache, int64_t id, const struct message_view *message,
        uint64_t as_of, bool *is_contradiction)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, FIND_MESSAGE);
    uint32_t bits = message_bits(cache, message);
    uint64_t first_hash = first_hash_of(message);

    sqlite3_bind_int64(statement, 1, id);
    device_file_bind(statement, 2, message->seq);
    int code = sqlite3_step(statement);
    const struct earlier earlier = {
        .ts = device_file_column(statement, 0),
        .as_of = device_file_column(statement, 1),
        .first_hash = device_file_column(statement, 2),
        .bits = (uint32_t)sqlite3_column_int64(statement, 3),
        .target = device_file_column(statement, 4),
    };
    enum err err = device_file_end(&cache->file, statement, code);
    *is_contradiction = err == ERR_OK && contradicts(&earlier, message, bits, first_hash);
    if (err != ERR_OK || *is_contradiction || earlier.as_of > as_of) {
        return err;
    }
    statement = device_file_statement(&cache->file, REPLACE_MESSAGE);
    sqlite3_bind_int64(statement, 1, id);
    device_file_bind(statement, 2, message->seq);
    device_file_bind(statement, 3, as_of);
    device_file_bind(statement, 4, first_hash != 0 ? first_hash : earlier.first_hash);
    sqlite3_bind_int64(statement, 5, bits);
    device_file_bind(statement, 6, message->counter);
    device_file_bind(statement, 7, message->device);
    device_file_bind_text(statement, 8, message->text);
    return device_file_run(&cache->file, statement);
}

// One edit or delete, of this author, on the text it names; as chatd's change_target() does it.
static enum err change_target(struct cache *cache, struct conversation *conversation,
        uint64_t target, uint64_t seq, uint32_t bits, struct bytes text)
{
    bool is_edit = (bits & KIND_BITS) >> KIND_SHIFT == MESSAGE_EDIT;
    sqlite3_stmt *statement =
            device_file_statement(&cache->file, is_edit ? EDIT_MESSAGE : DELETE_MESSAGE);

    if (is_edit && text.size == 0) {
        return ERR_OK; // of something that is deleted
    }
    sqlite3_bind_int64(statement, 1, conversation->id);
    device_file_bind(statement, 2, target);
    device_file_bind(statement, 3, seq);
    sqlite3_bind_int64(statement, 4, bits & BIT_OWN);
    if (is_edit) {
        device_file_bind_text(statement, 5, text);
    }
    enum err err = device_file_run(&cache->file, statement);
    if (err != ERR_OK || is_edit) {
        return err;
    }
    // What is not new is counted in the head.
    if (sqlite3_changes(cache->file.db) > 0 && seq > conversation->seq && (bits & BIT_OWN) == 0 &&
            target > conversation->read_seq && conversation->unread > 0) {
        conversation->unread--;
    }
    statement = device_file_statement(&cache->file, EMPTY_EDITS);
    sqlite3_bind_int64(statement, 1, conversation->id);
    device_file_bind(statement, 2, target);
    sqlite3_bind_int64(statement, 3, (bits & BIT_OWN) | (MESSAGE_EDIT << KIND_SHIFT));
    return device_file_run(&cache->file, statement);
}

// What came before its target, or before an older page that has the target as it was: the changes
// behind as_of that are held are made now.
static enum err apply_held_changes(struct cache *cache, struct conversation *conversation,
        uint64_t target, uint64_t as_of)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, EACH_CHANGE);
    enum err err = ERR_OK;
    int code;

    sqlite3_bind_int64(statement, 1, conversation->id);
    device_file_bind(statement, 2, target);
    device_file_bind(statement, 3, as_of);
    while (err == ERR_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        err = change_target(cache, conversation, target, device_file_column(statement, 0),
                (uint32_t)sqlite3_column_int64(statement, 1),
                device_file_column_text(statement, 2));
    }
    if (err != ERR_OK) {
        sqlite3_reset(statement);
        return err;
    }
    return device_file_end(&cache->file, statement, code);
}

// as_of: the changes up to there are in the message as it was given.
static enum err store_row(struct cache *cache, struct conversation *conversation,
        const struct message_view *message, uint64_t as_of, bool *is_contradiction)
{
    bool is_new;
    enum err err = add_row(cache, conversation->id, message, as_of, &is_new);

    *is_contradiction = false;
    if (err == ERR_OK && is_new) {
        conversation->message_count++;
        cache->stored_count++;
    } else if (err == ERR_OK) {
        err = replace_row(cache, conversation->id, message, as_of, is_contradiction);
    }
    if (err != ERR_OK || *is_contradiction) {
        return err;
    }
    uint64_t target = message->kind == MESSAGE_TEXT ? message->seq : message->target;
    if (message->kind != MESSAGE_TEXT) {
        err = change_target(cache, conversation, target, message->seq, message_bits(cache, message),
                message->text);
    }
    return err == ERR_OK && as_of < conversation->seq
            ? apply_held_changes(cache, conversation, target, as_of)
            : err; // nothing newer can be held
}

static bool is_acceptable(const struct cache *cache, const struct conversation *conversation,
        const struct message_view *message)
{
    return message->seq > 0 && message->seq <= JSON_INTEGER_MAX &&
            (message->kind == MESSAGE_TEXT) == (message->target == 0) &&
            (conversation_is_own(cache, message) ||
                    bytes_equal(message->from, name_bytes(&conversation->peer)));
}

// A new end of the conversation is what its head shows.
static enum err note_newest(struct cache *cache, struct conversation *conversation,
        const struct message_view *message)
{
    conversation->seq = message->seq;
    if (!conversation_is_own(cache, message) && message->kind == MESSAGE_TEXT &&
            !message->is_deleted && message->seq > conversation->read_seq &&
            conversation->unread < UNREAD_COUNT_MAX) {
        conversation->unread++;
    }
    return conversation_write(cache, conversation, message);
}

static enum err store_rows(struct cache *cache, struct conversation *conversation,
        const struct cache_history *history, bool *is_contradiction)
{
    enum err err = ERR_OK;

    *is_contradiction = false;
    for (size_t i = 0; i < history->count && err == ERR_OK && !*is_contradiction; i++) {
        err = store_row(cache, conversation, &history->messages[i], history->head_seq,
                is_contradiction);
    }
    if (err != ERR_OK || *is_contradiction || history->count == 0) {
        return err;
    }
    return held_add(cache, conversation->id, history->messages[0].seq,
            history->messages[history->count - 1].seq);
}

// Everything that was held of the conversation is dropped first.
static enum err store_rows_anew(struct cache *cache, struct conversation *conversation,
        const struct cache_history *history)
{
    bool is_contradiction;
    enum err err = conversation_drop_messages(cache, conversation);

    if (err == ERR_OK) {
        err = store_rows(cache, conversation, history, &is_contradiction);
    }
    return err;
}

static enum err put_message(struct cache *cache, const struct message_view *message,
        bool *is_dropped)
{
    struct conversation conversation;
    const struct cache_history history = {
        .messages = message,
        .count = 1,
        .head_seq = message->seq,
    };
    enum err err = conversation_find(cache, message->peer, true, &conversation);

    if (err == ERR_OK && !is_acceptable(cache, &conversation, message)) {
        err = ERR_INVALID;
    }
    if (err == ERR_OK) {
        err = store_rows(cache, &conversation, &history, is_dropped);
    }
    if (err == ERR_OK && *is_dropped) {
        err = store_rows_anew(cache, &conversation, &history);
    }
    if (err != ERR_OK) {
        return err;
    }
    return message->seq > conversation.seq ? note_newest(cache, &conversation, message)
                                           : conversation_write_marks(cache, &conversation);
}

enum err cache_put_message(struct cache *cache, const struct message_view *message,
        bool *is_dropped)
{
    CHECK(cache->is_begun);
    *is_dropped = false;
    return cache_failed(cache, put_message(cache, message, is_dropped));
}

static bool is_history(const struct cache *cache, const struct conversation *conversation,
        const struct cache_history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        if (!is_acceptable(cache, conversation, &history->messages[i]) ||
                history->messages[i].seq != history->messages[0].seq + i) {
            return false;
        }
    }
    return history->count == 0 || history->messages[history->count - 1].seq <= history->head_seq;
}

static enum err put_history(struct cache *cache, const struct cache_history *history,
        bool *is_dropped)
{
    struct conversation conversation;
    bool is_equal;
    enum err err = conversation_find(cache, history->peer, true, &conversation);

    if (err == ERR_OK && !is_history(cache, &conversation, history)) {
        err = ERR_INVALID;
    }
    if (err == ERR_OK) {
        err = store_rows(cache, &conversation, history, is_dropped);
    }
    if (err == ERR_OK && !*is_dropped) {
        err = cache_compare(cache, &conversation, history->head_seq, history->digest, true,
                &is_equal);
        *is_dropped = !is_equal;
    }
    if (err == ERR_OK && *is_dropped) {
        err = store_rows_anew(cache, &conversation, history);
        conversation.base_seq = history->head_seq;
        conversation.base_digest = history->digest;
    }
    if (err == ERR_OK && history->is_start && history->count > 0) {
        conversation.floor_seq = history->messages[0].seq;
    }
    for (size_t i = 0; i < history->count && err == ERR_OK; i++) {
        if (history->messages[i].seq > conversation.seq) {
            err = note_newest(cache, &conversation, &history->messages[i]);
        }
    }
    return err == ERR_OK ? conversation_write_marks(cache, &conversation) : err;
}

enum err cache_put_history(struct cache *cache, const struct cache_history *history,
        bool *is_dropped)
{
    CHECK(cache->is_begun);
    *is_dropped = false;
    return cache_failed(cache, put_history(cache, history, is_dropped));
}

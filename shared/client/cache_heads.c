// SPDX-License-Identifier: MIT
// Conversations: heads and their marks, the ranges that are held, the digest.
#include "shared/client/cache_file.h"

#include "shared/clock.h"
#include "shared/history_digest.h"

static uint64_t highest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

enum err conversation_find(struct cache *cache, struct bytes peer, bool is_made,
        struct conversation *conversation)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, FIND_CONVERSATION);

    *conversation = (struct conversation){ 0 };
    if (!name_is_valid(peer) || cache->user.size == 0) {
        return is_made ? ERR_INVALID : ERR_OK;
    }
    conversation->peer = name_of(peer);
    device_file_bind_text(statement, 1, peer);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        conversation->id = sqlite3_column_int64(statement, 0);
        conversation->seq = device_file_column(statement, 2);
        conversation->read_seq = device_file_column(statement, 3);
        conversation->peer_delivered_seq = device_file_column(statement, 4);
        conversation->peer_read_seq = device_file_column(statement, 5);
        conversation->unread = device_file_column(statement, 6);
        conversation->digest_seq = device_file_column(statement, 7);
        conversation->digest = device_file_column(statement, 8);
        conversation->floor_seq = device_file_column(statement, 9);
        conversation->base_seq = device_file_column(statement, 10);
        conversation->base_digest = device_file_column(statement, 11);
        conversation->message_count = device_file_column(statement, 12);
        conversation->is_blocked = sqlite3_column_int(statement, 13) != 0;
    }
    enum err err = device_file_end(&cache->file, statement, code);
    if (err == ERR_OK && code == SQLITE_DONE && is_made) {
        statement = device_file_statement(&cache->file, ADD_CONVERSATION);
        device_file_bind_text(statement, 1, peer);
        err = device_file_run(&cache->file, statement);
        conversation->id = sqlite3_last_insert_rowid(cache->file.db);
    }
    return err;
}

static void bind_marks(sqlite3_stmt *statement, const struct conversation *conversation)
{
    sqlite3_bind_int64(statement, 1, conversation->id);
    device_file_bind(statement, 2, conversation->seq);
    device_file_bind(statement, 3, conversation->read_seq);
    device_file_bind(statement, 4, conversation->peer_delivered_seq);
    device_file_bind(statement, 5, conversation->peer_read_seq);
    device_file_bind(statement, 6, conversation->unread);
    device_file_bind(statement, 7, conversation->digest_seq);
    device_file_bind(statement, 8, conversation->digest);
    device_file_bind(statement, 9, conversation->floor_seq);
    device_file_bind(statement, 10, conversation->base_seq);
    device_file_bind(statement, 11, conversation->base_digest);
    device_file_bind(statement, 12, conversation->message_count);
    sqlite3_bind_int(statement, 13, conversation->is_blocked);
}

enum err conversation_write_marks(struct cache *cache, const struct conversation *conversation)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, WRITE_MARKS);

    bind_marks(statement, conversation);
    return device_file_run(&cache->file, statement);
}

// Not in the middle of a character.
static struct bytes cut_text(struct bytes text)
{
    if (text.size > CACHE_LAST_TEXT_BYTES) {
        text.size = CACHE_LAST_TEXT_BYTES;
        while (text.size > 0 && ((unsigned char)text.data[text.size] & 0xC0) == 0x80) {
            text.size--;
        }
    }
    return text;
}

enum err conversation_write(struct cache *cache, const struct conversation *conversation,
        const struct message_view *last)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, WRITE_CONVERSATION);

    bind_marks(statement, conversation);
    device_file_bind(statement, 14, last->ts);
    sqlite3_bind_int64(statement, 15, message_bits(cache, last));
    device_file_bind(statement, 16, last->target);
    device_file_bind_text(statement, 17, cut_text(last->text));
    return device_file_run(&cache->file, statement);
}

bool conversation_is_own(const struct cache *cache, const struct message_view *message)
{
    return bytes_equal(message->from, name_bytes(&cache->user));
}

bool conversation_begins_at(const struct conversation *conversation, uint64_t seq)
{
    return seq <= highest(1, conversation->floor_seq);
}

uint32_t message_bits(const struct cache *cache, const struct message_view *message)
{
    return (conversation_is_own(cache, message) ? BIT_OWN : 0) |
            (message->is_edited ? BIT_EDITED : 0) | (message->is_deleted ? BIT_DELETED : 0) |
            ((uint32_t)message->kind << KIND_SHIFT);
}

enum err held_add(struct cache *cache, int64_t id, uint64_t first, uint64_t last)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, FIND_TOUCHING);

    sqlite3_bind_int64(statement, 1, id);
    device_file_bind(statement, 2, first);
    device_file_bind(statement, 3, last);
    int code = sqlite3_step(statement);
    uint64_t low = device_file_column(statement, 0);
    uint64_t high = device_file_column(statement, 1);
    int count = sqlite3_column_int(statement, 2);
    enum err err = device_file_end(&cache->file, statement, code);
    if (err != ERR_OK || (count == 1 && low <= first && high >= last)) {
        return err;
    }
    bool is_extended = count == 1 && low <= first;
    if (count > 0 && !is_extended) {
        statement = device_file_statement(&cache->file, REMOVE_TOUCHING);
        sqlite3_bind_int64(statement, 1, id);
        device_file_bind(statement, 2, first);
        device_file_bind(statement, 3, last);
        err = device_file_run(&cache->file, statement);
    }
    if (err == ERR_OK) {
        statement = device_file_statement(&cache->file, is_extended ? EXTEND_HELD : ADD_HELD);
        sqlite3_bind_int64(statement, 1, id);
        device_file_bind(statement, 2, count > 0 && low < first ? low : first);
        device_file_bind(statement, 3, count > 0 && high > last ? high : last);
        err = device_file_run(&cache->file, statement);
    }
    return err;
}

enum err held_find(struct cache *cache, int64_t id, uint64_t seq, struct cache_range *range)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, FIND_HELD);

    *range = (struct cache_range){ 0 };
    sqlite3_bind_int64(statement, 1, id);
    device_file_bind(statement, 2, seq > INT64_MAX ? INT64_MAX : seq);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        range->first = device_file_column(statement, 0);
        range->last = device_file_column(statement, 1);
    }
    return device_file_end(&cache->file, statement, code);
}

enum err conversation_drop_messages(struct cache *cache, struct conversation *conversation)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, DROP_MESSAGES);

    sqlite3_bind_int64(statement, 1, conversation->id);
    enum err err = device_file_run(&cache->file, statement);
    if (err == ERR_OK) {
        statement = device_file_statement(&cache->file, DROP_HELD);
        sqlite3_bind_int64(statement, 1, conversation->id);
        err = device_file_run(&cache->file, statement);
    }
    conversation->message_count = 0;
    conversation->floor_seq = 0;
    conversation->base_seq = 0;
    conversation->base_digest = 0;
    return err;
}

// The digest at seq from the one at the base. *is_known: all entries between them are held, with
// their first texts.
static enum err compute_digest(struct cache *cache, const struct conversation *conversation,
        uint64_t seq, uint64_t *digest, bool *is_known)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, EACH_DIGESTED);
    uint64_t at = conversation->base_seq;
    int code;

    *digest = conversation->base_digest;
    *is_known = true;
    sqlite3_bind_int64(statement, 1, conversation->id);
    device_file_bind(statement, 2, at);
    device_file_bind(statement, 3, seq);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && *is_known) {
        uint32_t bits = (uint32_t)sqlite3_column_int64(statement, 2);
        const struct history_entry entry = {
            .seq = device_file_column(statement, 0),
            .ts = device_file_column(statement, 1),
            .target = device_file_column(statement, 3),
            .text_hash = device_file_column(statement, 4),
            .from = name_bytes((bits & BIT_OWN) != 0 ? &cache->user : &conversation->peer),
            .kind = (enum message_kind)((bits & KIND_BITS) >> KIND_SHIFT),
        };
        *is_known = entry.seq == ++at && entry.text_hash != 0;
        *digest = history_next_digest(*digest, &entry);
    }
    *is_known = *is_known && at == seq;
    return device_file_end(&cache->file, statement, code);
}

enum err cache_compare(struct cache *cache, struct conversation *conversation, uint64_t seq,
        uint64_t digest, bool is_base, bool *is_equal)
{
    struct cache_range range;
    uint64_t computed = conversation->base_digest;
    bool is_known = seq == conversation->base_seq;

    *is_equal = true;
    if (seq < conversation->base_seq) {
        return ERR_OK;
    }
    // Cheaper than to walk up to the gap.
    enum err err = held_find(cache, conversation->id, conversation->base_seq + 1, &range);
    if (err == ERR_OK && !is_known && range.first > 0 && range.last >= seq) {
        err = compute_digest(cache, conversation, seq, &computed, &is_known);
    }
    *is_equal = !is_known || computed == digest;
    if ((is_known && *is_equal) || is_base) {
        conversation->base_seq = seq;
        conversation->base_digest = digest;
    }
    return err;
}

// What is behind the own read mark, where all of that is held.
static enum err count_unread(struct cache *cache, struct conversation *conversation)
{
    struct cache_range range;
    sqlite3_stmt *statement = device_file_statement(&cache->file, COUNT_UNREAD);

    if (conversation->read_seq >= conversation->seq) {
        conversation->unread = 0;
        return ERR_OK;
    }
    enum err err = held_find(cache, conversation->id, conversation->read_seq + 1, &range);
    if (err != ERR_OK || range.last < conversation->seq) {
        uint64_t behind = conversation->seq - conversation->read_seq;
        conversation->unread = conversation->unread < behind ? conversation->unread : behind;
        return err;
    }
    sqlite3_bind_int64(statement, 1, conversation->id);
    device_file_bind(statement, 2, conversation->read_seq);
    device_file_bind(statement, 3, conversation->seq);
    int code = sqlite3_step(statement);
    uint64_t count = device_file_column(statement, 0);
    conversation->unread = count < UNREAD_COUNT_MAX ? count : UNREAD_COUNT_MAX;
    return device_file_end(&cache->file, statement, code);
}

static enum err put_head(struct cache *cache, const struct head_view *head, bool *is_dropped)
{
    struct conversation conversation;
    bool is_equal;
    enum err err = conversation_find(cache, head->peer, true, &conversation);

    if (err != ERR_OK) {
        return err;
    }
    bool is_old = head->seq < conversation.seq;
    bool is_read_further = head->read_seq < conversation.read_seq; // this device is ahead
    conversation.read_seq = highest(conversation.read_seq, head->read_seq);
    conversation.peer_read_seq = highest(conversation.peer_read_seq, head->peer_read_seq);
    conversation.peer_delivered_seq =
            highest(conversation.peer_delivered_seq, head->peer_delivered_seq);
    err = cache_compare(cache, &conversation, head->seq, head->digest, false, &is_equal);
    if (err == ERR_OK && !is_equal) {
        *is_dropped = true;
        err = conversation_drop_messages(cache, &conversation);
    }
    if (err != ERR_OK || is_old) {
        return err == ERR_OK ? conversation_write_marks(cache, &conversation) : err;
    }
    conversation.seq = head->seq;
    conversation.unread = head->unread;
    if (is_read_further) {
        err = count_unread(cache, &conversation);
    }
    conversation.digest_seq = head->seq;
    conversation.digest = head->digest;
    conversation.is_blocked = head->is_blocked;
    if (err != ERR_OK) {
        return err;
    }
    return head->has_last ? conversation_write(cache, &conversation, &head->last)
                          : conversation_write_marks(cache, &conversation);
}

enum err cache_put_head(struct cache *cache, const struct head_view *head, bool *is_dropped)
{
    CHECK(cache->is_begun);
    *is_dropped = false;
    return cache_failed(cache, put_head(cache, head, is_dropped));
}

static enum err put_receipt(struct cache *cache, const struct receipt_view *receipt)
{
    struct conversation conversation;
    bool is_own = bytes_equal(receipt->by, name_bytes(&cache->user));
    enum err err = conversation_find(cache, receipt->peer, true, &conversation);

    if (err != ERR_OK) {
        return err;
    }
    // In a conversation with oneself both are meant.
    if (is_own && receipt->read_seq > conversation.read_seq) {
        conversation.read_seq = receipt->read_seq;
        err = count_unread(cache, &conversation);
    }
    if (bytes_equal(receipt->by, receipt->peer)) {
        conversation.peer_read_seq = highest(conversation.peer_read_seq, receipt->read_seq);
        conversation.peer_delivered_seq =
                highest(conversation.peer_delivered_seq, receipt->delivered_seq);
    }
    return err == ERR_OK ? conversation_write_marks(cache, &conversation) : err;
}

enum err cache_put_receipt(struct cache *cache, const struct receipt_view *receipt)
{
    CHECK(cache->is_begun);
    return cache_failed(cache, put_receipt(cache, receipt));
}

static bool visit_row(struct cache *cache, sqlite3_stmt *statement, cache_visit_head *visit,
        void *context)
{
    uint64_t seq = device_file_column(statement, 1);
    uint64_t digest_seq = device_file_column(statement, 6);
    uint32_t bits = (uint32_t)sqlite3_column_int64(statement, 11);
    struct bytes peer = device_file_column_text(statement, 0);
    const struct head_view head = {
        .peer = peer,
        .seq = seq,
        .read_seq = device_file_column(statement, 2),
        .peer_delivered_seq = device_file_column(statement, 3),
        .peer_read_seq = device_file_column(statement, 4),
        .unread = device_file_column(statement, 5),
        .digest = digest_seq == seq ? device_file_column(statement, 7) : 0,
        .is_blocked = sqlite3_column_int(statement, 8) != 0,
        .has_last = seq > 0 && device_file_column(statement, 9) == seq,
        .last = {
            .peer = peer,
            .from = (bits & BIT_OWN) != 0 ? name_bytes(&cache->user) : peer,
            .text = device_file_column_text(statement, 13),
            .seq = device_file_column(statement, 9),
            .ts = device_file_column(statement, 10),
            .target = device_file_column(statement, 12),
            .kind = (enum message_kind)((bits & KIND_BITS) >> KIND_SHIFT),
            .is_edited = (bits & BIT_EDITED) != 0,
            .is_deleted = (bits & BIT_DELETED) != 0,
        },
    };

    return visit(context, &head);
}

enum err cache_each_head(struct cache *cache, unsigned limit, cache_visit_head *visit,
        void *context)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, EACH_CONVERSATION);
    int code;

    sqlite3_bind_int64(statement, 1, limit);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW &&
            visit_row(cache, statement, visit, context)) {
    }
    return device_file_end(&cache->file, statement, code);
}

enum err cache_read_head(struct cache *cache, struct bytes peer, cache_visit_head *visit,
        void *context, bool *is_found)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, READ_CONVERSATION);

    device_file_bind_text(statement, 1, peer);
    int code = sqlite3_step(statement);
    *is_found = code == SQLITE_ROW;
    if (*is_found) {
        (void)visit_row(cache, statement, visit, context);
    }
    return device_file_end(&cache->file, statement, code);
}

enum err cache_note_opened(struct cache *cache, struct bytes peer)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, NOTE_OPENED);

    device_file_bind_text(statement, 1, peer);
    sqlite3_bind_int64(statement, 2, clock_wall_ms());
    enum err err = device_file_run(&cache->file, statement);
    return cache->is_begun ? cache_failed(cache, err) : err;
}

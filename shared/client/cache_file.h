// SPDX-License-Identifier: MIT
// Inside the cache: the file, its statements, and a conversation's row. Only for cache*.c.
//
// What is in the file: `message` has the entries as the server shows them, each with the seq up to
// which edits and deletes are in it (as_of: then an older answer that comes late changes nothing),
// and the hash of its first text where that is known (first_hash, else 0). `held` has the ranges.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/client/cache.h"
#include "shared/client/device_file.h"
#include "shared/limits.h"
#include "shared/name.h"

// Of message.bits and conversation.last_bits.
#define BIT_OWN 1U
#define BIT_EDITED 2U
#define BIT_DELETED 4U
#define KIND_SHIFT 3U
#define KIND_BITS 24U // both bits of the kind

enum statement {
    READ_META,
    WRITE_CURSOR,
    FIND_CONVERSATION,
    ADD_CONVERSATION,
    WRITE_CONVERSATION,
    WRITE_MARKS,
    EACH_CONVERSATION,
    READ_CONVERSATION,
    NOTE_OPENED,
    ADD_MESSAGE,
    FIND_MESSAGE,
    REPLACE_MESSAGE,
    EDIT_MESSAGE,
    DELETE_MESSAGE,
    EMPTY_EDITS,
    EACH_CHANGE,
    COUNT_UNREAD,
    DROP_MESSAGES,
    DROP_HELD,
    FIND_TOUCHING,
    REMOVE_TOUCHING,
    ADD_HELD,
    EXTEND_HELD,
    FIND_HELD,
    EACH_DIGESTED,
    EACH_MESSAGE,
    SEARCH,
    FIND_CUT,
    REMOVE_OLDEST,
    REMOVE_HELD_BELOW,
    CUT_HELD,
    COUNT_DOWN,
    FIND_TOTAL,
    FIND_LONGEST,
    FIND_LEAST_RECENT,
    STATEMENT_COUNT,
};

// A row of `conversation` as it is needed to store into it.
struct conversation {
    int64_t id; // 0: there is none
    struct name peer;
    uint64_t seq;
    uint64_t read_seq;
    uint64_t peer_delivered_seq;
    uint64_t peer_read_seq;
    uint64_t unread;
    uint64_t digest_seq; // what the server said last about the digest
    uint64_t digest;
    uint64_t floor_seq; // the conversation's first seq; 0: not known to be another than 1
    uint64_t base_seq;  // up to there the digest is known; entries behind it can be compared
    uint64_t base_digest;
    uint64_t message_count;
    bool is_blocked;
};

struct cache {
    struct device_file file;
    sqlite3_stmt *prepared[STATEMENT_COUNT];
    char path[440];
    char cursor[CURSOR_BYTES_MAX + 1];
    struct name user;
    int64_t epoch; // of the file: another number whenever it was emptied
    bool is_private;
    bool is_begun;
    enum err failed;       // of a put in this batch
    uint64_t stored_count; // messages since the last trim
    uint64_t conversation_messages_max;
    uint64_t messages_max;
    uint64_t trim_every;
};

// Remembers a failure for the commit.
enum err cache_failed(struct cache *cache, enum err err);

// The row of a peer; with is_made one that is not there is added.
enum err conversation_find(struct cache *cache, struct bytes peer, bool is_made,
        struct conversation *conversation) MUST_USE;
enum err conversation_write_marks(struct cache *cache,
        const struct conversation *conversation) MUST_USE;
// With its last entry: of conversation->seq.
enum err conversation_write(struct cache *cache, const struct conversation *conversation,
        const struct message_view *last) MUST_USE;
bool conversation_is_own(const struct cache *cache, const struct message_view *message);
// Whether nothing is before a seq.
bool conversation_begins_at(const struct conversation *conversation, uint64_t seq);
uint32_t message_bits(const struct cache *cache, const struct message_view *message);

enum err held_add(struct cache *cache, int64_t id, uint64_t first, uint64_t last) MUST_USE;
// The range that holds the seq, or else the next one below.
enum err held_find(struct cache *cache, int64_t id, uint64_t seq,
        struct cache_range *range) MUST_USE;
enum err conversation_drop_messages(struct cache *cache,
        struct conversation *conversation) MUST_USE;

// Compares what is held with the digest that the server gave for a seq; false in *is_equal only if
// they differ. With is_base it is believed from here on, also when it can't be compared.
enum err cache_compare(struct cache *cache, struct conversation *conversation, uint64_t seq,
        uint64_t digest, bool is_base, bool *is_equal) MUST_USE;

// A little over the bounds is taken out, if there is any.
enum err cache_trim(struct cache *cache) MUST_USE;

// SPDX-License-Identifier: MIT
// The SQLite file of one partition: its schema and every statement on it. Rows in, rows out; what
// they mean is decided elsewhere.
//
// Owner:  the partition. Thread: the partition's. All strings that come out are copied or, where it
//         says so, lent until the next call.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "partition/conversation.h"
#include "partition/user.h"
#include "shared/check.h"
#include "shared/err.h"

struct store;

#define STORE_SCHEMA_VERSION 3

struct store_meta {
    uint64_t applied_index; // every record up to here is in the file
    uint64_t last_user_id;
    uint64_t last_conversation_id;
};

// Opens or creates. A file of another schema version, partition or cell is refused: reason says so.
enum err store_open(const char *path, uint16_t partition, uint64_t cell_id, struct store **store,
        struct store_meta *meta, char *reason, size_t reason_bytes) MUST_USE;
void store_close(struct store *store);

enum err store_begin(struct store *store) MUST_USE;
enum err store_commit(struct store *store) MUST_USE;
void store_rollback(struct store *store);
// Only after this is what was committed on disk.
enum err store_checkpoint(struct store *store) MUST_USE;

// Writing, inside begin and commit.
enum err store_put_applied_index(struct store *store, uint64_t index) MUST_USE;
enum err store_put_user(struct store *store, const struct user *user) MUST_USE;
enum err store_put_device(struct store *store, const struct user *user,
        const struct device *device) MUST_USE;
enum err store_put_conversation(struct store *store,
        const struct conversation *conversation) MUST_USE;
enum err store_put_sender(struct store *store, const struct conversation *conversation,
        uint32_t number) MUST_USE;
enum err store_put_mark(struct store *store, const struct conversation *conversation,
        const struct mark *mark) MUST_USE;
enum err store_put_message(struct store *store, const struct conversation *conversation,
        const struct message *row) MUST_USE;

// Reading. ERR_NOT_FOUND when there is no such row.
enum err store_get_user(struct store *store, struct bytes name, struct user **user) MUST_USE;
enum err store_get_conversation(struct store *store, struct user *owner, struct bytes peer,
        struct conversation **conversation) MUST_USE;
enum err store_get_useq(struct store *store, uint64_t conversation, uint64_t cseq,
        uint64_t *useq) MUST_USE;

// Ascending by cseq, first to last; the row's text is lent for the call. Stops at visit's first
// error and returns it.
enum err store_each_message(struct store *store, uint64_t conversation, uint64_t first,
        uint64_t last, enum err (*visit)(void *context, const struct message *row),
        void *context) MUST_USE;

// The peers of a user's conversations with after < changed_useq < before, newest first.
enum err store_each_changed(struct store *store, uint64_t owner, uint64_t after, uint64_t before,
        uint64_t limit, enum err (*visit)(void *context, struct bytes peer, uint64_t changed_useq),
        void *context) MUST_USE;

// The peers of a user's conversations by rising name, after `after`.
enum err store_each_peer(struct store *store, uint64_t owner, struct bytes after, uint64_t limit,
        enum err (*visit)(void *context, struct bytes peer), void *context) MUST_USE;

// The mark of exactly this counter (late ones), or the highest at or below it (sparse ones).
enum err store_find_mark(struct store *store, uint64_t conversation, uint32_t sender, bool is_late,
        uint64_t counter, struct mark *mark) MUST_USE;

// Names of all users, ascending, after `after`.
enum err store_each_user(struct store *store, struct bytes after, uint64_t limit,
        enum err (
                *visit)(void *context, struct bytes name, enum user_state state, uint64_t created),
        void *context) MUST_USE;

// A conversation of which the file still has the first entry that its copy keeps.
struct expiry_row {
    uint64_t conversation;
    struct bytes user, peer; // lent for the call
    enum user_state state;
    uint64_t retention;
    uint64_t first_ts; // of that entry
};

// By rising id, after `after`. Stops at visit's first error and returns it. visit may use the
// store.
enum err store_each_expiry(struct store *store, uint64_t after,
        enum err (*visit)(void *context, const struct expiry_row *row), void *context) MUST_USE;

// Deletes up to so many rows that are below their conversation's floor, or, when there are none,
// gives up to `pages` free pages back to the file system. In one transaction of its own. *is_done:
// there is nothing left of either.
enum err store_clean(struct store *store, uint64_t rows, uint64_t pages, uint64_t *deleted,
        bool *is_done) MUST_USE;

// Whether store_clean() would find rows to delete.
enum err store_has_garbage(struct store *store, bool *has_garbage) MUST_USE;

// The users with most entries in their copies, the first with most.
enum err store_each_largest(struct store *store, uint64_t limit,
        enum err (
                *visit)(void *context, struct bytes name, uint64_t entries, uint64_t stored_bytes),
        void *context) MUST_USE;

struct store_count {
    uint64_t users, conversations, messages, file_bytes;
};
// Counts messages by their conversations' heads: cheap, retention is not subtracted.
enum err store_count(struct store *store, struct store_count *count) MUST_USE;

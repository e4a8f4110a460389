// SPDX-License-Identifier: MIT
// What of a partition is in memory, and how it comes there: the inside of struct partition, for the
// files of this folder only.

#pragma once

#include "partition/conversation.h"
#include "partition/partition.h"
#include "partition/store.h"
#include "partition/user.h"

struct partition {
    const struct partition_settings *settings;
    struct store *store; // NULL while ABSENT and once QUARANTINED
    enum partition_state state;
    uint16_t id;
    unsigned place;           // of settings->places: where its file is, or will be
    bool is_directory_synced; // the file's name survives a power loss
    uint64_t applied_index;
    uint64_t disk_index;
    uint64_t dirty_index;
    uint64_t last_user_id;
    uint64_t last_conversation_id;
    struct map users;                // user.by_name
    struct map conversations;        // conversation.by_peer
    struct list recent_users;        // user.recent, least recently used first
    struct list recent;              // conversation.recent, the same
    struct list dirty_users;         // user.dirty
    struct list dirty_conversations; // conversation.dirty
    uint64_t memory_bytes;
    char reason[800];
};

// In memory, or loaded. ERR_NOT_FOUND when there is no such user or conversation; other errors have
// quarantined the partition.
enum err residence_user(struct partition *partition, struct bytes name,
        struct user **user) MUST_USE;
enum err residence_conversation(struct partition *partition, struct user *owner, struct bytes peer,
        struct conversation **conversation) MUST_USE;

// If it is in memory; NULL otherwise.
struct user *residence_find_user(const struct partition *partition, struct bytes name);

// A new one, dirty, with the next id.
enum err residence_add_user(struct partition *partition, struct bytes name,
        struct user **user) MUST_USE;
enum err residence_add_conversation(struct partition *partition, struct user *owner,
        struct bytes peer, struct conversation **conversation) MUST_USE;

void residence_mark_user(struct partition *partition, struct user *user);
void residence_mark_conversation(struct partition *partition, struct conversation *conversation);

// Adds what the conversation's rows cost now to the partition's sum. bytes_before is
// conversation->bytes from before the change.
void residence_count_bytes(struct partition *partition, const struct conversation *conversation,
        uint64_t bytes_before);

// Frees everything in memory.
void residence_clear(struct partition *partition);

// Refuses everything from now on, with this reason.
void partition_quarantine(struct partition *partition, const char *what, enum err err);

// Visits the rows first..last, ascending, from file, patches and tail merged. Stops at visit's
// first error and returns it; a disk error quarantines.
enum err rows_visit(struct partition *partition, struct conversation *conversation, uint64_t first,
        uint64_t last, enum err (*visit)(void *context, const struct message *row),
        void *context) MUST_USE;

// The row for changing: brought into memory if it is not. ERR_NOT_FOUND when it does not exist.
enum err rows_take(struct partition *partition, struct conversation *conversation, uint64_t cseq,
        struct message **row) MUST_USE;

// Brings the last RECENT_MESSAGES rows into the tail.
enum err rows_warm(struct partition *partition, struct conversation *conversation) MUST_USE;

// SPDX-License-Identifier: MIT
// Questions to a partition. Every answer merges memory and file, so a read that was posted after an
// acknowledgement sees what was acknowledged. Answers own their strings (in an arena) and can
// travel to another thread.
//
// Thread: the partition's, to fill; any one, to read and finish.
// Errors: ERR_NOT_FOUND when the user does not exist; ERR_UNAVAILABLE when the partition is, or by
//         this read becomes, quarantined; ERR_MEMORY.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "partition/partition.h"
#include "partition/user.h"
#include "shared/arena.h"
#include "shared/view.h"

// A page of one conversation, ascending. With neither bound: the newest. A peer without
// conversation gives an empty page.
struct history_query {
    struct bytes user, peer;
    uint64_t before; // 0: none
    uint64_t after;  // used when has_after
    bool has_after;
    uint32_t limit;
};

struct history_page {
    struct arena arena;
    struct message_view *messages;
    uint32_t count;
    bool has_more; // in the direction that was asked
    uint64_t head_seq;
    uint64_t digest; // at head_seq
};

enum err read_history(struct partition *partition, const struct history_query *query,
        struct history_page *page) MUST_USE;

// Texts that contain something, newest first; one slice of rows a call.
struct search_query {
    struct bytes user;
    struct bytes peer; // empty: in all conversations
    struct bytes text;
    uint64_t before; // useq: only older ones; UINT64_MAX: from the newest
    uint32_t limit;
};

struct search_page {
    struct arena arena;
    struct message_view *messages;
    uint32_t count;
    uint64_t before;  // where the next slice goes on
    bool is_complete; // there is no next one
};

enum err read_search(struct partition *partition, const struct search_query *query,
        struct search_page *page) MUST_USE;

// Events of a mailbox behind a cursor, in mailbox order.
struct events_query {
    struct bytes user;
    uint64_t after_useq;
    uint32_t count_max;
    uint32_t bytes_max; // of texts; the first event always fits
};

struct events_page {
    struct arena arena;
    struct event_view *events;
    uint32_t count;
    uint64_t upto;    // the cursor behind this page
    bool is_complete; // nothing was left out: upto is the mailbox's head
};

enum err read_events(struct partition *partition, const struct events_query *query,
        struct events_page *page) MUST_USE;

// Conversations with after < changed_useq < before, newest first.
struct heads_query {
    struct bytes user;
    uint64_t after;
    uint64_t before; // UINT64_MAX: no bound
    uint32_t limit;
};

struct heads_page {
    struct arena arena;
    struct head_view *heads;
    uint32_t count;
    bool has_more;
    uint64_t head_useq; // of the mailbox, at this moment
};

enum err read_heads(struct partition *partition, const struct heads_query *query,
        struct heads_page *page) MUST_USE;

// How many conversations changed behind a cursor, counted up to CATCH_UP_CONVERSATIONS_MAX + 1, and
// the mailbox's head: what "subscribe" decides by.
enum err read_backlog(struct partition *partition, struct bytes user, uint64_t after_useq,
        uint64_t *changed_count, uint64_t *head_useq) MUST_USE;

// What the user's own conversations say about others: what presence and typing are decided by.
struct acquaintance {
    struct name name;
    bool has_written; // to the user
    bool is_blocked;  // by either of the two
};

enum err read_known(struct partition *partition, struct bytes user, struct acquaintance *peers,
        uint32_t count) MUST_USE;

// The peers that the user blocks.
struct names_page {
    struct arena arena;
    struct bytes *names;
    uint32_t count;
};

enum err read_blocked(struct partition *partition, struct bytes user,
        struct names_page *page) MUST_USE;

// What an edit or a delete is checked against before it is proposed.
struct target_view {
    bool is_own;
    bool is_text;
    bool is_deleted;
    uint32_t edit_count; // counted up to EDITS_PER_MESSAGE_MAX
};

enum err read_target(struct partition *partition, struct bytes user, struct bytes peer,
        uint64_t seq, struct target_view *target) MUST_USE;

// A copy of the account and its devices.
struct account_page {
    struct arena arena;
    struct name name;
    enum user_state state;
    bool is_admin;
    uint64_t created;
    uint64_t stored_bytes; // see user.h
    uint64_t retention;    // see user.h
    uint64_t head_useq;
    struct bytes secret;
    struct device *devices;
    uint32_t device_count;
};

enum err read_account(struct partition *partition, struct bytes user,
        struct account_page *page) MUST_USE;

// Users of this partition by name, after `after`: for administration.
struct user_line {
    struct bytes name;
    enum user_state state;
    uint64_t created;
};

struct users_page {
    struct arena arena;
    struct user_line *users;
    uint32_t count;
};

enum err read_users(struct partition *partition, struct users_page *page) MUST_USE;

// Retention: the next entries of somebody's copy that are older than they are to be kept.
struct expiry_query {
    uint64_t now_ms;             // wall clock
    uint64_t retention_s;        // for users without one of their own; 0: for ever
    uint64_t after_conversation; // where the last look ended; 0: from the beginning
};

struct expiry {
    struct name user, peer;
    uint64_t floor_cseq;        // the entry that becomes the first; 0: none found in this slice
    uint64_t conversation;      // of the entry; 0: it is in memory only
    uint64_t next_conversation; // for the next look
    uint64_t count;             // how many entries go
    uint64_t shortest_s;        // of the finite retentions that were seen; 0: none
    bool has_garbage;           // at the end: rows of before are still in the file
    bool is_end;
};

enum err read_expired(struct partition *partition, const struct expiry_query *query,
        struct expiry *found) MUST_USE;

// Who takes most of the file, by entries of own copies; as on disk.
#define LARGEST_USERS_MAX 10

struct largest_users {
    struct {
        struct name name;
        uint64_t entries;      // in its copies of conversations
        uint64_t stored_bytes; // of its own ones, see user.h
    } users[LARGEST_USERS_MAX];
    uint32_t count;
};

enum err read_largest_users(struct partition *partition, struct largest_users *largest) MUST_USE;

// Counts for "partition show".
struct partition_count {
    uint64_t users, conversations, messages; // in the file
    uint64_t file_bytes;
    uint64_t memory_bytes;
    uint64_t applied_index; // of the log
    uint64_t disk_index;    // what the file has of it
    unsigned place;         // of the data directories
    bool is_absent;         // no file yet
};

enum err read_count(struct partition *partition, struct partition_count *count) MUST_USE;

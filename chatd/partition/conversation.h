// SPDX-License-Identifier: MIT
// One user's copy of one conversation, in memory: its row, its senders, and the entries that the
// file does not have yet or that are likely to be asked for.
//
//   file    1 ............ tail_first - 1 | tail_first ............ head_cseq   tail (memory)
//           (patches replace rows here)   | up to clean_cseq also in the file
//
// Owner:  its partition, by user and peer; evicted when clean and least recently used.
// Thread: the partition's.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "partition/message.h"
#include "shared/list.h"
#include "shared/map.h"
#include "shared/name.h"

struct user;

// A device that wrote into this conversation, of either user. Both copies number them alike.
struct sender {
    uint64_t device;
    uint64_t counter;      // the highest applied
    uint64_t mark_counter; // the last sparse mark: see marks.h
    uint64_t mark_cseq;
    uint32_t marked_count; // messages since that mark
    bool is_owner;         // the copy's owner wrote, else the peer
    bool is_dirty;
};

// A line of the mark table that the file does not have yet.
struct mark {
    uint32_t sender;
    bool is_late;
    uint64_t counter;
    uint64_t cseq;
};

struct conversation {
    struct map_node by_peer;
    struct list of_user; // user.conversations
    struct list recent;  // partition.recent, least recently used first
    struct list dirty;   // partition.dirty_conversations
    struct user *owner;
    struct name peer;
    uint64_t id;
    uint64_t head_cseq;
    uint64_t last_ts;
    uint64_t digest;
    uint64_t floor_cseq; // the first entry that retention has kept
    uint64_t floor_digest;
    uint64_t horizon_cseq; // below it nothing is looked for to know a send again; both copies agree
    uint64_t last_owner_cseq; // the newest entry that the owner wrote; 0: none
    uint64_t last_peer_cseq;
    uint64_t delivered_cseq; // the peer's entries that the owner's devices acknowledged
    uint64_t read_cseq;      // ... that the owner has read
    uint64_t peer_delivered_cseq;
    uint64_t peer_read_cseq;
    uint64_t read_useq; // when read_cseq last changed, on the owner's own clock of events
    uint64_t peer_delivered_useq;
    uint64_t peer_read_useq;
    uint64_t state_useq;          // blocked or unblocked
    uint64_t changed_useq;        // the highest of all of them and of the messages
    uint64_t stored_changed_useq; // what the file has
    bool is_blocked_by_owner;
    bool is_blocked_by_peer;

    struct sender *senders;
    uint32_t sender_count;
    uint32_t sender_capacity;

    struct message **tail; // tail_count rows from tail_first on
    uint64_t tail_first;
    uint32_t tail_count;
    uint32_t tail_capacity;
    uint64_t clean_cseq; // rows up to here have been flushed (they may be dirty again)

    struct message **patches; // changed rows below tail_first, by rising cseq
    uint32_t patch_count;
    uint32_t patch_capacity;

    struct mark *marks;
    uint32_t mark_count;
    uint32_t mark_capacity;

    uint64_t bytes; // of rows held in memory
};

struct conversation *conversation_create(void) MUST_USE;
void conversation_destroy(struct conversation *conversation);

// Takes the row; false (the row is destroyed) when memory is exhausted. cseq must be head + 1, or
// the row before the tail's first one.
bool conversation_append(struct conversation *conversation, struct message *row) MUST_USE;
bool conversation_prepend(struct conversation *conversation, struct message *row) MUST_USE;

// The row in memory, or NULL: then the file has it, if anybody has.
struct message *conversation_row(const struct conversation *conversation, uint64_t cseq);

// Replaces a row's text (NULL data empties it) and keeps the hash of the first one. The row must be
// in memory; returns the row that stands there now, NULL when memory is exhausted.
struct message *conversation_rewrite(struct conversation *conversation, struct message *row,
        struct bytes text) MUST_USE;

// Takes a row that the file has, so that it can be changed in memory.
bool conversation_patch(struct conversation *conversation, struct message *row) MUST_USE;

// Rows below this one are gone, in memory too.
void conversation_forget_below(struct conversation *conversation, uint64_t cseq);

// After a flush: forgets patches and marks, and all of the tail but the last `keep` rows.
void conversation_settle(struct conversation *conversation, uint32_t keep);

// The number of this sender, or UINT32_MAX.
uint32_t conversation_find_sender(const struct conversation *conversation, uint64_t device,
        bool is_owner);
// Finds or adds. UINT32_MAX when memory is exhausted.
uint32_t conversation_take_sender(struct conversation *conversation, uint64_t device,
        bool is_owner) MUST_USE;

bool conversation_add_mark(struct conversation *conversation, struct mark mark) MUST_USE;

// SPDX-License-Identifier: MIT
// What the world knows for certain of what the node has promised, and everything that was seen of
// it: each observation is held against all the earlier ones. Invariants I1-I9, I14 and I15 of
// ARCHITECTURE.md.
//
// Owner: the world; one at a time. Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/history_digest.h"
#include "shared/json.h"

#define USERS_MAX 4
#define DEVICES_MAX 24
#define SENDINGS_MAX 3000
#define ENTRIES_MAX 1200
#define EVENTS_MAX 8000 // of one mailbox
#define NO_SENDING (-1)
#define TEXT_ROOM 400

enum sending_state {
    SENDING_WAITS,   // to be sent (again)
    SENDING_IS_OPEN, // sent, no answer yet
    SENDING_STORED,
    SENDING_REFUSED // for good: nobody may ever see it
};

// A message, edit or delete that a device wants stored, under one counter, however often it asks.
struct sending {
    enum sending_state state;
    enum message_kind kind;
    int device;
    int user, peer;
    uint64_t counter;
    uint64_t target;
    uint64_t floor; // acknowledged in this conversation before it was first sent
    bool was_sent;
    bool may_be_stored; // an earlier try had no answer
    uint64_t seq;       // 0: not known
    uint64_t useq;      // of the sender's mailbox, by an answer
    char ts[28];
};

void model_reset(unsigned user_count);
bool model_has_failed(void);
const char *model_failure(void);
void model_fail(const char *invariant, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

const char *model_user_name(int user);
int model_user_of(struct bytes name); // -1: nobody

// NO_SENDING when there are too many.
int model_add_sending(enum message_kind kind, int device, int user, int peer, uint64_t counter,
        uint64_t target);
struct sending *model_sending(int number);
int model_sending_count(void);
// The text of a sending, unique.
const char *model_text(int number);

void model_on_sent(int number);
void model_on_stored(int number, uint64_t seq, struct bytes ts, uint64_t useq, bool is_duplicate);
void model_on_refused(int number, const char *kind);

// A message object of the mailbox or history of this user; useq 0: it came without a cursor.
// Returns its seq, *peer and whether it is of this user (0: it was no message).
struct seen_message {
    int peer, from;
    uint64_t seq;
    int sending;
};
bool model_see_message(int user, const struct json *message, uint64_t useq,
        struct seen_message *seen);
// A head or a page of history: what was known before it was asked for must be in it.
uint64_t model_seen_upto(int user, int peer);
void model_see_head(int user, int peer, uint64_t head, uint64_t floor, struct bytes digest);

// Deliveries: a device of the user acknowledges what it was shown of the peer up to seq.
void model_on_ack(int user, int peer, uint64_t seq);
void model_on_read(int user, int peer, uint64_t seq);
// `viewer` is told that `by` has it.
void model_see_receipt(int viewer, int by, uint64_t delivered, uint64_t read);

// One user's own text in this conversation, for an edit or delete; 0: there is none.
uint64_t model_pick_own(int user, int peer, uint64_t at);

// The whole history of one user with a peer, from the first entry on, after all is quiet.
void model_begin_final(int user, int peer);
void model_see_final(int user, int peer, const struct json *message);
void model_end_final(int user, int peer, uint64_t head, struct bytes digest);
// Every acknowledged message has been seen there.
void model_check_stored(void);
// Who wrote the entry, and with which device: NO_SENDING when it can't be known.
uint64_t model_head(int user, int peer);
int model_entry_sending(int user, int peer, uint64_t seq);

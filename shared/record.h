// SPDX-License-Identifier: MIT
// A record: one change of durable state, as it stands in the log. What a (type, version) pair means
// at apply never changes; a new meaning gets a new version (architecture section 2).
//
// Encoding: version, type, then the type's fields in the order of the field table below; integers
// as LEB128, byte strings as length and bytes.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"

#define RECORD_VERSION 1

// The numbers are in the log for ever.
enum record_type {
    RECORD_USER_CREATE = 1,   // user, secret, flags, ts; one-sided
    RECORD_USER_STATE = 2,    // user, flags (enum user_state), ts
    RECORD_PASSWORD_SET = 3,  // user, secret, device that stays (others are revoked), ts
    RECORD_DEVICE_CREATE = 4, // user, device, label, hash of the token, flags, ts
    RECORD_DEVICE_REVOKE = 5, // user, device, ts
    RECORD_ACK = 6,           // user, device, useq: the device's resume point
    RECORD_SEEN = 7,          // user, device, ts
    RECORD_SEND = 8,          // user, peer, device, counter, after, ts, text
    RECORD_EDIT = 9,          // user, peer, device, counter, cseq of the target, ts, text
    RECORD_DELETE = 10,       // user, peer, device, counter, cseq of the target, ts
    RECORD_DELIVERED = 11,  // user (who acknowledges), peer (who wrote), device, cseq, useq; after:
                            // the peer's entry before those shown; if that one was not delivered
                            // the record changes no watermark
    RECORD_READ = 12,       // user (who has read), peer (who wrote), cseq
    RECORD_BLOCK = 13,      // user blocks peer (flags 1) or no longer (0)
    RECORD_USER_CLAIM = 14, // user (invited), hash of the invite's code, secret, ts
    RECORD_AGAIN =
            15, // a send (cseq 0) or an edit that its user has no room for: user, peer, device,
                // counter, cseq, ts, text. Only answered, as before, if it was applied before
    RECORD_IMPORT = 16,    // a part of an exported conversation of user and peer: cseq of its first
                           // entry, flags, text: entries (import_entry.h), hash: the digests before
                           // and behind them. Only onto the same digest: an empty conversation, or
                           // the part before
    RECORD_EXPIRE = 17,    // user's copy of the conversation with peer begins at cseq
    RECORD_RETENTION = 18, // user, flags: RETENTION_..., or 1 + seconds
    RECORD_TYPE_COUNT
};

enum record_field {
    FIELD_USER = 1 << 0,
    FIELD_PEER = 1 << 1,
    FIELD_DEVICE = 1 << 2,
    FIELD_COUNTER = 1 << 3,
    FIELD_AFTER = 1 << 4, // counter + 1 of the send before, 0 when the sender does not care
    FIELD_CSEQ = 1 << 5,
    FIELD_USEQ = 1 << 6,
    FIELD_TS = 1 << 7,
    FIELD_FLAGS = 1 << 8,
    FIELD_TEXT = 1 << 9,
    FIELD_LABEL = 1 << 10,
    FIELD_HASH = 1 << 11,
    FIELD_SECRET = 1 << 12,
};

#define DEVICE_IS_CONSUMER 1U // RECORD_DEVICE_CREATE.flags: its acks are not "delivered"
#define USER_IS_ADMIN 1U      // RECORD_USER_CREATE.flags

#define IMPORT_IS_COMPLETE 1U // RECORD_IMPORT.flags: this is the last part

#define USER_IS_INVITED 2U // ... its secret is the hash of an invite's code, not a password

#define RETENTION_DEFAULT 0U // what the server is configured for
#define RETENTION_FOREVER 1U // 1 + 0 seconds

enum user_state { USER_ACTIVE = 0, USER_DISABLED = 1, USER_DELETED = 2, USER_INVITED = 3 };

// All strings are lent.
struct record {
    enum record_type type;
    struct bytes user;
    struct bytes peer;
    uint64_t device;
    uint64_t counter; // 0: the send can't be repeated
    uint64_t after;
    uint64_t cseq;
    uint64_t useq;
    uint64_t ts; // milliseconds since 1970, UTC
    uint64_t flags;
    struct bytes text;
    struct bytes label;
    struct bytes hash;
    struct bytes secret;
};

// Two-sided records are applied by the user's and by the peer's partition.
bool record_is_two_sided(enum record_type type);

const char *record_type_name(enum record_type type);

// Appends to out. The record must have a valid type.
void record_encode(const struct record *record, struct buffer *out);

// The record lends from data. ERR_DAMAGED when it is cut short, has bytes left over, or is of a
// type or version that this program does not know.
enum err record_decode(struct bytes data, struct record *record) MUST_USE;

// SPDX-License-Identifier: MIT
// What a reader sees, as plain values with lent strings: the typed form of the wire's objects
// (protocol.md "Methods"). Partitions fill them, the protocol layer writes them as JSON.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"

// The numbers are in the files for ever.
enum message_kind { MESSAGE_TEXT = 0, MESSAGE_EDIT = 1, MESSAGE_DELETE = 2 };

struct message_view {
    struct bytes peer;
    struct bytes from;
    struct bytes text;
    uint64_t seq;
    uint64_t useq;
    uint64_t previous; // of an event: the author's entry before this one; 0: none
    uint64_t target;   // edits and deletes: the seq they change
    uint64_t counter;  // 0: none; of the viewer's own messages only
    uint64_t device;   // of the viewer's own messages only, else 0
    uint64_t ts;
    enum message_kind kind;
    bool is_edited;
    bool is_deleted;
};

struct head_view {
    struct bytes peer;
    uint64_t seq;
    uint64_t read_seq;
    uint64_t peer_delivered_seq;
    uint64_t peer_read_seq;
    uint64_t unread;
    uint64_t digest;
    uint64_t changed_useq;
    bool is_blocked; // by the viewer
    bool has_last;
    struct message_view last;
};

struct receipt_view {
    struct bytes peer;
    struct bytes by;
    uint64_t delivered_seq; // 0: not part of this receipt
    uint64_t read_seq;
};

enum event_kind { EVENT_MESSAGE, EVENT_RECEIPT, EVENT_CONVERSATION };

// One durable event of a mailbox.
struct event_view {
    enum event_kind kind;
    uint64_t useq;
    union {
        struct message_view message;
        struct receipt_view receipt;
        struct head_view head;
    };
};

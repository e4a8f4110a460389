// SPDX-License-Identifier: MIT
// Where a subscription begins: the cursor, the heads changed since, and whether the client's cache
// is any good. Decided by the mailbox's partition, in one go.
//
// Thread: the loop thread.

#pragma once

#include "service/service.h"
#include "session/feed.h"

// FROM_SEEN: the client has acknowledged everything up to useq, in whatever session; the feed
// begins where the device's acknowledgements end, if that is earlier and not too far back.
enum subscription_kind { FROM_NOW, FROM_UNREAD, FROM_CURSOR, FROM_SEEN };

struct subscription_from {
    enum subscription_kind kind;
    uint64_t useq;            // FROM_CURSOR, FROM_SEEN
    uint64_t seen;            // shown, but perhaps not acknowledged, up to here; 0: not said
    bool is_other_generation; // the cursor is of before a restore: "reset"
};

// "now", "unread" or a cursor; false when it is none of them.
bool subscription_parse(struct bytes text, uint64_t generation, struct subscription_from *from);

struct subscription {
    bool is_reset;
    uint64_t after; // events flow from here
    uint64_t head;  // of the mailbox
    struct heads_page heads;
};

// Starts the feed. done is called later, exactly once, before the first event is pushed; the
// subscription is lent for the call. After an error here done is not called and the feed is off.
enum err subscription_begin(struct feed *feed, const struct subscription_from *from, unsigned kinds,
        void (*done)(void *context, enum err err, const struct subscription *subscription),
        void *context) MUST_USE;

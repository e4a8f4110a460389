// SPDX-License-Identifier: MIT
// The one subscription of a device, over whatever connection there is: it goes on behind what was
// passed on last, and what was passed on stays unacknowledged until the program says so.
//
//   OFF -> ASKED -> ON          over a WebSocket
//   OFF -> ASKED -> PROBING -> ON    over long poll: heads first, then the first events
//
// Owner: the client, which embeds it. Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/client/call.h"
#include "shared/client/client.h"
#include "shared/client/link.h"
#include "shared/limits.h"

enum subscription_state {
    SUBSCRIPTION_OFF,
    SUBSCRIPTION_ASKED,
    SUBSCRIPTION_PROBING,
    SUBSCRIPTION_ON,
};

struct subscription {
    struct link *link;
    struct calls *calls;
    const struct client_ops *ops;
    void *context; // of ops
    enum subscription_state state;
    bool is_fresh;          // its asker has no answer yet
    bool is_reset;          // what the asker named is lost: from now on
    bool is_outstanding;    // something was passed on behind the last acknowledgement
    unsigned skipped_count; // since the last acknowledgement
    uint64_t own_from;      // counters of own messages that are known by their answers; 0: none
    char from[CURSOR_BYTES_MAX + 1];
    char base[CURSOR_BYTES_MAX + 1]; // acknowledged, or where it began
    char seen[CURSOR_BYTES_MAX + 1]; // passed on, or passed over
    char passed_on[CURSOR_BYTES_MAX + 1];
    char owed[CURSOR_BYTES_MAX + 1];  // to be acknowledged, nobody waits; or ""
    char owing[CURSOR_BYTES_MAX + 1]; // being acknowledged, nobody waits; or ""
    struct buffer events;             // as asked for
    struct buffer answer;             // for the asker, while probing
    struct call *call;                // under way
    int64_t again_at_ms;              // INT64_MAX: nothing to repeat
    client_answered *done;
    void *done_context;
};

void subscription_init(struct subscription *subscription);
void subscription_finish(struct subscription *subscription);
bool subscription_begin(struct subscription *subscription, struct bytes from, struct bytes events,
        client_answered *done, void *context) MUST_USE;
// A notification; passes it on where it is wanted.
void subscription_take(struct subscription *subscription, struct bytes method, struct bytes text,
        const struct json *root);
bool subscription_acknowledge(struct subscription *subscription, struct bytes cursor,
        client_answered *done, void *context) MUST_USE;

// What the link says.
void subscription_up(struct subscription *subscription);
void subscription_down(struct subscription *subscription);
void subscription_events_end(struct subscription *subscription, struct bytes cursor, bool is_reset);
void subscription_events_off(struct subscription *subscription, struct bytes kind);
// Another connection of this device has taken the events over.
void subscription_replaced(struct subscription *subscription);
// The server knows of it on this connection, or there is none.
bool subscription_is_settled(const struct subscription *subscription);
void subscription_step(struct subscription *subscription, int64_t now_ms);

// SPDX-License-Identifier: MIT
// A subscription: the durable events of a mailbox, in order, once each, from a cursor on.
//
//     OFF --subscribe--> STARTING --heads read--> LIVE <--> PULLING
//                                                   |           |
//                                                   +-> WAITING <+   (full; acknowledged: PULLING)
//     any --replaced, closed--> OFF
//
// LIVE:    everything up to `pushed` was handed out and nothing newer exists; a live event must be
//          pushed + 1, else the feed pulls. That comparison is the whole race of backlog and live.
// PULLING: a page is being read; live events are ignored, because a page has them
//          (batches and reads reach the partition through one queue).
// WAITING: the window is full; the rest stays on disk.
//
// Owner: the session. Thread: the loop thread.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "service/service.h"
#include "session/window.h"
#include "shared/check.h"
#include "shared/err.h"

struct session;

enum feed_state {
    FEED_OFF,
    FEED_STARTING,
    FEED_LIVE,
    FEED_PULLING,
    FEED_WAITING,
    FEED_STATE_COUNT
};

struct feed {
    struct subscriber subscriber;
    struct session *session;
    enum feed_state state;
    unsigned kinds;      // bit per enum event_kind that the client wants
    uint64_t pushed;     // everything up to here was handed out or passed over
    uint64_t acked;      // everything up to here was acknowledged
    uint64_t acked_told; // ... and is on its way into the log
    struct window window;
    uint64_t *answered; // events of this session's own sends, not yet passed over; rising
    uint32_t answered_count;
    uint32_t answered_capacity;
    struct pull *pull; // the page under way
    bool is_lazy;      // in the list of those that owe an acknowledgement record
    struct list lazy;  // session_set.lazy
};

void feed_init(struct feed *feed, struct session *session);
// Leaves the hub and forgets everything. What was acknowledged is proposed.
void feed_stop(struct feed *feed);

// Listens from now on, but pushes nothing until feed_run().
void feed_start(struct feed *feed, unsigned kinds);
// The cursor is known: everything above it flows.
void feed_run(struct feed *feed, uint64_t from, uint64_t head);

// ERR_INVALID: beyond what was pushed. The waiter, if there is one, is told when the new cursor is
// durable; after an error it is not.
enum err feed_acknowledge(struct feed *feed, uint64_t useq, struct receipt_waiter *waiter) MUST_USE;

// This session's own send has become this event of its mailbox: it is shown by its answer.
void feed_note_answered(struct feed *feed, uint64_t useq);

// Writes an owed acknowledgement; at most once a second.
void feed_settle(struct feed *feed);

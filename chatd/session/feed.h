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
// Owner: a session or a poll, which embeds it and gets its events through feed_ops. Thread: the
// loop thread.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "service/service.h"
#include "session/session_set.h"
#include "session/window.h"
#include "shared/check.h"
#include "shared/err.h"
#include "shared/frame.h"

struct feed;
struct start;

// What the owner does. None of them may finish the feed within the call.
struct feed_ops {
    // One event; takes the frame.
    void (*push)(struct feed *feed, struct frame *frame, uint64_t useq);
    // A passing notification (presence, typing); takes the frame, may drop it.
    void (*notify)(struct feed *feed, struct frame *frame);
    // It can't go on: the client must subscribe again.
    void (*fail)(struct feed *feed, const char *reason);
    // A newer subscription of the same device has taken over; the feed is off.
    void (*replaced)(struct feed *feed);
    // The device was revoked.
    void (*revoked)(struct feed *feed);
};

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
    struct member member; // makes its user present, and watches others
    int64_t seen_ms;      // when "last seen" was written
    const struct feed_ops *ops;
    struct session_set *set;
    struct identity identity; // whose mailbox, and which device is shown it
    enum feed_state state;
    unsigned kinds;      // bit per enum event_kind that the client wants
    uint64_t pushed;     // everything up to here was handed out or passed over
    uint64_t acked;      // everything up to here was acknowledged
    uint64_t acked_told; // ... and is on its way into the log
    uint64_t claimed;    // the client was shown everything up to here, on an earlier connection
    uint64_t early;      // acknowledged of that, although it was not handed out again yet; or 0
    struct list early_waiters; // struct receipt_waiter.of_receipt
    struct window window;
    uint64_t *answered; // events of the device's own sends, not yet passed over; rising
    uint32_t answered_count;
    uint32_t answered_capacity;
    struct pull *pull;   // the page under way
    struct start *start; // the beginning under way (subscription.c)
    bool is_lazy;        // in the list of those that owe an acknowledgement record
    struct list lazy;    // session_set.lazy
};

void feed_init(struct feed *feed, const struct feed_ops *ops, struct session_set *set);
// Stops, and leaves the mailbox.
void feed_finish(struct feed *feed);

// Takes the frame.
void feed_notify(struct feed *feed, struct frame *frame);

// The client has shown life: "last seen" is written now and then.
void feed_note_seen(struct feed *feed, int64_t now_ms);

// Joins the mailbox: from now on its user is present, it hears of revocation, and may subscribe.
enum err feed_join(struct feed *feed, const struct identity *identity) MUST_USE;

// Off: pushes nothing more. What was acknowledged is on its way into the log.
void feed_stop(struct feed *feed);

// Listens from now on, but pushes nothing until feed_run(). Another feed of the same device is
// replaced.
void feed_start(struct feed *feed, unsigned kinds);
// The cursor is known: everything above it flows. Nobody can have been shown what is behind head.
void feed_run(struct feed *feed, uint64_t from, uint64_t head);

// The feed does not wait for this beginning any more (subscription.c).
void subscription_forget(struct start *start);

// ERR_INVALID: beyond what was pushed, here or (claimed) on an earlier connection. The waiter, if
// there is one, is told when the new cursor is durable; after an error it is not.
enum err feed_acknowledge(struct feed *feed, uint64_t useq, struct receipt_waiter *waiter) MUST_USE;

// Writes an owed acknowledgement; at most once a second.
void feed_settle(struct feed *feed);

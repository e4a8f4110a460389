// SPDX-License-Identifier: MIT
// Long poll: GET /events?cursor=C&wait=25. A poll session is a feed whose events wait for the next
// question instead of going out by themselves; it lives POLL_IDLE_MS after the last one.
//
// Owner:  the poll set. Thread: the loop thread.
// Rule:   asking with cursor C acknowledges everything up to C, with from=C it does not; what is
// behind is kept until it is
//         acknowledged, and shown as often as the client says that it has not seen it. One device
//         has one poll session, and of two questions at once the older one is answered, empty.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "service/service.h"
#include "session/session_set.h"
#include "shared/check.h"
#include "shared/frame.h"

struct feed;
struct poll;
struct poll_set;

struct poll_set *poll_set_create(struct session_set *sessions) MUST_USE;
// Every question must have been answered or be gone.
void poll_set_destroy(struct poll_set *set);

// Embedded in the HTTP exchange that waits. answer is called exactly once, never within
// poll_ask(), unless poll_gone() comes first; it gets a whole JSON body (taken; NULL: no memory) or
// an error.
struct poll_question {
    struct poll *poll;
    void (*answer)(struct poll_question *question, enum err err, struct frame *body);
};

// Cursors, as the client wrote them.
struct poll_place {
    struct bytes from; // events behind it are not acknowledged
    bool acknowledges; // everything up to from
    struct bytes seen; // only what is behind this is shown; not before from
};

// ERR_PARAMS: not cursors, or in the wrong order.
enum err poll_ask(struct poll_set *set, const struct identity *identity,
        const struct poll_place *place, unsigned wait_s, struct poll_question *question) MUST_USE;
// As feed_acknowledge(), between two questions or while one waits. ERR_INVALID also: this device
// has no poll session.
enum err poll_acknowledge(struct poll_set *set, const struct identity *identity, uint64_t useq,
        struct receipt_waiter *waiter) MUST_USE;
// The feed of this device's poll session, or NULL.
struct feed *poll_feed(struct poll_set *set, const struct identity *identity);

// The client has left.
void poll_gone(struct poll_question *question);

// Answers those who have something since this turn.
void poll_set_turn_end(struct poll_set *set);
// Once a second: answers those whose time is up, ends sessions that nobody asks any more. False
// when there is none.
bool poll_set_tick(struct poll_set *set, int64_t now_ms);
// The server stops: answers everybody.
void poll_set_drain(struct poll_set *set);

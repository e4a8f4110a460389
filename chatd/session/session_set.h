// SPDX-License-Identifier: MIT
// All sessions of the server, and the deadlines they have in common.
//
// Owner: main. Thread: the loop thread.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/net.h"
#include "service/service.h"
#include "shared/check.h"
#include "shared/list.h"

struct poll_set;

struct session_set {
    struct service *service;
    struct list alive; // session.alive, longest silent first
    struct list held;  // session.held, those whose requests wait for room in the batch
    struct list lazy;  // feed.lazy, those that owe an acknowledgement record
    unsigned count;
    unsigned authenticated_count;
    unsigned subscribed_count;
    bool is_draining;
    uint64_t opened, requests, events_pushed;
    struct poll_set *polls;
    void (*on_timed)(void *context); // there is something to time: the tick is needed
    void *context;
    const char *version;
};

void session_set_init(struct session_set *set, struct service *service,
        void (*on_timed)(void *context), void *context);

// Something has begun that the next tick is to go on with.
void session_set_need_tick(const struct session_set *set);

// Once a second: pings the silent, closes the dead and the unauthenticated, writes owed
// acknowledgements. False when nothing is left to time.
bool session_set_tick(struct session_set *set, int64_t now_ms);

// After the batch has been sealed: those who waited for room go on.
void session_set_turn_end(struct session_set *set);

// Tells everybody that the server stops; new requests are refused.
void session_set_drain(struct session_set *set, uint64_t retry_after_ms);
// No call is open any more.
bool session_set_is_drained(const struct session_set *set);
void session_set_close_all(struct session_set *set);

// SPDX-License-Identifier: MIT
// Slows down password guessing: after some free failures a key (a name, or a source address) must
// wait, twice as long each time, up to a minute. Names that do not exist wait alike, and nobody is
// locked out for good. Tokens are not guessed (256 bits), and are not slowed down.
//
// A try counts as failed from its beginning, so that many at once are no way around it.
//
// Owner: the service. Thread: the loop thread. Bound: THROTTLED_KEYS_MAX keys, longest quiet out.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/check.h"

struct throttle;

struct throttle_rule {
    unsigned free_failures;
    // A success forgives all: right for a name, whose password is known then. Not for a source,
    // where whoever has an account would buy free guesses at others; there it only takes itself
    // back.
    bool success_forgives_all;
    int64_t forget_ms; // one failure is forgotten so often; 0: never
    // Until then a new key has one free failure: a restart is no way around it either.
    int64_t strict_until_ms;
};

struct throttle *throttle_create(const struct throttle_rule *rule) MUST_USE;
void throttle_destroy(struct throttle *throttle);

// Milliseconds until the next try is allowed; 0: now. An empty key never waits.
uint64_t throttle_wait_ms(const struct throttle *throttle, struct bytes key, int64_t now_ms);

// A try that throttle_wait_ms() allowed begins.
void throttle_tried(struct throttle *throttle, struct bytes key, int64_t now_ms);
void throttle_succeeded(struct throttle *throttle, struct bytes key);

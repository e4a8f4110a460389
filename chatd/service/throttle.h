// SPDX-License-Identifier: MIT
// Slows down password guessing: from the fifth failure on, a name must wait, twice as long each
// time up to a minute. Names that do not exist wait alike. Nobody is locked out for good, and one
// success forgives. Tokens are not guessed (256 bits), and are not slowed down.
//
// Owner: the service. Thread: the loop thread. Bound: THROTTLED_NAMES_MAX names, longest quiet out.

#pragma once

#include <stdint.h>

#include "shared/bytes.h"
#include "shared/check.h"

struct throttle;

struct throttle *throttle_create(void) MUST_USE;
void throttle_destroy(struct throttle *throttle);

// Milliseconds until the next try is allowed; 0: now.
uint64_t throttle_wait_ms(const struct throttle *throttle, struct bytes name, int64_t now_ms);

void throttle_failed(struct throttle *throttle, struct bytes name, int64_t now_ms);
void throttle_succeeded(struct throttle *throttle, struct bytes name);

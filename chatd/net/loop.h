// SPDX-License-Identifier: MIT
// The event loop of the process (libev), and what may interrupt its sleep.
//
// Owner:    main; outlives every other layer.
// Thread:   everything here runs on the loop thread, but loop_wake(), which any thread may call.
// Promise:  a loop with nothing to time and nothing to read does not wake up at all.

#pragma once

#include <stdint.h>

#include "shared/check.h"
#include "shared/err.h"

struct loop;

struct loop_handlers {
    void *context;
    // Some thread called loop_wake(); calls may be folded into one.
    void (*on_wake)(void *context);
    // Once at the end of every turn in which anything ran. Work gathered in the turn is done here.
    void (*on_turn_end)(void *context);
    // Once a second while loop_tick_enable(true) holds.
    void (*on_tick)(void *context);
    // SIGTERM, SIGINT or SIGHUP arrived.
    void (*on_signal)(void *context, int signal_number);
};

enum err loop_create(const struct loop_handlers *handlers, struct loop **loop) MUST_USE;
void loop_destroy(struct loop *loop);

// Returns after loop_stop().
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

// The only function that other threads may call.
void loop_wake(struct loop *loop);

// The one-second tick is off until asked for, so that an idle server sleeps.
void loop_tick_enable(struct loop *loop, int is_enabled);

// Milliseconds of a clock that never goes back, as of the start of this turn.
int64_t loop_now_ms(const struct loop *loop);

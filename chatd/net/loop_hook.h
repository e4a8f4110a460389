// SPDX-License-Identifier: MIT
// What the rest of net/ needs of the loop and nobody above net/ may see: the libev loop itself,
// and a place before and after the on_turn_end() of main.
//
// Owner: net_create() sets the hook, net_destroy() takes it away. One net per loop.

#pragma once

#include <ev.h>

#include "net/loop.h"

struct loop_hook {
    void *context;
    // Tells who is gone, so that what follows from it is still part of this turn's work.
    void (*before_turn_end)(void *context);
    // Writes what the turn produced.
    void (*after_turn_end)(void *context);
};

// Copies the hook. NULL takes it away.
void loop_hook_set(struct loop *loop, const struct loop_hook *hook);

struct ev_loop *loop_ev(const struct loop *loop);

// One more turn follows at once, without sleeping: for work that came up after on_turn_end().
void loop_once_more(struct loop *loop);

// SPDX-License-Identifier: MIT
// What the server forgets with a connection and the program does not: whose presence is watched,
// and what state this device shows.
//
// Owner: the client, which embeds it. Thread: one.
// Bounds: WATCHES_MAX names.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/client/call.h"
#include "shared/client/client.h"
#include "shared/limits.h"
#include "shared/name.h"

struct presence {
    struct calls *calls;
    const struct client_ops *ops;
    void *context;        // of ops
    struct name *watched; // WATCHES_MAX, or NULL
    uint32_t count;
    char state[16];    // of presence.set, or ""
    int64_t due_at_ms; // to tell the server again; INT64_MAX: it knows
};

void presence_init(struct presence *presence);
void presence_finish(struct presence *presence);
// A call of the program: remembers what it asks for. params: an object.
void presence_note(struct presence *presence, struct bytes method, const struct json *params);
// On a new connection; the wait is for what must be there first.
void presence_up(struct presence *presence, int64_t wait_ms);
void presence_step(struct presence *presence, int64_t now_ms);

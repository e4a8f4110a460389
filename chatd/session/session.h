// SPDX-License-Identifier: MIT
// One WebSocket: who is behind it, what it has asked, what it is shown.
//
// Owner:  net/ opens and closes it through session_set. Thread: the loop thread.
// Bounds: SESSION_CALLS_MAX open calls and SESSION_OUTPUT_BYTES_MAX of unread answers; above either
//         the connection is not read any more, so a slow client pushes back on itself only.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/net.h"
#include "session/call.h"
#include "session/feed.h"
#include "shared/frame.h"
#include "shared/list.h"

struct session_set;

struct session {
    struct caller caller;
    struct feed feed;
    uint64_t seen; // of the mailbox: events up to here are not shown again
    struct session_set *set;
    struct net_link *link;
    struct list alive; // session_set.alive, longest silent first
    struct list held;  // session_set.held, while it waits for room in the batch
    int64_t alive_ms;
    bool is_pinged;
    bool is_paused;
    bool is_closing;
    bool is_working;       // within work_off_input()
    struct frame **output; // a ring of frames to write
    uint32_t output_first;
    uint32_t output_count;
    uint32_t output_capacity;
    uint64_t output_bytes;
    struct frame **input; // messages that came while nothing could be begun
    uint32_t input_count;
    uint32_t input_capacity;
};

// The net's handlers; context is the session_set.
void *session_open(void *context, struct net_link *link);
void session_message(void *peer, const char *text, size_t bytes);
void session_alive(void *peer);
struct frame *session_next(void *peer);
void session_closed(void *peer);

// Authenticated: joins its user's mailbox and takes the larger frame limit.
enum err session_admit(struct session *session, const struct identity *identity) MUST_USE;

// Queues a notification; takes the frame.
void session_push(struct session *session, struct frame *frame);

// Something of the server's failed: closes with 1011 and says what.
void session_fail(struct session *session, const char *reason);

void session_close(struct session *session, uint16_t code, const char *reason);

// SPDX-License-Identifier: MIT
// One device's connection to the server, kept up: a WebSocket, or long poll where none can be had
// (and the WebSocket tried again, at last every minute), or nothing and a time for the next try.
//
//   OFFLINE -> TRYING_WS -> WS
//      ^          |  ^______________________ (every minute)
//      |          v                        |
//      +----- TRYING_POLL ------------> POLL        REFUSED: the token is not valid (for ever)
//
// Owner:  the client, which embeds it. Thread: one. Handlers are called from link_step() and
//         web_wait().
// Bounds: back-off 0.5 to 30 s with jitter (clients.md "connection"), the server's own word first.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/client/longpoll.h"
#include "shared/client/websocket.h"
#include "shared/limits.h"
#include "shared/name.h"

#define LINK_BACKOFF_MS_MIN 500
#define LINK_BACKOFF_MS_MAX 30000
#define LINK_STEADY_MS 10000      // up for so long: the next trouble is a new one
#define LINK_WS_AGAIN_MS_MIN 5000 // while polling, doubled each time up to
#define LINK_WS_AGAIN_MS_MAX 60000

enum link_state {
    LINK_OFFLINE,
    LINK_TRYING_WS,
    LINK_TRYING_POLL,
    LINK_WS,
    LINK_POLL,
    LINK_REFUSED,
};

// What session.resume said.
struct link_identity {
    struct name user;
    char device[LABEL_BYTES_MAX + 1];
    char cursor[CURSOR_BYTES_MAX + 1]; // acknowledged by this device
    uint64_t counter;                  // the highest stored one of this device
};

struct link {
    void *context;
    // Connected, anew or in another way: what was sent and not answered is to be sent again.
    void (*on_up)(void *context);
    // An answer or a notification.
    void (*on_text)(void *context, struct bytes text, const struct json *root);
    // While polling: everything up to cursor was passed on; the events have ended.
    void (*on_events_end)(void *context, struct bytes cursor, bool is_reset);
    void (*on_events_off)(void *context, struct bytes kind);
    // Offline now; the next try is at retry_at_ms.
    void (*on_down)(void *context, const char *why);
    void (*on_refused)(void *context, const char *why);

    enum link_state state;
    struct web *web;
    const char *token; // lent
    struct websocket socket;
    struct longpoll poll;
    struct link_identity identity;
    int64_t retry_at_ms; // OFFLINE: the next try; POLL: the next try of the WebSocket
    int64_t up_at_ms;
    int64_t server_wait_ms; // the server said when to come back; 0: it did not
    unsigned failures;
    unsigned ws_failures; // in a row
    bool is_paused;
    bool is_never_ws; // --transport poll
};

void link_init(struct link *link, struct web *web, const char *token);
void link_start(struct link *link);
void link_close(struct link *link);
void link_retry_now(struct link *link);
// The server's notification that it goes away.
void link_expect_close(struct link *link, int64_t wait_ms);

bool link_is_up(const struct link *link);
const char *link_transport(const struct link *link); // "ws", "poll", "offline"
// Whether a request may be sent now. While polling: one at a time.
bool link_is_free(const struct link *link);
void link_send(struct link *link, struct bytes text);
// No more events are read until it is undone; answers may stop with them.
void link_pause(struct link *link, bool is_paused);

struct pollfd link_watch(const struct link *link);
int64_t link_deadline_ms(const struct link *link);
void link_step(struct link *link, short revents, int64_t now_ms);

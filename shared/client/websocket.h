// SPDX-License-Identifier: MIT
// A WebSocket to the server (RFC 6455), subprotocol chat.v1: connects, shakes hands, moves text.
//
// Owner:  the client, which embeds it. Thread: one. Handlers are called from websocket_step() and
//         web_wait(); they may close it.
// Bounds: the owner stops reading with websocket_pause(); what waits to be sent is bounded by the
//         client's open calls.
//
//   CLOSED -> CONNECTING -> SHAKING -> OPEN -> CLOSED (from anywhere)

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/client/web.h"
#include "shared/client/ws_frame.h"
#include "shared/err.h"

#define WEBSOCKET_OPEN_MS 10000 // to connect and shake hands
#define WEBSOCKET_PING_MS 20000 // of silence, then we ask
#define WEBSOCKET_DEAD_MS 45000 // of silence, then it is gone

enum websocket_state { WEBSOCKET_CLOSED, WEBSOCKET_CONNECTING, WEBSOCKET_SHAKING, WEBSOCKET_OPEN };

struct websocket {
    void *context;
    void (*on_open)(void *context);
    void (*on_text)(void *context, struct bytes text);
    // It did not come about, or is over; why, in plain words.
    void (*on_closed)(void *context, const char *why);
    enum websocket_state state;
    struct web_stream stream;
    struct ws_parser parser;
    struct buffer out;
    struct buffer head; // of the HTTP answer, while shaking hands
    char accept[32];
    int64_t heard_ms;
    int64_t asked_ms;
    bool is_paused;
};

void websocket_open(struct websocket *socket, struct web *web);
// Without a word to the owner. Sends a close frame if that costs no waiting.
void websocket_close(struct websocket *socket);
// Only when OPEN.
void websocket_send(struct websocket *socket, struct bytes text);
void websocket_pause(struct websocket *socket, bool is_paused);

// What poll(2) should watch; fd -1: nothing.
struct pollfd websocket_watch(const struct websocket *socket);
// When websocket_step() wants to be called though nothing happens; INT64_MAX: never.
int64_t websocket_deadline_ms(const struct websocket *socket);
// After each wait: reads, writes, pings, notices silence.
void websocket_step(struct websocket *socket, short revents, int64_t now_ms);

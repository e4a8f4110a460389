// SPDX-License-Identifier: MIT
// The server over plain HTTP, for where no WebSocket gets through (protocol.md "Transports"):
// requests go through POST /rpc, one at a time, so that they keep their order; events come from GET
// /events, which is asked again as soon as it was answered.
//
// Owner:  the link, which embeds it. Thread: one. Handlers are called from web_wait() and may
// close.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/client/web.h"
#include "shared/json.h"
#include "shared/limits.h"

#define LONGPOLL_POST_MS 30000
#define LONGPOLL_WAIT_S 25 // the server's answer comes then at the latest
#define LONGPOLL_GRACE_MS 15000
#define LONGPOLL_AGAIN_MS 2000 // after an answer that says "not now"

struct longpoll {
    void *context;
    // The answer to a request, as the server gave it.
    void (*on_answer)(void *context, struct bytes text);
    // One notification.
    void (*on_event)(void *context, struct bytes text, const struct json *root);
    // An answer to the question for events is complete: everything up to cursor was passed on.
    void (*on_events_end)(void *context, struct bytes cursor, bool is_reset);
    // The question for events is refused for good: another process of this device asks, or the
    // cursor is none.
    void (*on_events_off)(void *context, struct bytes kind);
    // The server is not reached any more. A request under way may have been carried out.
    void (*on_broken)(void *context, const char *why);
    struct web *web;
    const char *token; // lent
    struct web_exchange post;
    struct web_exchange get;
    bool is_asking; // the question is to be asked
    bool is_paused;
    int64_t ask_at_ms;
    int64_t asked_ms;
    bool is_first; // of the questions: it does not wait
    char from[CURSOR_BYTES_MAX + 1];
    char seen[CURSOR_BYTES_MAX + 1];
};

void longpoll_open(struct longpoll *poll, struct web *web, const char *token);
void longpoll_close(struct longpoll *poll);

bool longpoll_is_idle(const struct longpoll *poll); // no request waits for its answer
// Only when idle. Where this fails, on_broken was called.
void longpoll_send(struct longpoll *poll, struct bytes text);

// Events behind seen from now on; those behind from are not acknowledged yet. The first answer
// comes at once.
void longpoll_listen(struct longpoll *poll, const char *from, const char *seen);
// Everything up to from is acknowledged.
void longpoll_move(struct longpoll *poll, const char *from);
void longpoll_silence(struct longpoll *poll); // no more events
// The answer that is under way still comes.
void longpoll_pause(struct longpoll *poll, bool is_paused);

int64_t longpoll_deadline_ms(const struct longpoll *poll);
void longpoll_step(struct longpoll *poll, int64_t now_ms);

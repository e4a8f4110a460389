// SPDX-License-Identifier: MIT
// subscribe, ack

#include "session/handlers.h"

#include <inttypes.h>
#include <stdlib.h>

#include "session/poll.h"
#include "session/session.h"
#include "session/subscription.h"
#include "shared/failpoint.h"
#include "shared/limits.h"

static void reply(struct call *call, const struct subscription *start)
{
    char cursor[CURSOR_TEXT_BYTES];
    struct buffer out = { 0 };

    encode_cursor(cursor, call->service->generation, start->after);
    call_begin_result(call, &out);
    buffer_print(&out, "{\"cursor\":\"%s\",\"window\":%d,\"window_bytes\":%d,\"conversations\":[",
            cursor, WINDOW_EVENTS, WINDOW_BYTES);
    for (uint32_t i = 0; i < start->heads.count; i++) {
        if (i > 0) {
            buffer_add_byte(&out, ',');
        }
        encode_head(&out, &start->heads.heads[i]);
    }
    buffer_print(&out, "],\"more\":%s%s}", start->heads.has_more ? "true" : "false",
            start->is_reset ? ",\"reset\":true" : "");
    call_reply(call, &out);
}

static void on_started(void *context, enum err err, const struct subscription *subscription)
{
    struct call *call = context;

    if (err != ERR_OK) {
        call_fail(call, err, NULL);
        return;
    }
    if (subscription->is_reset) {
        call->caller->session->seen = 0; // a place that is no more
    }
    reply(call, subscription);
}

static bool read_kinds(const struct json *events, unsigned *kinds)
{
    static const char *const names[] = {
        [EVENT_MESSAGE] = "message",
        [EVENT_RECEIPT] = "receipt",
        [EVENT_CONVERSATION] = "conversation",
    };

    *kinds = events == NULL ? ~0U : 0;
    for (size_t i = 0; events != NULL && i < json_count(events); i++) {
        struct bytes name;
        if (!json_read_string(json_at(events, i), &name)) {
            return false;
        }
        for (unsigned kind = 0; kind < sizeof(names) / sizeof(names[0]); kind++) {
            if (bytes_equal(name, bytes_of(names[kind]))) {
                *kinds |= 1U << kind;
            }
        }
    }
    return true;
}

// What the client has seen of the subscription's events, on an earlier connection.
static bool read_seen(const struct call *call, struct subscription_from *from)
{
    const struct params *params = &call->request.params;
    struct subscription_from seen;

    if ((params->present & P_SEEN) == 0) {
        return true;
    }
    if (!subscription_parse(params->seen, call->service->generation, &seen) ||
            seen.kind != FROM_CURSOR || from->kind != FROM_CURSOR) {
        return false;
    }
    from->seen = seen.useq;
    from->is_other_generation |= seen.is_other_generation;
    return from->is_other_generation || seen.useq >= from->useq;
}

void handle_SUBSCRIBE(struct call *call)
{
    const struct params *params = &call->request.params;
    struct session *session = call->caller->session;
    struct subscription_from from;
    unsigned kinds = 0;

    if (session == NULL) {
        call_fail(call, ERR_INVALID, "subscribe needs a WebSocket; over HTTP use GET /events");
    } else if (!subscription_parse(params->from, call->service->generation, &from)) {
        call_fail(call, ERR_PARAMS, "params.from must be \"now\", \"unread\" or a cursor");
    } else if (!read_seen(call, &from)) {
        call_fail(call, ERR_PARAMS, "params.seen must be a cursor that is not before params.from");
    } else if (!read_kinds(params->events, &kinds)) {
        call_fail(call, ERR_PARAMS, "params.events must be an array of event names");
    } else {
        call_block(call);
        session->seen = from.is_other_generation ? 0 : from.seen;
        enum err err = subscription_begin(&session->feed, &from, kinds, on_started, call);
        if (err != ERR_OK) {
            call_fail(call, err, NULL);
        }
    }
}

static void on_acknowledged(struct receipt_waiter *waiter, enum err err)
{
    struct call *call = TASK_OF(waiter, struct call, waiter);

    if (err != ERR_OK) {
        call_fail(call, err, NULL);
    } else {
        call_reply_empty(call);
    }
}

// A device that polls has no session.
static enum err acknowledge(struct call *call, uint64_t useq)
{
    struct session *session = call->caller->session;
    struct receipt_waiter *waiter = call->request.id != NULL ? &call->waiter : NULL;

    if (session != NULL) {
        return feed_acknowledge(&session->feed, useq, waiter);
    }
    return poll_acknowledge(call->service->sessions->polls, &call->identity, useq, waiter);
}

// Answered when it is durable: a cursor that was acknowledged never goes back. Without an id nobody
// waits, and it is written when that costs least.
void handle_ACK(struct call *call)
{
    const struct feed *feed = call_feed(call);
    bool is_request = call->request.id != NULL;
    uint64_t useq = 0;
    enum cursor_kind kind =
            decode_cursor(call->request.params.cursor, call->service->generation, &useq);

    (void)FAILPOINT("session.acked");
    if (feed == NULL || feed->state == FEED_OFF) {
        call_fail(call, ERR_INVALID,
                "subscribe, or ask GET /events, first: only shown events can be acknowledged");
        return;
    }
    call->waiter.done = on_acknowledged;
    enum err err = kind != CURSOR_VALID ? ERR_INVALID : acknowledge(call, useq);
    if (err != ERR_OK) {
        call_fail(call, err,
                err == ERR_INVALID ? "params.cursor must be one that was shown on this subscription"
                                   : NULL);
    } else if (!is_request) {
        call_reply_empty(call);
    }
}

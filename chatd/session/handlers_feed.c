// SPDX-License-Identifier: MIT
// subscribe, ack

#include "session/handlers.h"

#include <inttypes.h>
#include <stdlib.h>

#include "session/session.h"
#include "session/session_set.h"
#include "shared/failpoint.h"
#include "shared/limits.h"

enum from { FROM_NOW, FROM_UNREAD, FROM_CURSOR };

// Where the subscription begins is decided by the partition, in one go with the heads.
struct start {
    struct read read;
    struct call *call;
    enum from from;
    bool is_reset;
    uint64_t after;
    uint64_t head;
    struct heads_page heads;
};

static enum err find_cursor(struct start *start, struct partition *partition, struct bytes user)
{
    struct account_page account;
    enum err err = read_account(partition, user, &account);

    if (err != ERR_OK) {
        return err;
    }
    start->head = account.head_useq;
    if (start->from == FROM_NOW) {
        start->after = start->head;
    }
    for (uint32_t i = 0; start->from == FROM_UNREAD && i < account.device_count; i++) {
        if (account.devices[i].id == start->call->identity.device) {
            start->after = account.devices[i].acked_useq;
        }
    }
    arena_finish(&account.arena);
    return ERR_OK;
}

static void run_start(struct read *read, struct partition *partition)
{
    struct start *start = TASK_OF(read, struct start, read);
    struct bytes user = name_bytes(&start->call->identity.user);
    uint64_t changed_count = 0;

    read->err = find_cursor(start, partition, user);
    if (read->err == ERR_OK && !start->is_reset) {
        read->err = read_backlog(partition, user, start->after, &changed_count, &start->head);
        // From the beginning there is no cache to drop: everything is shown.
        start->is_reset = start->after > start->head ||
                (changed_count > CATCH_UP_CONVERSATIONS_MAX && start->after > 0);
    }
    const struct heads_query query = {
        .user = user,
        .after = start->is_reset ? 0 : start->after,
        .before = UINT64_MAX,
        .limit = HEADS_PER_PAGE_MAX,
    };
    if (read->err == ERR_OK) {
        read->err = read_heads(partition, &query, &start->heads);
    }
    if (start->is_reset) {
        start->after = start->head;
    }
}

static void reply(const struct start *start)
{
    struct call *call = start->call;
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

struct replacement {
    const struct session *newer;
    uint64_t device;
};

// A device has one subscription.
static void replace(struct subscriber *subscriber, void *context)
{
    const struct replacement *replacement = context;
    struct session *session = TASK_OF(subscriber, struct feed, subscriber)->session;

    if (session != replacement->newer && session->feed.state != FEED_OFF &&
            session->caller.identity.device == replacement->device) {
        session_replaced(session);
    }
}

static void on_started(struct read *read)
{
    struct start *start = TASK_OF(read, struct start, read);
    struct call *call = start->call;
    struct session *session = call->caller == NULL ? NULL : call->caller->session;
    enum err err = read->err;

    if (err != ERR_OK) {
        if (session != NULL && session->feed.state != FEED_OFF) {
            session->set->subscribed_count--;
            feed_stop(&session->feed);
        }
        call_fail(call, err, NULL);
    } else {
        // The answer goes out before the first event.
        uint64_t after = start->after, head = start->head;
        reply(start);
        if (session != NULL && session->feed.state == FEED_STARTING) {
            feed_run(&session->feed, after, head);
        }
        arena_finish(&start->heads.arena);
    }
    free(start);
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

static bool read_from(struct bytes from, uint64_t generation, struct start *start)
{
    if (bytes_equal(from, bytes_of("now"))) {
        start->from = FROM_NOW;
        return true;
    }
    if (bytes_equal(from, bytes_of("unread"))) {
        start->from = FROM_UNREAD;
        return true;
    }
    start->from = FROM_CURSOR;
    enum cursor_kind kind = decode_cursor(from, generation, &start->after);
    start->is_reset = kind == CURSOR_OTHER_GENERATION;
    return kind != CURSOR_MALFORMED;
}

static void begin(struct call *call, struct start *start, unsigned kinds)
{
    struct session *session = call->caller->session;
    struct replacement replacement = { session, call->identity.device };

    call_block(call);
    hub_each(call->service->hub, name_bytes(&call->identity.user), replace, &replacement);
    session->set->subscribed_count += session->feed.state == FEED_OFF;
    feed_start(&session->feed, kinds);
    start->call = call;
    start->read.run = run_start;
    start->read.done = on_started;
    enum err err = service_read(call->service, name_bytes(&call->identity.user), &start->read);
    if (err != ERR_OK) {
        session->set->subscribed_count--;
        feed_stop(&session->feed);
        free(start);
        call_fail(call, err, NULL);
    }
}

void handle_SUBSCRIBE(struct call *call)
{
    const struct params *params = &call->request.params;
    struct start *start = calloc(1, sizeof(*start));
    unsigned kinds = 0;

    if (start == NULL) {
        call_fail(call, ERR_MEMORY, NULL);
    } else if (call->caller->session == NULL) {
        free(start);
        call_fail(call, ERR_INVALID, "subscribe needs a WebSocket; over HTTP use GET /events");
    } else if (!read_from(params->from, call->service->generation, start)) {
        free(start);
        call_fail(call, ERR_PARAMS, "params.from must be \"now\", \"unread\" or a cursor");
    } else if (!read_kinds(params->events, &kinds)) {
        free(start);
        call_fail(call, ERR_PARAMS, "params.events must be an array of event names");
    } else {
        begin(call, start, kinds);
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

// Answered when it is durable: a cursor that was acknowledged never goes back. Without an id nobody
// waits, and it is written when that costs least.
void handle_ACK(struct call *call)
{
    struct session *session = call->caller->session;
    bool is_request = call->request.id != NULL;
    uint64_t useq = 0;
    enum cursor_kind kind =
            decode_cursor(call->request.params.cursor, call->service->generation, &useq);

    (void)FAILPOINT("session.acked");
    if (session == NULL || session->feed.state == FEED_OFF) {
        call_fail(call, ERR_INVALID, "subscribe first: only shown events can be acknowledged");
        return;
    }
    call->waiter.done = on_acknowledged;
    enum err err = kind != CURSOR_VALID
            ? ERR_INVALID
            : feed_acknowledge(&session->feed, useq, is_request ? &call->waiter : NULL);
    if (err != ERR_OK) {
        call_fail(call, err,
                err == ERR_INVALID ? "this cursor was not shown on this subscription" : NULL);
    } else if (!is_request) {
        call_reply_empty(call);
    }
}

// SPDX-License-Identifier: MIT
// What devices make of answers and events.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/device_inside.h"
#include "tests/simulation/node.h"
#include "tests/simulation/surroundings.h"

static struct bytes string_of(const struct json *object, const char *key)
{
    struct bytes text = { "", 0 };

    (void)json_read_string(json_get(object, key), &text);
    return text;
}

static uint64_t number_of(const struct json *object, const char *key)
{
    uint64_t number = 0;

    (void)json_read_uint(json_get(object, key), &number);
    return number;
}

// "1.<useq>"; 0 when there is none.
static uint64_t cursor_of(const struct json *object)
{
    struct bytes text = string_of(object, "cursor");
    char copy[40];

    snprintf(copy, sizeof(copy), "%.*s", (int)text.size, text.data);
    return strncmp(copy, "1.", 2) == 0 ? strtoull(copy + 2, NULL, 10) : 0;
}

// Events.

static void hear_message(struct client *device, const struct json *params, uint64_t useq)
{
    struct seen_message seen;

    if (!model_see_message(device->user, params, useq, &seen) || seen.seq >= ENTRIES_MAX) {
        return;
    }
    if (device->is_shown[seen.peer][seen.seq]) {
        model_fail("I6", "device %d is shown seq %" PRIu64 " with %s again", device->number,
                seen.seq, model_user_name(seen.peer));
    }
    device->is_shown[seen.peer][seen.seq] = true;
    if (seen.from != device->user && device->shown_count < SHOWN_MAX) {
        device->shown[device->shown_count++] = (struct shown_event){ useq, seen.seq, seen.peer };
    }
}

static void hear_receipt(const struct client *device, const struct json *params)
{
    int by = model_user_of(string_of(params, "by"));

    if (by >= 0 && by != device->user) {
        model_see_receipt(device->user, by, number_of(params, "delivered_seq"),
                number_of(params, "read_seq"));
    }
}

static void see_head(const struct client *device, const struct json *head, uint64_t floor)
{
    int peer = model_user_of(string_of(head, "peer"));

    if (peer < 0 || peer == device->user) {
        model_fail("I2", "device %d is shown a head of nobody", device->number);
        return;
    }
    model_see_head(device->user, peer, number_of(head, "seq"), floor, string_of(head, "digest"));
    model_see_receipt(device->user, peer, number_of(head, "peer_delivered_seq"),
            number_of(head, "peer_read_seq"));
}

static void hear_event(struct client *device, const struct json *event)
{
    const struct json *params = json_get(event, "params");
    struct bytes method = string_of(event, "method");
    uint64_t useq = cursor_of(params);

    if (useq == 0) {
        return; // server, presence
    }
    if (useq <= device->seen) {
        model_fail("I6", "device %d is shown event %" PRIu64 " after %" PRIu64, device->number,
                useq, device->seen);
        return;
    }
    // What was on its way when the device was revoked may still arrive.
    device->seen = useq;
    if (bytes_equal(method, bytes_of("message"))) {
        hear_message(device, params, useq);
    } else if (bytes_equal(method, bytes_of("receipt"))) {
        hear_receipt(device, params);
    } else if (bytes_equal(method, bytes_of("conversation"))) {
        see_head(device, params, 0);
    }
}

// Answers.

static void hear_sending(struct client *device, const struct call *call, const struct json *result)
{
    const struct sending *sending = model_sending(call->sending);
    bool is_duplicate = false;

    (void)json_read_bool(json_get(result, "duplicate"), &is_duplicate);
    model_on_stored(call->sending, number_of(result, "seq"), string_of(result, "ts"),
            cursor_of(result), is_duplicate);
    if (sending->counter > device->stored_counter) {
        device->stored_counter = sending->counter;
    }
}

static void hear_resume(struct client *device, const struct call *call, const struct json *result)
{
    uint64_t cursor = cursor_of(result), counter = number_of(result, "counter");

    if (device->is_revoked && call->was_revoked) {
        model_fail("I14", "device %d was revoked and may resume", device->number);
    }
    if (cursor < device->acked || cursor < device->resumed_at) {
        model_fail("I9",
                "device %d acknowledged %" PRIu64 ", was resumed at %" PRIu64
                " and now at %" PRIu64,
                device->number, device->acked, device->resumed_at, cursor);
    }
    if (counter < call->cursor || counter > device->last_counter) {
        model_fail("I7",
                "device %d: the highest counter is %" PRIu64 ", it was answered %" PRIu64
                " and sent %" PRIu64,
                device->number, counter, call->cursor, device->last_counter);
    }
    device->resumed_at = cursor;
    ask_subscribe(device);
}

static void see_heads(const struct client *device, const struct call *call,
        const struct json *heads)
{
    for (size_t i = 0; i < json_count(heads); i++) {
        const struct json *head = json_at(heads, i);
        int peer = model_user_of(string_of(head, "peer"));
        see_head(device, head, peer < 0 ? 0 : call->floors[peer]);
    }
}

static void hear_subscribe(struct client *device, const struct call *call,
        const struct json *result)
{
    bool is_reset = false;

    if (json_read_bool(json_get(result, "reset"), &is_reset) && is_reset) {
        model_fail("I9", "device %d: its cursor %" PRIu64 ", seen %" PRIu64 " is not known",
                device->number, device->acked, device->seen);
    }
    see_heads(device, call, json_get(result, "conversations"));
    device->state = DEVICE_LIVE;
}

static void hear_history(struct client *device, const struct call *call, const struct json *result)
{
    const struct json *messages = json_get(result, "messages");
    struct seen_message seen;
    uint64_t before = 0;

    for (size_t i = 0; i < json_count(messages); i++) {
        if (!model_see_message(device->user, json_at(messages, i), 0, &seen)) {
            return;
        }
        if (seen.peer != call->peer || (before != 0 && seen.seq != before + 1)) {
            model_fail("I4", "a page with seq %" PRIu64 " behind %" PRIu64, seen.seq, before);
        }
        before = seen.seq;
    }
    uint64_t head = number_of(result, "head_seq");
    if (before != head) {
        model_fail("I4", "the newest page ends at %" PRIu64 ", the head is %" PRIu64, before, head);
    }
    model_see_head(device->user, call->peer, head, call->floors[call->peer],
            string_of(result, "digest"));
}

static void hear_final(struct client *device, const struct call *call, const struct json *result)
{
    const struct json *messages = json_get(result, "messages");
    bool has_more = false;
    uint64_t last = 0;

    for (size_t i = 0; i < json_count(messages) && !model_has_failed(); i++) {
        model_see_final(device->user, call->peer, json_at(messages, i));
        last = number_of(json_at(messages, i), "seq");
    }
    if (json_read_bool(json_get(result, "more"), &has_more) && has_more) {
        ask_final_page(device, call->peer, last);
        return;
    }
    model_end_final(device->user, call->peer, number_of(result, "head_seq"),
            string_of(result, "digest"));
    device->is_final_done = true;
}

static void hear_created(const struct client *device, const struct call *call,
        const struct json *result)
{
    devices_add(device->user, string_of(result, "token"), string_of(result, "device"),
            call->target != 0);
}

static void hear_user(const struct json *result)
{
    struct bytes token = string_of(result, "token");
    int user = model_user_of(string_of(result, "user"));
    const char *id = token.size == 0 ? NULL : memchr(token.data, '~', token.size);

    if (user >= 0 && id != NULL) {
        devices_add(user, token, (struct bytes){ id + 1, 12 }, false);
    }
}

// The server has answered: whoever is that device's is cut off by now.
static void hear_revoked(struct client *device)
{
    device->is_revoked = true;
    if (device->state == DEVICE_LIVE && device->link != NULL && device->link->peer != NULL &&
            !device->link->is_closing) {
        model_fail("I14", "device %d was revoked and is still connected", device->number);
    }
}

static void hear_result(struct client *device, struct call *call, const struct json *result)
{
    if (device->is_revoked && call->was_revoked && call->kind != CALL_RESUME) {
        model_fail("I14", "device %d was revoked and is answered", device->number);
    }
    switch (call->kind) {
    case CALL_RESUME:
        hear_resume(device, call, result);
        break;
    case CALL_SUBSCRIBE:
        hear_subscribe(device, call, result);
        break;
    case CALL_SENDING:
        hear_sending(device, call, result);
        break;
    case CALL_ACK:
        device->acked = call->cursor > device->acked ? call->cursor : device->acked;
        break;
    case CALL_HISTORY:
        hear_history(device, call, result);
        break;
    case CALL_FINAL:
        hear_final(device, call, result);
        break;
    case CALL_LIST:
        see_heads(device, call, json_get(result, "conversations"));
        break;
    case CALL_CREATE:
        hear_created(device, call, result);
        break;
    case CALL_REVOKE:
        hear_revoked(device_at(call->target));
        break;
    case CALL_ADD_USER:
    case CALL_POLL:
    case CALL_OTHER:
        break;
    }
}

// Refused now and for ever, or to be sent again?
static bool is_final(const struct json *data, struct bytes kind)
{
    bool is_retryable = false;

    (void)json_read_bool(json_get(data, "retryable"), &is_retryable);
    return !is_retryable && !bytes_equal(kind, bytes_of("conflict")) &&
            !bytes_equal(kind, bytes_of("unavailable")) &&
            !bytes_equal(kind, bytes_of("unauthorized"));
}

static void hear_refusal(struct call *call, const struct json *data, struct bytes kind)
{
    struct sending *sending = model_sending(call->sending);
    char word[32];

    snprintf(word, sizeof(word), "%.*s", (int)kind.size, kind.data);
    sending->state = SENDING_WAITS;
    if (bytes_equal(string_of(data, "outcome"), bytes_of("unknown"))) {
        sending->may_be_stored = true;
    } else if (is_final(data, kind)) {
        model_on_refused(call->sending, word);
    }
}

static void hear_error(struct client *device, struct call *call, const struct json *error)
{
    const struct json *data = json_get(error, "data");
    struct bytes kind = string_of(data, "kind");
    bool is_unauthorized = bytes_equal(kind, bytes_of("unauthorized"));

    if (is_unauthorized && !device->may_be_revoked) {
        model_fail("I1", "device %d is not known any more", device->number);
    }
    if (call->kind == CALL_SENDING) {
        hear_refusal(call, data, kind);
    } else if (call->kind == CALL_RESUME || call->kind == CALL_SUBSCRIBE) {
        device->state = DEVICE_OFF;
        if (device->link != NULL) {
            device->link->is_closing = true; // it tries again on a new connection
        }
    } else if (call->kind == CALL_FINAL) {
        ask_final_page(device, call->peer, 0);
        model_begin_final(device->user, call->peer);
    } else if (call->kind == CALL_REVOKE && device_at(call->target)->is_revoked == false) {
        bool was_refused = !bytes_equal(string_of(data, "outcome"), bytes_of("unknown"));
        device_at(call->target)->may_be_revoked = !was_refused;
    }
}

void call_lost(struct client *device, struct call *call)
{
    (void)device;
    if (call->kind == CALL_SENDING) {
        struct sending *sending = model_sending(call->sending);
        sending->state = SENDING_WAITS;
        sending->may_be_stored = true;
    }
    struct net_link *link = call->link;
    *call = (struct call){ 0 };
    if (link != NULL && link->peer != NULL && node_state() != NODE_DEAD) {
        (void)!node_cut(link);
    }
    links_drop(link);
}

static struct call *find_call(struct client *device, uint64_t id)
{
    for (int i = 0; i < CALLS_MAX; i++) {
        if (device->calls[i].is_used && device->calls[i].id == id) {
            return &device->calls[i];
        }
    }
    return NULL;
}

static void hear_answer(struct client *device, struct call *call, const struct json *answer)
{
    struct call known = *call;

    *call = (struct call){ 0 };
    if (json_get(answer, "error") != NULL) {
        hear_error(device, &known, json_get(answer, "error"));
    } else {
        hear_result(device, &known, json_get(answer, "result"));
    }
}

void hear(struct client *device, const char *text)
{
    char reason[100];
    struct json *json = json_parse(text, strlen(text), reason, sizeof(reason));

    trace("  device %d hears %s", device->number, text);
    if (json == NULL) {
        model_fail("I2", "device %d is sent what is no JSON: %s", device->number, reason);
        return;
    }
    if (json_get(json, "method") != NULL) {
        hear_event(device, json);
    } else {
        struct call *call = find_call(device, number_of(json, "id"));
        if (call == NULL) {
            model_fail("I2", "device %d gets an answer that it does not wait for", device->number);
        } else {
            hear_answer(device, call, json);
        }
    }
    json_destroy(json);
}

static void hear_poll(struct client *device, const struct call *call, const struct json *answer)
{
    const struct json *events = json_get(answer, "events");

    if (events == NULL) {
        hear_error(device, &(struct call){ .kind = CALL_OTHER }, json_get(answer, "error"));
        return;
    }
    (void)call;
    for (size_t i = 0; i < json_count(events) && !model_has_failed(); i++) {
        hear_event(device, json_at(events, i));
    }
}

void hear_http(struct client *device, struct call *call)
{
    const char *text = call->link->answer;
    char reason[100];
    struct json *json = json_parse(text, strlen(text), reason, sizeof(reason));

    trace("  device %d hears %d %s", device->number, call->link->status, text);
    struct call known = *call;
    *call = (struct call){ 0 };
    if (json == NULL) {
        call_lost(device, &(struct call){ .kind = known.kind, .sending = known.sending });
    } else if (known.kind == CALL_POLL) {
        hear_poll(device, &known, json);
    } else if (json_get(json, "error") != NULL) {
        hear_error(device, &known, json_get(json, "error"));
    } else {
        hear_result(device, &known, json_get(json, "result"));
    }
    json_destroy(json);
}

void devices_hear_admin(void)
{
    for (int user = 0; user < USERS_MAX; user++) {
        struct call *call = &devices.adding[user];
        char reason[100];
        if (!call->is_used || call->link == NULL || call->link->status == 0) {
            continue;
        }
        struct net_link *link = call->link;
        struct json *json = json_parse(link->answer, strlen(link->answer), reason, sizeof(reason));
        *call = (struct call){ 0 };
        hear_user(json_get(json, "result"));
        json_destroy(json);
        (void)!node_cut(link);
        links_drop(link);
    }
}

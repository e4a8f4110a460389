// SPDX-License-Identifier: MIT
// What devices ask.

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/check.h"
#include "tests/simulation/device_inside.h"
#include "tests/simulation/heap.h"
#include "tests/simulation/node.h"
#include "tests/simulation/surroundings.h"

static struct call *take_call(struct client *device, enum call_kind kind)
{
    for (int i = 0; i < CALLS_MAX; i++) {
        struct call *call = &device->calls[i];
        if (!call->is_used) {
            *call = (struct call){ .is_used = true, .kind = kind, .sending = NO_SENDING };
            call->id = ++devices.next_id;
            call->was_revoked = device->is_revoked;
            for (int peer = 0; peer < USERS_MAX; peer++) {
                call->floors[peer] = peer == device->user ? 0 : model_seen_upto(device->user, peer);
            }
            return call;
        }
    }
    return NULL;
}

static int open_calls(const struct client *device)
{
    int count = 0;

    for (int i = 0; i < CALLS_MAX; i++) {
        count += device->calls[i].is_used;
    }
    return count;
}

static bool is_busy(const struct client *device)
{
    return device->state != DEVICE_LIVE || open_calls(device) > CALLS_MAX / 2;
}

static char *request_text(uint64_t id, const char *method, const struct buffer *params)
{
    struct buffer out = { 0 };

    buffer_add_literal(&out, "{\"jsonrpc\":\"2.0\",");
    if (id != 0) {
        buffer_print(&out, "\"id\":%" PRIu64 ",", id);
    }
    buffer_print(&out, "\"method\":\"%s\",\"params\":{%.*s}}", method, (int)params->bytes,
            params->bytes == 0 ? "" : params->data);
    char *text = text_copy(out.data, out.bytes);
    buffer_finish(&out);
    return text;
}

// A request of its own connection. The body belongs to the process only during the call.
static void ask_http(struct call *call, const char *token, enum net_listener listener,
        const char *body)
{
    char authorization[200] = "";

    if (token != NULL) {
        snprintf(authorization, sizeof(authorization), "Bearer %s", token);
    }
    const struct net_request request = {
        .listener = listener,
        .method = "POST",
        .path = "/rpc",
        .query = "",
        .authorization = authorization,
        .is_local = listener == NET_ADMIN,
        .body = body,
        .body_bytes = strlen(body),
    };
    call->link = links_take();
    (void)!node_request(call->link, &request);
}

struct call *ask(struct client *device, enum call_kind kind, const char *method,
        const struct buffer *params)
{
    struct call *call = take_call(device, kind);

    CHECK(call != NULL);
    char *text = request_text(call->id, method, params);
    devices.operations++;
    trace("  device %d asks %s", device->number, text);
    if (device->is_poller) {
        ask_http(call, device->token, NET_PUBLIC, text);
        world_release(text);
    } else {
        text_queue_push(&device->link->up, text);
    }
    return call;
}

void admin_add_user(struct call *call, int user)
{
    struct buffer params = { 0 };

    buffer_print(&params, "\"user\":\"%s\",\"tokens\":true,\"label\":\"first\"",
            model_user_name(user));
    *call = (struct call){ .is_used = true, .kind = CALL_ADD_USER, .id = ++devices.next_id };
    char *text = request_text(call->id, "admin.user.add", &params);
    ask_http(call, NULL, NET_ADMIN, text);
    world_release(text);
    buffer_finish(&params);
}

void ask_subscribe(struct client *device)
{
    struct buffer params = { 0 };

    if (device->acked == 0 && device->seen == 0) {
        buffer_add_literal(&params, "\"from\":\"0\"");
    } else {
        buffer_print(&params, "\"from\":\"1.%" PRIu64 "\",\"seen\":\"1.%" PRIu64 "\"",
                device->acked, device->seen);
    }
    ask(device, CALL_SUBSCRIBE, "subscribe", &params);
    device->state = DEVICE_SUBSCRIBING;
    buffer_finish(&params);
}

static int other_user(const struct client *device)
{
    int count = 0;

    while (count < USERS_MAX && model_user_of(bytes_of(model_user_name(count))) >= 0) {
        count++;
    }
    int peer = (int)chance_below(&devices.chance, (uint64_t)count - 1);
    return peer >= device->user ? peer + 1 : peer;
}

// The counter before this one that still may be, or is, stored: the refused ones are out of the
// way.
static uint64_t counter_before(int number)
{
    const struct sending *sending = model_sending(number);
    uint64_t before = 0;

    for (int i = 0; i < number; i++) {
        const struct sending *other = model_sending(i);
        if (other->device == sending->device && other->peer == sending->peer &&
                other->state != SENDING_REFUSED) {
            before = other->counter;
        }
    }
    return before;
}

// Sends a sending, for the first time or again.
static void ask_sending(struct client *device, int number)
{
    struct sending *sending = model_sending(number);
    struct buffer params = { 0 };
    const char *method = sending->kind == MESSAGE_TEXT ? "message.send"
            : sending->kind == MESSAGE_EDIT            ? "message.edit"
                                                       : "message.delete";

    buffer_print(&params, "\"%s\":\"%s\",\"counter\":%" PRIu64,
            sending->kind == MESSAGE_TEXT ? "to" : "peer", model_user_name(sending->peer),
            sending->counter);
    if (sending->kind != MESSAGE_DELETE) {
        buffer_print(&params, ",\"text\":\"%s\"", model_text(number));
    }
    if (sending->kind != MESSAGE_TEXT) {
        buffer_print(&params, ",\"seq\":%" PRIu64, sending->target);
    } else if (device->uses_after) {
        buffer_print(&params, ",\"after\":%" PRIu64, counter_before(number));
    }
    model_on_sent(number);
    ask(device, CALL_SENDING, method, &params)->sending = number;
    buffer_finish(&params);
}

void device_send(int number)
{
    struct client *device = device_at(number);
    int peer = other_user(device);

    if (is_busy(device)) {
        return;
    }
    int sending = model_add_sending(MESSAGE_TEXT, number, device->user, peer,
            devices.next_counter + 1, 0);
    if (sending == NO_SENDING) {
        return;
    }
    device->last_counter = ++devices.next_counter;
    ask_sending(device, sending);
}

void device_change(int number)
{
    struct client *device = device_at(number);
    int peer = other_user(device);
    // A change names no `after`: it would come between.
    uint64_t target = is_busy(device) || device->uses_after
            ? 0
            : model_pick_own(device->user, peer, chance_next(&devices.chance) % 10000);
    enum message_kind kind = chance_one_in(&devices.chance, 4) ? MESSAGE_DELETE : MESSAGE_EDIT;

    if (target == 0) {
        return;
    }
    int sending =
            model_add_sending(kind, number, device->user, peer, devices.next_counter + 1, target);
    if (sending == NO_SENDING) {
        return;
    }
    device->last_counter = ++devices.next_counter;
    ask_sending(device, sending);
}

void device_resend(int number)
{
    struct client *device = device_at(number);
    int count = 0;

    if (device->state != DEVICE_LIVE) {
        return;
    }
    for (int i = 0; i < CALLS_MAX; i++) {
        if (device->calls[i].is_used && device->calls[i].kind == CALL_SENDING) {
            return;
        }
    }
    for (int i = 0; i < model_sending_count() && count < 8; i++) {
        const struct sending *sending = model_sending(i);
        if (sending->device == number && sending->state == SENDING_WAITS && !is_busy(device)) {
            ask_sending(device, i);
            count++;
        }
    }
}

static void tell_acks(struct client *device, uint64_t cursor)
{
    while (device->acked_count < device->shown_count &&
            device->shown[device->acked_count].useq <= cursor) {
        const struct shown_event *event = &device->shown[device->acked_count++];
        if (!device->is_consumer) {
            model_on_ack(device->user, event->peer, event->seq);
        }
    }
    device->ack_asked = cursor > device->ack_asked ? cursor : device->ack_asked;
}

void device_ack(int number, bool all)
{
    struct client *device = device_at(number);
    struct buffer params = { 0 };
    uint64_t cursor = device->seen;

    if (is_busy(device) || device->is_poller || device->seen <= device->acked) {
        return;
    }
    // Also in the middle of what was shown.
    if (!all && device->acked_count < device->shown_count && chance_one_in(&devices.chance, 2)) {
        size_t left = device->shown_count - device->acked_count;
        cursor = device->shown[device->acked_count + chance_below(&devices.chance, left)].useq;
    }
    tell_acks(device, cursor);
    buffer_print(&params, "\"cursor\":\"1.%" PRIu64 "\"", cursor);
    if (!all && chance_one_in(&devices.chance, 3)) {
        text_queue_push(&device->link->up, request_text(0, "ack", &params));
        devices.operations++;
    } else {
        ask(device, CALL_ACK, "ack", &params)->cursor = cursor;
    }
    buffer_finish(&params);
}

void device_poll(int number)
{
    struct client *device = device_at(number);
    char query[160], authorization[200];

    if (device->state != DEVICE_LIVE || !device->is_poller) {
        return;
    }
    for (int i = 0; i < CALLS_MAX; i++) {
        if (device->calls[i].is_used && device->calls[i].kind == CALL_POLL) {
            return;
        }
    }
    struct call *call = take_call(device, CALL_POLL);
    if (call == NULL) {
        return;
    }
    uint64_t cursor = chance_one_in(&devices.chance, 3) ? device->acked : device->seen;
    tell_acks(device, cursor);
    call->cursor = cursor;
    snprintf(query, sizeof(query), "cursor=1.%" PRIu64 "&seen=1.%" PRIu64 "&wait=%d", cursor,
            device->seen, (int)chance_below(&devices.chance, 3));
    snprintf(authorization, sizeof(authorization), "Bearer %s", device->token);
    const struct net_request request = {
        .listener = NET_PUBLIC,
        .method = "GET",
        .path = "/events",
        .query = query,
        .authorization = authorization,
        .body = "",
    };
    devices.operations++;
    trace("  device %d asks events %s", number, query);
    call->link = links_take();
    (void)!node_request(call->link, &request);
}

void device_read_history(int number)
{
    struct client *device = device_at(number);
    int peer = other_user(device);
    struct buffer params = { 0 };

    if (is_busy(device)) {
        return;
    }
    buffer_print(&params, "\"peer\":\"%s\",\"limit\":%d", model_user_name(peer),
            (int)chance_up_to(&devices.chance, 40));
    ask(device, CALL_HISTORY, "history.get", &params)->peer = peer;
    buffer_finish(&params);
}

void ask_final_page(struct client *device, int peer, uint64_t after)
{
    struct buffer params = { 0 };

    buffer_print(&params, "\"peer\":\"%s\",\"limit\":400", model_user_name(peer));
    buffer_print(&params, ",\"after\":%" PRIu64, after);
    ask(device, CALL_FINAL, "history.get", &params)->peer = peer;
    buffer_finish(&params);
}

void device_list(int number)
{
    struct client *device = device_at(number);
    const struct buffer params = { 0 };

    if (!is_busy(device)) {
        ask(device, CALL_LIST, "conversation.list", &params);
    }
}

void device_search(int number)
{
    struct client *device = device_at(number);
    struct buffer params = { 0 };

    if (is_busy(device)) {
        return;
    }
    buffer_print(&params, "\"query\":\"m%d\"", (int)chance_below(&devices.chance, 50));
    ask(device, CALL_OTHER, "history.search", &params);
    buffer_finish(&params);
}

void device_mark_read(int number)
{
    struct client *device = device_at(number);
    int peer = other_user(device);
    uint64_t head = model_head(device->user, peer);
    struct buffer params = { 0 };

    if (is_busy(device) || head == 0) {
        return;
    }
    uint64_t seq = 1 + chance_below(&devices.chance, head);
    buffer_print(&params, "\"peer\":\"%s\",\"seq\":%" PRIu64, model_user_name(peer), seq);
    model_on_read(device->user, peer, seq);
    ask(device, CALL_OTHER, "receipt.read", &params);
    buffer_finish(&params);
}

void device_block(int number)
{
    struct client *device = device_at(number);
    struct buffer params = { 0 };
    bool blocks = chance_one_in(&devices.chance, 4);

    if (is_busy(device)) {
        return;
    }
    buffer_print(&params, "\"user\":\"%s\"", model_user_name(other_user(device)));
    ask(device, CALL_OTHER, blocks ? "contact.block" : "contact.unblock", &params);
    buffer_finish(&params);
}

void device_create_another(int number)
{
    struct client *device = device_at(number);
    bool is_consumer = chance_one_in(&devices.chance, 4);
    struct buffer params = { 0 };

    if (is_busy(device) || devices.count > DEVICES_MAX - 4) {
        return;
    }
    buffer_print(&params, "\"label\":\"another\",\"consumer\":%s", is_consumer ? "true" : "false");
    ask(device, CALL_CREATE, "device.create", &params)->target = is_consumer;
    buffer_finish(&params);
}

void device_revoke_another(int number)
{
    struct client *device = device_at(number);
    int target = (int)chance_below(&devices.chance, (uint64_t)devices.count);
    struct client *other = device_at(target);
    struct buffer params = { 0 };
    int left = 0;

    for (int i = 0; i < devices.count; i++) {
        left += devices.all[i].user == device->user && device_is_usable(i);
    }
    // One device stays, to look at everything in the end.
    if (is_busy(device) || other == device || other->user != device->user || left < 2 ||
            !device_is_usable(target) || !device_is_usable(number)) {
        return;
    }
    other->may_be_revoked = true;
    buffer_print(&params, "\"device\":\"%s\"", other->id);
    ask(device, CALL_REVOKE, "device.revoke", &params)->target = target;
    buffer_finish(&params);
}

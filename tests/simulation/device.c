// SPDX-License-Identifier: MIT
#include "tests/simulation/device_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/check.h"
#include "tests/simulation/heap.h"
#include "tests/simulation/node.h"
#include "tests/simulation/surroundings.h"

struct devices devices;

void devices_reset(uint64_t seed)
{
    uint64_t operations = devices.operations;

    memset(&devices, 0, sizeof(devices));
    devices.operations = operations;
    chance_init(&devices.chance, seed, 5);
}

int devices_count(void)
{
    return devices.count;
}

uint64_t devices_operations(void)
{
    return devices.operations;
}

struct client *device_at(int number)
{
    CHECK(number >= 0 && number < devices.count);
    return &devices.all[number];
}

int devices_add(int user, struct bytes token, struct bytes id, bool is_consumer)
{
    if (devices.count == DEVICES_MAX) {
        return -1;
    }
    struct client *device = &devices.all[devices.count];
    device->number = devices.count;
    device->user = user;
    device->is_consumer = is_consumer;
    device->is_poller = chance_one_in(&devices.chance, 4);
    device->uses_after = chance_one_in(&devices.chance, 2);
    device->is_final_done = true;
    snprintf(device->token, sizeof(device->token), "%.*s", (int)token.size, token.data);
    snprintf(device->id, sizeof(device->id), "%.*s", (int)id.size, id.data);
    trace("  device %d of %s%s%s", device->number, model_user_name(user),
            device->is_poller ? " polls" : "", is_consumer ? " consumer" : "");
    return devices.count++;
}

void devices_add_user(int user)
{
    admin_add_user(&devices.adding[user], user);
}

bool devices_are_ready(unsigned users)
{
    unsigned found = 0;

    for (int i = 0; i < devices.count; i++) {
        found |= 1U << devices.all[i].user;
    }
    return found == (1U << users) - 1;
}

bool device_is_connected(int number)
{
    return device_at(number)->link != NULL;
}

bool device_is_live(int number)
{
    return device_at(number)->state == DEVICE_LIVE;
}

bool device_is_usable(int number)
{
    const struct client *device = device_at(number);

    return !device->is_revoked && !device->may_be_revoked;
}

bool device_is_poller(int number)
{
    return device_at(number)->is_poller;
}

void device_connect(int number)
{
    struct client *device = device_at(number);
    struct buffer params = { 0 };

    if (device->is_poller) {
        device->state = DEVICE_LIVE; // each question is a connection of its own
        return;
    }
    device->link = links_take();
    if (!node_connect(device->link) || device->link->peer == NULL) {
        links_drop(device->link);
        device->link = NULL;
        return;
    }
    buffer_print(&params, "\"token\":\"%s\"", device->token);
    struct call *call = ask(device, CALL_RESUME, "session.resume", &params);
    call->cursor = device->stored_counter;
    device->state = DEVICE_RESUMING;
    buffer_finish(&params);
}

bool device_move_up(int number)
{
    struct client *device = device_at(number);
    bool has_moved = false;

    if (device->link != NULL && !node_move_up(device->link, &has_moved)) {
        return true;
    }
    return has_moved;
}

static bool hear_one(struct client *device)
{
    char *text = device->link == NULL ? NULL : text_queue_pop(&device->link->down);

    if (text == NULL) {
        return false;
    }
    hear(device, text);
    world_release(text);
    return true;
}

// An HTTP exchange whose answer is there.
static bool hear_exchange(struct client *device)
{
    for (int i = 0; i < CALLS_MAX; i++) {
        struct call *call = &device->calls[i];
        if (call->is_used && call->link != NULL && call->link->status != 0) {
            struct net_link *link = call->link;
            // Its connection breaks before the answer is there: asked again, with what was seen.
            if (call->kind == CALL_POLL && chance_one_in(&devices.chance, 5)) {
                call_lost(device, call);
                return true;
            }
            hear_http(device, call);
            if (node_state() == NODE_DEAD || node_cut(link)) {
                links_drop(link);
            }
            return true;
        }
    }
    return false;
}

bool device_move_down(int number)
{
    struct client *device = device_at(number);
    bool has_moved = false;

    if (hear_exchange(device)) {
        return true;
    }
    if (device->link != NULL && !node_move_down(device->link, &has_moved)) {
        return true;
    }
    if (hear_one(device) || has_moved) {
        return true;
    }
    if (device->link != NULL && device->link->is_pinged) {
        device->link->is_pinged = false;
        (void)!node_alive(device->link);
        return true;
    }
    if (device->link != NULL && device->link->is_closing) {
        device_cut(number);
        return true;
    }
    return false;
}

static void forget_calls(struct client *device)
{
    for (int i = 0; i < CALLS_MAX; i++) {
        struct call *call = &device->calls[i];
        if (call->is_used) {
            call_lost(device, call);
        }
    }
}

void device_cut(int number)
{
    struct client *device = device_at(number);

    if (device->link == NULL) {
        return;
    }
    // What is on its way may arrive, up to some point.
    uint64_t arriving = chance_below(&devices.chance, device->link->down.count + 1);
    while (arriving > 0 && hear_one(device)) {
        arriving--;
    }
    trace("  device %d: its connection breaks", number);
    if (node_state() != NODE_DEAD) {
        (void)!node_cut(device->link);
    }
    links_drop(device->link);
    device->link = NULL;
    device->state = DEVICE_OFF;
    forget_calls(device);
}

void devices_break(void)
{
    for (int i = 0; i < devices.count; i++) {
        struct client *device = &devices.all[i];
        device_cut(i);
        for (int j = 0; j < CALLS_MAX; j++) {
            struct call *call = &device->calls[j];
            // An answer that was written may arrive.
            if (call->is_used && call->link != NULL && call->link->status != 0 &&
                    chance_one_in(&devices.chance, 2)) {
                struct net_link *link = call->link;
                hear_http(device, call);
                if (node_state() != NODE_DEAD) {
                    (void)!node_cut(link);
                }
                links_drop(link);
            }
        }
        forget_calls(device);
        device->state = DEVICE_OFF;
    }
    for (int user = 0; user < USERS_MAX; user++) {
        if (devices.adding[user].is_used) {
            links_drop(devices.adding[user].link);
            devices.adding[user] = (struct call){ 0 };
        }
    }
}

bool device_has_settled(int number)
{
    const struct client *device = device_at(number);

    for (int i = 0; i < CALLS_MAX; i++) {
        if (device->calls[i].is_used && device->calls[i].kind != CALL_POLL) {
            return false;
        }
    }
    if (device->is_revoked || device->may_be_revoked) {
        return true;
    }
    for (int i = 0; i < model_sending_count(); i++) {
        const struct sending *sending = model_sending(i);
        if (sending->device == number && sending->state != SENDING_STORED &&
                sending->state != SENDING_REFUSED) {
            return false;
        }
    }
    return true;
}

bool devices_have_settled(void)
{
    for (int i = 0; i < devices.count; i++) {
        if (!device_has_settled(i)) {
            return false;
        }
    }
    return true;
}

// Its own entries may have come by their answers only.
static bool is_own(const struct client *device, int peer, uint64_t seq)
{
    int number = model_entry_sending(device->user, peer, seq);

    return number != NO_SENDING && model_sending(number)->device == device->number;
}

void device_check_shown(int number)
{
    const struct client *device = device_at(number);

    for (int peer = 0; peer < USERS_MAX; peer++) {
        if (peer == device->user || model_user_of(bytes_of(model_user_name(peer))) < 0) {
            continue;
        }
        uint64_t head = model_head(device->user, peer);
        for (uint64_t seq = 1; seq <= head && seq < ENTRIES_MAX; seq++) {
            if (!device->is_shown[peer][seq] && !is_own(device, peer, seq)) {
                model_fail("I6", "device %d of %s was never shown seq %" PRIu64 " with %s", number,
                        model_user_name(device->user), seq, model_user_name(peer));
            }
        }
    }
}

void devices_check_revoked(void)
{
    for (int i = 0; i < devices.count; i++) {
        const struct client *device = &devices.all[i];
        if (device->is_revoked && device->link != NULL && !device->link->is_closing) {
            model_fail("I14", "device %d was revoked and is still connected", i);
        }
    }
}

void device_begin_final(int number, int peer)
{
    struct client *device = device_at(number);

    device->is_final_done = false;
    device->final_peer = peer;
    model_begin_final(device->user, peer);
    ask_final_page(device, peer, 0);
}

bool device_final_is_done(int number)
{
    return device_at(number)->is_final_done;
}

bool device_is_of(int number, int user)
{
    return device_at(number)->user == user;
}

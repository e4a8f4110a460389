// SPDX-License-Identifier: MIT
// The inside of a device, for device.c, device_ask.c and device_hear.c only.

#pragma once

#include "shared/buffer.h"
#include "tests/simulation/device.h"
#include "tests/simulation/links.h"

#define CALLS_MAX 48
#define SHOWN_MAX 6000

enum call_kind {
    CALL_ADD_USER,
    CALL_RESUME,
    CALL_SUBSCRIBE,
    CALL_SENDING,
    CALL_ACK,
    CALL_HISTORY,
    CALL_FINAL,
    CALL_LIST,
    CALL_CREATE,
    CALL_REVOKE,
    CALL_POLL,
    CALL_OTHER
};

// A question without an answer yet.
struct call {
    bool is_used;
    uint64_t id;
    enum call_kind kind;
    int sending;
    int peer;
    int target;      // device to be revoked
    uint64_t cursor; // to be acknowledged; resume: its highest stored counter
    uint64_t floors[USERS_MAX];
    bool was_revoked;      // when it was asked
    struct net_link *link; // an HTTP exchange of its own
};

struct shown_event {
    uint64_t useq;
    uint64_t seq;
    int peer;
};

enum device_state { DEVICE_OFF, DEVICE_RESUMING, DEVICE_SUBSCRIBING, DEVICE_LIVE };

struct client {
    int number;
    int user;
    char id[20];
    char token[160];
    bool is_consumer;
    bool is_poller;
    bool uses_after;
    bool is_revoked;     // the server said so
    bool may_be_revoked; // it was asked to
    enum device_state state;
    struct net_link *link;
    struct call calls[CALLS_MAX];
    uint64_t stored_counter; // the highest one that was answered
    uint64_t last_counter;
    uint64_t acked;      // answered
    uint64_t ack_asked;  // the last one that was sent
    uint64_t resumed_at; // the cursor of the last resume
    uint64_t seen;
    bool is_shown[USERS_MAX][ENTRIES_MAX];
    struct shown_event shown[SHOWN_MAX]; // of others' entries
    size_t shown_count;
    size_t acked_count; // of them, told the model as acknowledged
    int final_peer;
    bool is_final_done;
};

struct devices {
    struct client all[DEVICES_MAX];
    int count;
    struct chance chance;
    uint64_t next_id;
    uint64_t next_counter;
    uint64_t operations;
    struct call adding[USERS_MAX];
};

extern struct devices devices;

struct client *device_at(int number);
int devices_add(int user, struct bytes token, struct bytes id, bool is_consumer);

// device_ask.c
struct call *ask(struct client *device, enum call_kind kind, const char *method,
        const struct buffer *params);
void ask_subscribe(struct client *device);
void ask_final_page(struct client *device, int peer, uint64_t after);
void admin_add_user(struct call *call, int user);

// device_hear.c
void hear(struct client *device, const char *text);
void hear_http(struct client *device, struct call *call);
void call_lost(struct client *device, struct call *call);

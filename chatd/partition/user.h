// SPDX-License-Identifier: MIT
// An account as its partition holds it in memory: the row, its devices, and the conversations that
// are in memory too.
//
// Owner:  its partition, by name; evicted when clean, unused and without conversations in memory.
// Thread: the partition's.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/list.h"
#include "shared/map.h"
#include "shared/name.h"
#include "shared/record.h"

#define SECRET_BYTES_MAX 160 // a password hash with its parameters

struct device {
    uint64_t id;
    uint64_t created;
    uint64_t last_seen;
    uint64_t acked_useq; // its resume point
    uint64_t counter;    // the highest stored one, to any peer
    char label[LABEL_BYTES_MAX];
    unsigned char token_hash[TOKEN_HASH_BYTES];
    uint8_t label_bytes;
    bool is_consumer;
    bool is_revoked;
    bool is_dirty;
};

struct user {
    struct map_node by_name;
    struct list recent;        // partition.recent_users
    struct list dirty;         // partition.dirty_users
    struct list conversations; // conversation.of_user, those in memory
    struct name name;
    uint64_t id;
    uint64_t created;
    uint64_t stored_bytes; // of its own entries: their texts, and STORED_ENTRY_BYTES for each
    uint64_t retention;    // RETENTION_..., or 1 + seconds
    uint64_t next_useq;    // of the next event of this mailbox; the first is 1
    enum user_state state;
    bool is_admin;
    char secret[SECRET_BYTES_MAX]; // the password's hash; empty: no password
    uint8_t secret_bytes;
    struct device *devices;
    uint32_t device_count;
    uint32_t device_capacity;
};

struct user *user_create(void) MUST_USE;
void user_destroy(struct user *user);

// NULL when there is none. Revoked devices are found too.
struct device *user_device(const struct user *user, uint64_t device);

// A zeroed device at the end, or NULL when memory is exhausted. Pointers to devices may move.
struct device *user_add_device(struct user *user) MUST_USE;

// What it costs in memory, without its conversations.
uint64_t user_bytes(const struct user *user);

// SPDX-License-Identifier: MIT
// The inside of the model, for model.c (what is said along the way) and model_final.c (what is read
// at the end).

#pragma once

#include "tests/simulation/model.h"

// What everybody must agree on about one number of a conversation.
struct entry {
    bool is_known;
    int from;
    enum message_kind kind;
    uint64_t target;
    char ts[28];
    int sending;
    bool has_digest;
    uint64_t digest; // of the conversation, with this entry as its head
};

struct conversation {
    struct entry entries[ENTRIES_MAX]; // by seq
    uint64_t stored_upto;              // the largest seq of an acknowledged send
    uint64_t seen_upto;                // the largest seq that anybody has seen
    uint64_t acked[USERS_MAX];         // by user: up to where it may have told "delivered"
    uint64_t read[USERS_MAX];
};

struct conversation *model_between(int user, int peer);
int model_sending_of_text(struct bytes text);

// Fields of what the server says; absent ones are empty.
struct bytes model_string_of(const struct json *object, const char *key);
bool model_flag_of(const struct json *object, const char *key);

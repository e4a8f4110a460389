// SPDX-License-Identifier: MIT
// An account's operation under way: what the request said, and the steps' tasks. Shared by the
// files that make accounts.h: accounts.c (who comes in, and with what), account_state.c (who may
// still).
//
// Owner: itself; operation_finish() answers the caller and ends it. Thread: the loop thread, but
// for
//        operation_read_account().

#pragma once

#include "service/accounts.h"
#include "service/token.h"

// One operation under way: a few steps, each started by the one before.
struct operation {
    struct service *service;
    void (*done)(void *context, const struct account_result *result);
    void *context;
    struct proposal proposal;
    struct read read;
    struct hash_work work;
    struct account_page page;
    struct name user;
    char source[THROTTLE_KEY_BYTES_MAX];
    uint32_t source_bytes;
    char label[LABEL_BYTES_MAX];
    uint32_t label_bytes;
    char token[TOKEN_BYTES_MAX];
    char password[PASSWORD_BYTES_MAX];
    uint32_t password_bytes;
    char new_password[PASSWORD_BYTES_MAX];
    uint32_t new_password_bytes;
    struct token presented;
    uint64_t device;
    char invite[TOKEN_BYTES_MAX];
    uint32_t invite_bytes;
    enum user_state wanted_state;
    bool is_consumer;
    bool has_token;
};

static inline struct bytes operation_user(const struct operation *operation)
{
    return name_bytes(&operation->user);
}

// NULL: no memory.
struct operation *operation_create(struct service *service, const struct account_request *request);
// Without an answer: the request could not be begun.
void operation_destroy(struct operation *operation);
void operation_finish(struct operation *operation, enum err err);

// A step of `read`: the account's page. Thread: the partition's.
void operation_read_account(struct read *read, struct partition *partition);
// Of a name that administration may change: what reserves one and what is gone are refused. err is
// the outcome of the read.
enum err operation_check_changeable(const struct operation *operation, enum err err);

// SPDX-License-Identifier: MIT
// Accounts, devices and their tokens. Every function answers later, through done (never before it
// returns), unless it returns an error: then done is not called.
//
// Thread: the loop thread.

#pragma once

#include "service/service.h"
#include "shared/limits.h"

// What became of it. The strings are lent for the call.
struct account_result {
    enum err err;
    struct identity identity;
    const char *token;   // of a new device, "" else
    uint64_t acked_useq; // resume: the device's cursor
    uint64_t counter;    // resume: its highest stored counter
};

struct account_request {
    struct bytes user;
    struct bytes password; // empty: an account without one
    struct bytes label;    // of the device; may be empty
    struct bytes source;   // where it comes from, see net_link_source(); may be empty
    struct bytes invite;   // adding a user: the code of the invite that reserved the name
    bool is_consumer;
    bool has_token; // adding a user: make a device too
    void (*done)(void *context, const struct account_result *result);
    void *context;
};

// Creates the user; the same for registration and administration, who check themselves whether it
// is allowed. ERR_EXISTS in the result when the name is taken or was once.
enum err accounts_add(struct service *service, const struct account_request *request) MUST_USE;

// Reserves a name: whoever registers it with the code (the result's token) gets it, once.
enum err accounts_invite(struct service *service, const struct account_request *request) MUST_USE;

// A further device (token) for an existing user.
enum err accounts_add_device(struct service *service,
        const struct account_request *request) MUST_USE;

// How long this name and this source must wait before a password may be tried, in milliseconds.
uint64_t accounts_wait_ms(const struct service *service, const struct account_request *request);

// Verifies the password, then makes a device. ERR_UNAUTHORIZED whatever was wrong; ERR_RATE_LIMITED
// at once, and done is not called, while accounts_wait_ms().
enum err accounts_login(struct service *service, const struct account_request *request) MUST_USE;

// Verifies the old password of request->password, then sets the new one and revokes all devices but
// `keeper`. ERR_UNAUTHORIZED when the old one is wrong; ERR_RATE_LIMITED as above.
enum err accounts_set_password(struct service *service, const struct account_request *request,
        struct bytes new_password, uint64_t keeper) MUST_USE;

// Verifies a token. ERR_UNAUTHORIZED whatever was wrong.
enum err accounts_resume(struct service *service, struct bytes token,
        void (*done)(void *context, const struct account_result *result), void *context) MUST_USE;

// For administration. All answer ERR_NOT_FOUND when there is no such user (any more), and
// ERR_INVALID when the name is only reserved by an invite.

// Sets request->password, revokes all devices, and lets the name log in at once again.
enum err accounts_reset_password(struct service *service,
        const struct account_request *request) MUST_USE;

// ACTIVE or DISABLED; DELETED is for ever, and takes the password, the devices and an invite along.
enum err accounts_set_state(struct service *service, const struct account_request *request,
        enum user_state state) MUST_USE;

// ERR_NOT_FOUND in the proposal's outcome when there is no such device.
enum err accounts_revoke(struct service *service, struct bytes user, uint64_t device,
        struct proposal *proposal) MUST_USE;

// SPDX-License-Identifier: MIT
// Password work on its own two threads, behind a bounded queue: many logins at once get ERR_BUSY
// and never slow down a message.
//
// Owner: main. Thread: the loop thread; done() there too.

#pragma once

#include <stdbool.h>

#include "auth/scrypt.h"
#include "shared/limits.h"
#include "thread/worker.h"

struct hasher;

enum err hasher_create(struct completions *completions, struct hasher **hasher) MUST_USE;
void hasher_destroy(struct hasher *hasher);

// One piece of work, embedded in whatever waits for it. The password is copied; wiped after use.
struct hash_work {
    struct task task;
    char password[PASSWORD_BYTES_MAX];
    uint32_t password_bytes;
    char stored[SCRYPT_TEXT_BYTES]; // to verify against; the result of hashing
    uint32_t stored_bytes;
    bool is_verify;
    bool is_match;
    enum err err;
    void (*done)(struct hash_work *work);
};

// ERR_BUSY: too many are waiting; done() is not called.
enum err hasher_hash(struct hasher *hasher, struct hash_work *work, struct bytes password,
        void (*done)(struct hash_work *work)) MUST_USE;
enum err hasher_verify(struct hasher *hasher, struct hash_work *work, struct bytes password,
        struct bytes stored, void (*done)(struct hash_work *work)) MUST_USE;

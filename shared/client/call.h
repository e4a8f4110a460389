// SPDX-License-Identifier: MIT
// The client's open calls, in the order in which they were made.
//
// Owner: the client, which embeds it. Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/client/client.h"
#include "shared/json.h"
#include "shared/list.h"

struct call {
    struct list of_calls;
    uint64_t id;
    struct buffer text; // the whole request
    enum call_kind kind;
    bool is_sent;            // over the present connection
    bool needs_subscription; // the server must know of it first
    client_answered *done;
    void *context;
};

struct calls {
    struct list open; // struct call
    unsigned count;
    uint64_t last_id;
};

void calls_init(struct calls *calls);
void calls_finish(struct calls *calls);

// NULL: out of memory.
struct call *calls_add(struct calls *calls, const char *method, struct bytes params,
        enum call_kind kind, client_answered *done, void *context) MUST_USE;
// It is sent before those that were made earlier; for a connection on which nothing was sent yet.
void calls_put_first(struct calls *calls, struct call *call);
// No answer is wanted any more.
void calls_drop(struct calls *calls, struct call *call);
// The next one to send, or NULL.
struct call *calls_next(const struct calls *calls);
// Hands the answer to the call that it is for; answers to nobody are dropped.
void calls_answer(struct calls *calls, const struct json *root);
// The connection is another one: repeats what may be repeated, answers the rest.
void calls_renew(struct calls *calls);
// Answers all open calls with an error.
void calls_fail(struct calls *calls, enum err err, const char *message);

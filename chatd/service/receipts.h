// SPDX-License-Identifier: MIT
// Acknowledgements on their way into the log: of one batch, only the highest of each (user, peer)
// and of each device is written.
//
// Owner: the service. Thread: the loop thread.

#pragma once

#include "cluster/cell.h"
#include "shared/check.h"
#include "shared/list.h"
#include "shared/name.h"

struct receipts;

struct receipts *receipts_create(struct cell *cell) MUST_USE;
void receipts_destroy(struct receipts *receipts);

// The user's device was shown the peer's entries behind `after` up to cseq, and acknowledges its
// mailbox up to useq. peer empty: only the resume point moves.
struct receipt {
    struct name user;
    struct name peer;
    uint64_t device;
    uint64_t useq;
    uint64_t after;
    uint64_t cseq;
};

// Who wants to know when it is durable and applied. done is called exactly once.
struct receipt_waiter {
    struct list of_receipt;
    uint64_t useq; // of a feed that has not come so far yet
    void (*done)(struct receipt_waiter *waiter, enum err err);
};

// Copied. waiter may be NULL. ERR_MEMORY: nothing was added, done is not called; the client is
// shown the events again, and acknowledges again.
enum err receipts_add(struct receipts *receipts, const struct receipt *receipt,
        struct receipt_waiter *waiter);

// Proposes everything that was added; called when a batch is about to be sealed.
void receipts_propose(struct receipts *receipts);

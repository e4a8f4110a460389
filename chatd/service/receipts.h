// SPDX-License-Identifier: MIT
// Acknowledgements on their way into the log: of one batch, only the highest of each (user, peer)
// and of each device is written.
//
// Owner: the service. Thread: the loop thread.

#pragma once

#include "cluster/cell.h"
#include "shared/bytes.h"
#include "shared/check.h"

struct receipts;

struct receipts *receipts_create(struct cell *cell) MUST_USE;
void receipts_destroy(struct receipts *receipts);

// The user's device was shown the peer's messages up to cseq, and acknowledges its mailbox up to
// useq. peer empty: only the resume point moves. What does not fit in memory is dropped: the client
// is shown it again, and acknowledges again.
void receipts_add(struct receipts *receipts, struct bytes user, uint64_t device, uint64_t useq,
        struct bytes peer, uint64_t cseq);

// Proposes everything that was added; called when a batch is about to be sealed.
void receipts_propose(struct receipts *receipts);

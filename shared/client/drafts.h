// SPDX-License-Identifier: MIT
// What was begun to be written and not sent, for each conversation. Not in the cache, because the
// cache may be thrown away at any time and this may not: nobody else has it.
//
// Files:  DIR/drafts.db (WAL, synchronous=NORMAL: a power cut may cost the last seconds). A damaged
//         file is renamed to drafts.db.damaged, never removed; one of a later version is left
//         alone.
// Owner:  drafts_close(). Thread: one. Several processes: the last writer of a draft wins.
// Errors: a sentence in drafts_reason().

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"

struct drafts;

// Those of one user; another one's in the same directory are neither shown nor dropped.
enum err drafts_open(const char *directory, struct bytes user, struct drafts **drafts) MUST_USE;
void drafts_close(struct drafts *drafts);
const char *drafts_reason(const struct drafts *drafts);

struct draft {
    struct bytes peer;
    struct bytes text;
    uint64_t position; // of the cursor, in bytes
    int64_t at_ms;     // wall clock
};

// An empty text removes it.
enum err drafts_put(struct drafts *drafts, struct bytes peer, struct bytes text,
        uint64_t position) MUST_USE;
// Calls visit once, or not; the draft is lent for the call.
enum err drafts_get(struct drafts *drafts, struct bytes peer,
        bool (*visit)(void *context, const struct draft *draft), void *context) MUST_USE;
// By peer.
enum err drafts_each(struct drafts *drafts, bool (*visit)(void *context, const struct draft *draft),
        void *context) MUST_USE;

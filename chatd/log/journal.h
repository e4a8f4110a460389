// SPDX-License-Identifier: MIT
// The embedded commit log: segments in a directory, indexes dense from 1. The cluster's log (etcd)
// will offer these same functions.
//
// Owner:  main opens it; afterwards only tasks of the log thread use it.
// States: OPEN -> FAILED when an append's outcome is unknown (an error of fsync, say). A failed
//         journal appends nothing more: fsync is not tried again, because the kernel may have
//         dropped the dirty pages that it failed to write.

#pragma once

#include <stdint.h>

#include "shared/batch.h"
#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"

struct journal;

// A segment that has grown to segment_bytes_max gets no further batch. ERR_DAMAGED when a segment
// is missing or unreadable; a plain sentence is written to reason.
enum err journal_open(const char *directory, uint64_t segment_bytes_max, struct journal **journal,
        char *reason, size_t reason_bytes) MUST_USE;
void journal_close(struct journal *journal);

// Appends as index journal_last_index() + 1; durable when this returns ERR_OK. ERR_DISK_FULL:
// nothing was written, the same index may be tried again. ERR_IO: the journal has failed.
enum err journal_append(struct journal *journal, struct bytes body) MUST_USE;

uint64_t journal_first_index(const struct journal *journal); // last + 1 when empty
uint64_t journal_last_index(const struct journal *journal);
uint64_t journal_bytes(const struct journal *journal);

// Visits every batch from `from` on, in order, up to the last; stops at the first error.
enum err journal_read(struct journal *journal, uint64_t from,
        enum err (*visit)(void *context, uint64_t index, struct bytes body),
        void *context) MUST_USE;

// Removes the segments that hold nothing above upto. The last segment always stays.
enum err journal_trim(struct journal *journal, uint64_t upto) MUST_USE;

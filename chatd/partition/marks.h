// SPDX-License-Identifier: MIT
// Whether a device's send was applied before: exact, for ever, without an index on messages.
//
// Counters of a device mostly rise with cseq. So of each sender a sparse mark (counter, cseq) is
// kept for one in MARK_MESSAGES messages, and at least every MARK_SPAN_ROWS entries: a counter is
// looked for only in the MARK_SPAN_ROWS rows behind the highest mark at or below it. A message that
// comes with a lower counter than one before it (a send that was refused, and tried again after
// later ones) gets an exact "late" mark of its own.
//
// Thread: the partition's.

#pragma once

#include "partition/residence.h"

struct earlier {
    uint64_t cseq;
    uint64_t useq;
    uint64_t ts;
    bool is_same; // kind, target and first text are those asked for
};

// ERR_NOT_FOUND: never applied. ERR_CONFLICT: it may have been, where retention has taken entries
// away. Other errors have quarantined the partition.
enum err marks_find(struct partition *partition, struct conversation *conversation, uint32_t sender,
        const struct message *wanted, struct earlier *earlier) MUST_USE;

// To be called for each entry with a counter, after it was appended. False when out of memory.
bool marks_note(struct conversation *conversation, const struct message *row) MUST_USE;

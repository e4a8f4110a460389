// SPDX-License-Identifier: MIT
// The entries of a RECORD_IMPORT as they are packed in its text: a part of a conversation that was
// exported somewhere, written again with its times and authors. What is packed is in logs for ever.
//
// An entry: a byte of flags and kind, then as LEB128 the milliseconds since the entry before (of
// the first: since 1970), device, counter, of edits and deletes the target, the hash of the first
// text where the text is not the first one any more, the text's length, and the text.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"
#include "shared/history_digest.h"
#include "shared/view.h"

struct import_entry {
    uint64_t ts; // milliseconds since 1970, UTC
    uint64_t device;
    uint64_t counter; // 0: none
    uint64_t target;
    uint64_t text_hash; // of the first text; 0: the text is the first one
    struct bytes text;  // lent
    enum message_kind kind;
    bool is_of_user; // written by the record's user, else by its peer
    bool is_edited;
    bool is_deleted;
};

// Times of one record's entries must not decrease: previous_ts is that of the entry before, 0
// before the first.
void import_entry_pack(const struct import_entry *entry, uint64_t previous_ts, struct buffer *out);

// The next one; *ts is the time of the one before it, and is moved. ERR_NOT_FOUND at the end,
// ERR_DAMAGED when it is none.
enum err import_entry_next(struct reader *reader, uint64_t *ts,
        struct import_entry *entry) MUST_USE;

// What its digest is made of: `from` is the author's name.
struct history_entry import_entry_history(const struct import_entry *entry, uint64_t seq,
        struct bytes from);

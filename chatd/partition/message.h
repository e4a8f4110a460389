// SPDX-License-Identifier: MIT
// One entry of a conversation, as a row in memory.
//
// Owner:  the conversation whose tail or patch list it is in. A row that is only being read from
//         SQLite is a value on the stack whose text is lent.
// Thread: the partition's.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/view.h"

#define MESSAGE_IS_EDITED 1U
#define MESSAGE_IS_DELETED 2U
#define MESSAGE_IS_IMPORTED 4U // no event of the mailbox: its place there is never told

struct message {
    uint64_t cseq;
    uint64_t useq;
    uint64_t ts;
    uint64_t counter;   // 0: not repeatable
    uint64_t target;    // edits and deletes: the cseq they change
    uint64_t edit;      // of a text: its newest edit; of an edit: the one before it; 0: none
    uint64_t text_hash; // of the first text; 0 while the text is still the first one
    struct bytes text;  // of an owned row: stands behind the struct
    uint32_t sender;    // a number of the conversation's sender table
    uint8_t kind;       // enum message_kind
    uint8_t flags;
    bool is_dirty; // differs from the file
};

// A copy on the heap that owns its text. NULL when memory is exhausted.
struct message *message_create(const struct message *message) MUST_USE;
void message_destroy(struct message *message);

// What a row costs in memory.
uint64_t message_bytes(const struct message *message);

// Whether this text is the one the message had when it was first appended.
bool message_had_text(const struct message *message, struct bytes text);

// SPDX-License-Identifier: MIT
// The running digest of a conversation: over its entries as they were first appended, so that both
// users' copies, a node's followers and a client's cache can be compared by one number.
//
// What is hashed stands in files and on the wire for ever: little-endian, XXH3.

#pragma once

#include <stdint.h>

#include "shared/bytes.h"
#include "shared/view.h"

struct history_entry {
    uint64_t seq;
    uint64_t ts;
    uint64_t target;
    uint64_t text_hash; // of the first text
    struct bytes from;  // a valid name
    enum message_kind kind;
};

// XXH3 of a text as it was first sent; never 0.
uint64_t history_text_hash(struct bytes text);

// The digest behind an entry, from the one before it; before the first entry it is 0.
uint64_t history_next_digest(uint64_t digest, const struct history_entry *entry);

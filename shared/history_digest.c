// SPDX-License-Identifier: MIT
#include "shared/history_digest.h"

#include <assert.h>
#include <string.h>

#include <xxhash.h>

#include "shared/check.h"
#include "shared/limits.h"

uint64_t history_text_hash(struct bytes text)
{
    uint64_t hash = XXH3_64bits(text.data, text.size);

    return hash == 0 ? 1 : hash;
}

uint64_t history_next_digest(uint64_t digest, const struct history_entry *entry)
{
    struct {
        uint64_t digest, seq, ts, kind, target, text_hash;
        char from[NAME_BYTES_MAX];
    } hashed = { digest, entry->seq, entry->ts, entry->kind, entry->target, entry->text_hash,
        { 0 } };

    static_assert(sizeof(hashed) == 6 * 8 + NAME_BYTES_MAX, "no padding is hashed");
    CHECK(entry->from.size <= sizeof(hashed.from));
    memcpy(hashed.from, entry->from.data, entry->from.size);
    return XXH3_64bits(&hashed, sizeof(hashed));
}

// SPDX-License-Identifier: MIT
// What writing and reading a history file have in common: the hash over its lines, and an entry.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/check.h"
#include "shared/json.h"

#define LINE_HASH_TEXT_BYTES 65 // SHA-256 in hexadecimal digits, and NUL

struct line_hash {
    void *context; // of OpenSSL
};

bool line_hash_begin(struct line_hash *hash) MUST_USE;
void line_hash_add(struct line_hash *hash, const void *data, size_t bytes);
// Of all that was added so far; more may be added.
void line_hash_text(const struct line_hash *hash, char text[LINE_HASH_TEXT_BYTES]);
void line_hash_finish(struct line_hash *hash);

bool digest_read(struct bytes text, uint64_t *digest);

// The digest behind an entry of admin.history.entries, or of a file's line.
uint64_t entry_digest(uint64_t digest, const struct json *entry);

// The fields of an entry that a file keeps, in their order; the object's end is left out.
void entry_write(struct buffer *out, const struct json *entry);

// SPDX-License-Identifier: MIT
#include "history_lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "output.h"
#include "shared/clock.h"
#include "shared/hex.h"
#include "shared/history_digest.h"
#include "shared/limits.h"

bool line_hash_begin(struct line_hash *hash)
{
    hash->context = EVP_MD_CTX_new();
    return hash->context != NULL && EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) == 1;
}

void line_hash_add(struct line_hash *hash, const void *data, size_t bytes)
{
    (void)EVP_DigestUpdate(hash->context, data, bytes);
}

void line_hash_text(const struct line_hash *hash, char text[LINE_HASH_TEXT_BYTES])
{
    unsigned char sum[EVP_MAX_MD_SIZE] = { 0 };
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    unsigned bytes = 0;

    if (copy != NULL && EVP_MD_CTX_copy_ex(copy, hash->context) == 1) {
        (void)EVP_DigestFinal_ex(copy, sum, &bytes);
    }
    EVP_MD_CTX_free(copy);
    for (unsigned i = 0; i < 32; i++) {
        snprintf(text + 2 * (size_t)i, 3, "%02x", sum[i]);
    }
}

void line_hash_finish(struct line_hash *hash)
{
    EVP_MD_CTX_free(hash->context);
    hash->context = NULL;
}

bool digest_read(struct bytes text, uint64_t *digest)
{
    return hex_read(text, 16, digest);
}

static enum message_kind kind_of(const struct json *entry)
{
    struct bytes word = output_text(entry, "kind");

    return word.size == 0 ? MESSAGE_TEXT : word.data[0] == 'e' ? MESSAGE_EDIT : MESSAGE_DELETE;
}

uint64_t entry_digest(uint64_t digest, const struct json *entry)
{
    struct bytes ts = output_text(entry, "ts"), from = output_text(entry, "from");
    int64_t ms = 0;
    uint64_t hash = 0;

    if (!clock_parse(ts.data, ts.size, &ms) || !digest_read(output_text(entry, "hash"), &hash) ||
            from.size > NAME_BYTES_MAX) {
        return 0;
    }
    const struct history_entry history = {
        .seq = output_uint(entry, "seq"),
        .ts = (uint64_t)ms,
        .target = output_uint(entry, "target"),
        .text_hash = hash,
        .from = from,
        .kind = kind_of(entry),
    };
    return history_next_digest(digest, &history);
}

void entry_write(struct buffer *out, const struct json *entry)
{
    // What the server adds beside these is of that server only.
    static const char *const keys[] = { "seq", "ts", "from", "kind", "target", "device", "counter",
        "hash", "text", "edited", "deleted" };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct json *value = json_get(entry, keys[i]);
        struct bytes text;
        if (value == NULL) {
            continue;
        }
        buffer_print(out, "%c\"%s\":", i == 0 ? '{' : ',', keys[i]);
        if (json_read_string(value, &text)) {
            json_add_string(out, text);
        } else {
            json_dump(value, out);
        }
    }
}

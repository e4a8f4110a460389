// SPDX-License-Identifier: MIT
#include "service/token.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "shared/name.h"
#include "shared/random.h"

#define SECRET_BYTES 32
#define SECRET_TEXT_BYTES 43
#define SECRET_ROOM 48 // what EVP_EncodeBlock writes, and NUL
#define DEVICE_TEXT_BYTES 12

static void hash_secret(const char *secret, unsigned char hash[TOKEN_HASH_BYTES])
{
    SHA256((const unsigned char *)secret, SECRET_TEXT_BYTES, hash);
}

// 256 random bits as 43 characters of base64url, and their hash.
static void make_secret(char secret[SECRET_ROOM], unsigned char hash[TOKEN_HASH_BYTES])
{
    unsigned char random[SECRET_BYTES];

    random_fill(random, sizeof(random));
    EVP_EncodeBlock((unsigned char *)secret, random, sizeof(random));
    secret[SECRET_TEXT_BYTES] = '\0'; // without the padding
    for (int i = 0; i < SECRET_TEXT_BYTES; i++) {
        if (secret[i] == '+') {
            secret[i] = '-';
        } else if (secret[i] == '/') {
            secret[i] = '_';
        }
    }
    hash_secret(secret, hash);
    OPENSSL_cleanse(random, sizeof(random));
}

void token_make(struct bytes user, uint64_t device, char text[TOKEN_BYTES_MAX],
        unsigned char hash[TOKEN_HASH_BYTES])
{
    char secret[SECRET_ROOM];

    make_secret(secret, hash);
    snprintf(text, TOKEN_BYTES_MAX, "%.*s~%012" PRIx64 "~%s", (int)user.size, user.data, device,
            secret);
    OPENSSL_cleanse(secret, sizeof(secret));
}

void token_make_code(char text[TOKEN_BYTES_MAX], unsigned char hash[TOKEN_HASH_BYTES])
{
    char secret[SECRET_ROOM];

    make_secret(secret, hash);
    snprintf(text, TOKEN_BYTES_MAX, "%s", secret);
    OPENSSL_cleanse(secret, sizeof(secret));
}

void token_hash(struct bytes code, unsigned char hash[TOKEN_HASH_BYTES])
{
    SHA256((const unsigned char *)code.data, code.size, hash);
}

static bool read_device(const char *text, uint64_t *device)
{
    *device = 0;
    for (int i = 0; i < DEVICE_TEXT_BYTES; i++) {
        char c = text[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
            return false;
        }
        *device = *device << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return true;
}

bool token_parse(struct bytes text, struct token *token)
{
    const char *end = text.size == 0 ? NULL : memchr(text.data, '~', text.size);

    if (end == NULL) {
        return false;
    }
    token->user = (struct bytes){ text.data, (uint32_t)(end - text.data) };
    if (!name_is_valid(token->user) ||
            text.size != token->user.size + 2 + DEVICE_TEXT_BYTES + SECRET_TEXT_BYTES ||
            end[1 + DEVICE_TEXT_BYTES] != '~') {
        return false;
    }
    hash_secret(end + 2 + DEVICE_TEXT_BYTES, token->hash);
    return read_device(end + 1, &token->device);
}

bool token_matches(const struct token *token, const unsigned char hash[TOKEN_HASH_BYTES])
{
    return CRYPTO_memcmp(token->hash, hash, TOKEN_HASH_BYTES) == 0;
}

// SPDX-License-Identifier: MIT
#include "auth/scrypt.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "shared/random.h"

#define SALT_BYTES 16
#define HASH_BYTES 32
#define LOG_N 15U
#define R 8U
#define P 3U
// OpenSSL refuses more than 32 MiB unless told: 128 * N * r, and some for p and itself.
#define MEMORY_BYTES_MAX (96UL * 1024 * 1024)

struct parameters {
    unsigned log_n, r, p;
    unsigned char salt[SALT_BYTES];
    unsigned char hash[HASH_BYTES];
};

static bool derive(struct bytes password, const struct parameters *parameters,
        unsigned char hash[HASH_BYTES])
{
    return EVP_PBE_scrypt(password.data, password.size, parameters->salt, SALT_BYTES,
                   1ULL << parameters->log_n, parameters->r, parameters->p, MEMORY_BYTES_MAX, hash,
                   HASH_BYTES) == 1;
}

static void put_hex(char *text, const unsigned char *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        snprintf(text + 2 * i, 3, "%02x", data[i]);
    }
}

static bool get_hex(const char *text, unsigned char *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned value;
        if (sscanf(text + 2 * i, "%2x", &value) != 1) {
            return false;
        }
        data[i] = (unsigned char)value;
    }
    return true;
}

static void format(const struct parameters *parameters, char text[SCRYPT_TEXT_BYTES])
{
    char salt[2 * SALT_BYTES + 1], hash[2 * HASH_BYTES + 1];

    put_hex(salt, parameters->salt, SALT_BYTES);
    put_hex(hash, parameters->hash, HASH_BYTES);
    snprintf(text, SCRYPT_TEXT_BYTES, "scrypt$%u$%u$%u$%s$%s", parameters->log_n, parameters->r,
            parameters->p, salt, hash);
}

enum err scrypt_hash(struct bytes password, char text[SCRYPT_TEXT_BYTES])
{
    struct parameters parameters = { .log_n = LOG_N, .r = R, .p = P };

    random_fill(parameters.salt, SALT_BYTES);
    if (!derive(password, &parameters, parameters.hash)) {
        return ERR_MEMORY;
    }
    format(&parameters, text);
    return ERR_OK;
}

static bool parse(struct bytes stored, struct parameters *parameters)
{
    char text[SCRYPT_TEXT_BYTES] = "", written[SCRYPT_TEXT_BYTES];
    char salt[2 * SALT_BYTES + 1], hash[2 * HASH_BYTES + 1];

    if (stored.size == 0 || stored.size >= sizeof(text)) {
        return false;
    }
    memcpy(text, stored.data, stored.size);
    if (sscanf(text, "scrypt$%2u$%2u$%2u$%32[0-9a-f]$%64[0-9a-f]", &parameters->log_n,
                &parameters->r, &parameters->p, salt, hash) != 5 ||
            strlen(salt) != 2 * SALT_BYTES || strlen(hash) != 2 * HASH_BYTES) {
        return false;
    }
    if (parameters->log_n > 16 || !get_hex(salt, parameters->salt, SALT_BYTES) ||
            !get_hex(hash, parameters->hash, HASH_BYTES)) {
        return false;
    }
    // sscanf is generous with spaces, signs and what follows; only our own writing is right.
    format(parameters, written);
    return strlen(written) == stored.size && memcmp(written, stored.data, stored.size) == 0;
}

bool scrypt_verify(struct bytes password, struct bytes stored)
{
    struct parameters parameters = { .log_n = LOG_N, .r = R, .p = P };
    unsigned char hash[HASH_BYTES] = { 0 };

    bool is_real = parse(stored, &parameters);
    if (!is_real) {
        parameters = (struct parameters){ .log_n = LOG_N, .r = R, .p = P };
    }
    bool is_derived = derive(password, &parameters, hash);
    bool is_equal = CRYPTO_memcmp(hash, parameters.hash, HASH_BYTES) == 0;
    return is_real && is_derived && is_equal;
}

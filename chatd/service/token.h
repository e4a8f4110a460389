// SPDX-License-Identifier: MIT
// Device tokens: "<user>~<device>~<secret>", the secret 256 random bits as 43 characters of
// base64url (RFC 4648). Only the secret's SHA-256 is stored. The user's name is in it because it
// says which partition knows the device; a name can't contain '~'.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/limits.h"

struct token {
    struct bytes user; // lent from the text
    uint64_t device;
    unsigned char hash[TOKEN_HASH_BYTES];
};

// A new one: its text and the hash to store.
void token_make(struct bytes user, uint64_t device, char text[TOKEN_BYTES_MAX],
        unsigned char hash[TOKEN_HASH_BYTES]);

// An invite's code: a secret alone.
void token_make_code(char text[TOKEN_BYTES_MAX], unsigned char hash[TOKEN_HASH_BYTES]);

// SHA-256 of a code as it was shown.
void token_hash(struct bytes code, unsigned char hash[TOKEN_HASH_BYTES]);

// False when the text is no token. A true says nothing about its being right.
bool token_parse(struct bytes text, struct token *token);

// Against the stored hash, in constant time.
bool token_matches(const struct token *token, const unsigned char hash[TOKEN_HASH_BYTES]);

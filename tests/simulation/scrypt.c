// SPDX-License-Identifier: MIT
// Passwords without the cost (instead of chatd/auth/scrypt.c).

#include "auth/scrypt.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/map.h"

enum err scrypt_hash(struct bytes password, char text[SCRYPT_TEXT_BYTES])
{
    snprintf(text, SCRYPT_TEXT_BYTES, "simulated$%016" PRIx64,
            map_hash(password.data, password.size));
    return ERR_OK;
}

bool scrypt_verify(struct bytes password, struct bytes stored)
{
    char text[SCRYPT_TEXT_BYTES];

    return scrypt_hash(password, text) == ERR_OK && bytes_equal(bytes_of(text), stored);
}

// SPDX-License-Identifier: MIT
#include "shared/client/digest.h"

#include <stdio.h>

#include <openssl/sha.h>

void digest_text(struct bytes data, char text[DIGEST_TEXT_BYTES])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)data.data, data.size, digest);
    for (size_t i = 0; i < sizeof(digest); i++) {
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
}

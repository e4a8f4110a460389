// SPDX-License-Identifier: MIT
// Password hashes with scrypt (RFC 7914): N = 2^15, r = 8, p = 3 (OWASP's 32 MiB setting), a
// 16-byte salt, the parameters stored with the hash: "scrypt$15$8$3$<salt hex>$<hash hex>".
//
// Thread: any but the loop thread; one call takes about 0.2 s and 32 MiB.

#pragma once

#include <stdbool.h>

#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"

#define SCRYPT_TEXT_BYTES 128

enum err scrypt_hash(struct bytes password, char text[SCRYPT_TEXT_BYTES]) MUST_USE;

// Compares in constant time. An empty or malformed stored hash is compared with a dummy, so that an
// unknown user takes as long as a wrong password, and never matches.
bool scrypt_verify(struct bytes password, struct bytes stored);

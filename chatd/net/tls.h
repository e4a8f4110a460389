// SPDX-License-Identifier: MIT
// Inside net/ only: the certificate of the public listener.
//
// Owner:    the net; made before the context of libwebsockets and destroyed after it.
// Lifetime: a handshake takes the certificate that is current when its ClientHello comes; open
//           connections keep what they have.

#pragma once

#include <stddef.h>

#include <openssl/ssl.h>

#include "shared/check.h"
#include "shared/err.h"

struct tls;

// Both files are PEM: the certificate with its chain, and its key without a passphrase. On failure
// writes one plain sentence to reason.
enum err tls_create(const char *certificate, const char *key, char *reason, size_t reason_bytes,
        struct tls **tls) MUST_USE;
// Accepts NULL.
void tls_destroy(struct tls *tls);

// Reads both files again. On failure nothing changes.
enum err tls_reload(struct tls *tls, char *reason, size_t reason_bytes) MUST_USE;

// Sets up the context that libwebsockets made for its virtual host: which versions, how little
// memory, where the certificate comes from.
void tls_equip(struct tls *tls, SSL_CTX *context);

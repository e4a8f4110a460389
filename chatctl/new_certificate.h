// SPDX-License-Identifier: MIT
// A certificate that nobody else has signed, for a server's first day.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "shared/check.h"

#define CERTIFICATE_FINGERPRINT_BYTES 65 // SHA-256 in hexadecimal digits, and NUL

// Makes a key (P-256) and a certificate for these names: host names or addresses, with spaces
// between; the first one is its subject. Both files must not exist; the key's mode is 0600. False:
// reason says why, and neither is left behind.
bool certificate_make(const char *names, const char *certificate_path, const char *key_path,
        char *reason, size_t reason_bytes) MUST_USE;

// Of the first certificate of a PEM file. False: it can't be read.
bool certificate_fingerprint(const char *path,
        char fingerprint[CERTIFICATE_FINGERPRINT_BYTES]) MUST_USE;

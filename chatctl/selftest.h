// SPDX-License-Identifier: MIT
// Whether a message gets from one user to another, over a WebSocket or over long poll, by the same
// code that clients use.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "shared/check.h"

struct selftest {
    const char *server;      // a URL
    const char *fingerprint; // of the one certificate to accept; NULL without TLS
    const char *sender_token;
    const char *receiver_token;
    const char *receiver;
    long timeout_ms;
    bool is_poll; // never a WebSocket
};

// Sends, and waits for the message at the other end. False: reason says how far it got.
bool selftest_run(const struct selftest *test, char *reason, size_t reason_bytes) MUST_USE;

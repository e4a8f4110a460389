// SPDX-License-Identifier: MIT
// Where a server is, as people write it.

#pragma once

#include <stdbool.h>

#include "shared/check.h"

struct address {
    char url[300];         // "https://host:port", without anything behind it
    const char *authority; // "host:port", in it
    bool is_tls;
    bool is_local; // this machine, by number or as "localhost"
};

// "http://host:port", "https://...", ws and wss alike, or "host:port". False: it is not understood,
// or has a user name in it, which could be mistaken for the host.
bool address_parse(const char *text, struct address *address) MUST_USE;
// Plain text carries a token only within this machine.
bool address_keeps_secrets(const struct address *address);

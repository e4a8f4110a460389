// SPDX-License-Identifier: MIT
// What chatctl needs to know of a chatd.conf(5), and chatd's own judgement of it.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "shared/check.h"

struct settings {
    char data[480];
    char listen[480];
    char registration[480];
    char server_name[480];
    char admin_socket[480];
    char tls_certificate[480];
    char tls_key[480];
};

// Only these settings; empty when the file does not name them. False: it can't be read (errno).
bool settings_read(const char *path, struct settings *settings) MUST_USE;

enum settings_verdict { SETTINGS_GOOD, SETTINGS_BAD, SETTINGS_UNJUDGED };

// Runs "chatd --config FILE --check", the chatd beside this program or else that of PATH. BAD: its
// sentence is in says. UNJUDGED: there is no chatd here.
enum settings_verdict settings_judge(const char *path, char *says, size_t says_bytes) MUST_USE;

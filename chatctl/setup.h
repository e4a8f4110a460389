// SPDX-License-Identifier: MIT
// What "setup" decides and writes. Asking is setup_answers.c, writing setup_files.c.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "command.h"

#define SETUP_CONFIG_DEFAULT "/etc/chatd/chatd.conf"

struct setup {
    const struct rpc *rpc;
    const struct arguments *arguments;
    char config[480]; // the file
    char data[480];
    char listen[480];
    char host[256]; // under which clients reach it
    char registration[480];
    char user[64]; // the first one; "": none
    char certificate[500], key[500];
    char admin_socket[600];
    char fingerprint[65];
    bool is_there; // the file was there before
    bool has_tls;
    bool is_loopback; // nobody else can reach it
    uid_t uid;        // who chatd is, when we are root and there is such a user; else -1
    gid_t gid;
};

// From options, from a file that is there already, or by asking. Otherwise says what is wrong.
enum exit_code setup_decide(struct setup *setup) MUST_USE;

// Directories, certificate and key, file: each only if it is not there. Otherwise says what is
// wrong.
enum exit_code setup_write(struct setup *setup) MUST_USE;

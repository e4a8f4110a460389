// SPDX-License-Identifier: MIT
// A chatd of our own for a few seconds: started, waited for, and ended again.
//
// Owner: the command that starts it. Thread: one.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "shared/check.h"

struct chatd_process {
    pid_t pid;
    int fd;        // what it says
    unsigned port; // where it serves
};

// The chatd beside this program, else that of PATH, with this configuration; as this user when uid
// is not (uid_t)-1. Waits until it serves. False: says has its last words.
bool chatd_process_start(struct chatd_process *process, const char *config, uid_t uid, gid_t gid,
        char *says, size_t says_bytes) MUST_USE;

// SIGTERM, and waits for its end. False: it did not end well.
bool chatd_process_stop(struct chatd_process *process);

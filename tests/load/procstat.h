// SPDX-License-Identifier: MIT
// What a process has used, from /proc, and the clock that all measurements share.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/check.h"

struct procstat {
    double cpu_seconds; // user and system, all threads
    double user_seconds;
    uint64_t rss_bytes;
    uint64_t written_bytes; // what the process caused to be sent to storage
};

// Returns false when there is no such process; *stat is then all zero.
bool procstat_read(pid_t pid, struct procstat *stat) MUST_USE;

// CLOCK_MONOTONIC.
uint64_t clock_ns(void);

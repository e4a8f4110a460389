// SPDX-License-Identifier: MIT
// What a stretch of time cost the server and ourselves, and the one JSON line that says so.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/load/histogram.h"
#include "tests/load/procstat.h"

struct stretch {
    pid_t pid; // the server, 0: not measured
    uint64_t start_ns;
    double seconds;
    bool has_server;
    struct procstat server_before, server;
    struct procstat own_before, own;
};

void stretch_start(struct stretch *stretch, pid_t server);
void stretch_stop(struct stretch *stretch);

// One line on stdout: open, members, close.
void report_open(const char *mode);
void report_count(const char *name, uint64_t value);
void report_figure(const char *name, double value);
void report_word(const char *name, const char *value);
// name_p50_us, name_p99_us, name_p999_us, name_max_us
void report_latency(const char *name, const struct histogram *histogram);
// Seconds, CPU and RSS of the server and of this process, CPU for each of count (named unit).
void report_stretch(const struct stretch *stretch, uint64_t count, const char *unit);
void report_close(void);

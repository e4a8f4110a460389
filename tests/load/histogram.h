// SPDX-License-Identifier: MIT
// Latencies in nanoseconds, counted in buckets of at most 1.6 % width, so that recording one is a
// few instructions and percentiles of millions cost no memory.

#pragma once

#include <stdint.h>

#define HISTOGRAM_STEPS 64ULL  // buckets for each power of two
#define HISTOGRAM_POWERS 42ULL // up to 2^42 ns: more than an hour

struct histogram {
    uint64_t count;
    uint64_t max_ns;
    uint64_t buckets[HISTOGRAM_STEPS * HISTOGRAM_POWERS];
};

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t ns);

// The time in microseconds that the given share (0 to 1) of the recorded ones do not exceed; 0 when
// nothing was recorded.
double histogram_us(const struct histogram *histogram, double share);

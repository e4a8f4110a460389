// SPDX-License-Identifier: MIT
#include "tests/load/histogram.h"

#include <string.h>

void histogram_clear(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

// Below 2^7 a bucket is 1 ns wide; above, the six bits behind the leading one choose the bucket.
static unsigned bucket_of(uint64_t ns)
{
    if (ns < 2 * HISTOGRAM_STEPS) {
        return (unsigned)ns;
    }
    unsigned power = 63 - (unsigned)__builtin_clzll(ns);
    unsigned shift = power - 6;
    unsigned bucket = (unsigned)(shift * HISTOGRAM_STEPS + (ns >> shift));
    unsigned last = (unsigned)(HISTOGRAM_STEPS * HISTOGRAM_POWERS - 1);

    return bucket < last ? bucket : last;
}

// The middle of a bucket.
static double bucket_ns(unsigned bucket)
{
    if (bucket < 2 * HISTOGRAM_STEPS) {
        return bucket;
    }
    unsigned shift = (unsigned)(bucket / HISTOGRAM_STEPS - 1);
    uint64_t low = (uint64_t)(bucket - shift * HISTOGRAM_STEPS) << shift;

    return (double)low + (double)(1ULL << shift) / 2;
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
    histogram->buckets[bucket_of(ns)]++;
    histogram->count++;
    if (ns > histogram->max_ns) {
        histogram->max_ns = ns;
    }
}

double histogram_us(const struct histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)((double)histogram->count * share);
    uint64_t seen = 0;

    if (histogram->count == 0) {
        return 0;
    }
    for (unsigned i = 0; i < HISTOGRAM_STEPS * HISTOGRAM_POWERS; i++) {
        seen += histogram->buckets[i];
        if (seen > wanted) {
            double ns = bucket_ns(i);
            return (ns < (double)histogram->max_ns ? ns : (double)histogram->max_ns) / 1000;
        }
    }
    return (double)histogram->max_ns / 1000;
}

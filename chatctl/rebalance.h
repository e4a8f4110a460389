// SPDX-License-Identifier: MIT
// Which partitions move where, so that each directory holds its share: in proportion to the size of
// its file system. Pure arithmetic.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "shared/bytes.h"

#define REBALANCE_PLACES_MAX 16

struct rebalance_place {
    struct bytes path;
    uint64_t disk_bytes; // of its file system
    uint64_t bytes;      // of the partitions in it
    uint64_t target;     // rebalance_plan() sets it
    bool is_drained;     // to hold nothing
};

struct rebalance_file {
    uint64_t partition;
    uint64_t bytes;
    unsigned place; // where it is
    unsigned to;    // rebalance_plan() sets it; the same place: stays
};

// Sorts the files, the largest first. Returns how many move.
size_t rebalance_plan(struct rebalance_place *places, unsigned place_count,
        struct rebalance_file *files, size_t file_count);

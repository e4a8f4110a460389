// SPDX-License-Identifier: MIT
// One run of the simulation: a node, its users and devices, and everything that goes wrong, from
// one seed.

#pragma once

#include <stdbool.h>
#include <stdint.h>

// What happened, over all runs.
struct world_counts {
    uint64_t runs, steps, starts, kills, power_losses, clean_stops, failed, allocation_failures,
            aborts, full_disks, quarantines;
};

struct world_options {
    uint64_t seed;
    unsigned steps;
    bool has_memory_faults;
};

// False: an invariant was violated; model_failure() says which.
bool world_run(const struct world_options *options, struct world_counts *counts);

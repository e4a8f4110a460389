// SPDX-License-Identifier: MIT
// Simulation of one node: log, partitions, services and sessions in one thread, from one seed.
//
//   simulation --seeds 1..1000     many runs; stops at the first that violates an invariant
//   simulation --seed 17 --trace   the same run again, told step by step
//   simulation --plants            each planted bug must be caught

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/simulation/device.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/disk_vfs.h"
#include "tests/simulation/heap.h"
#include "tests/simulation/model.h"
#include "tests/simulation/surroundings.h"
#include "tests/simulation/world.h"

struct options {
    uint64_t first, last;
    unsigned steps;
    unsigned seconds; // 0: no limit
    const char *plant;
    bool is_plants;
    bool is_trace;
    bool has_memory_faults;
};

static const char usage[] =
        "usage: simulation [--seed N | --seeds A..B] [--steps N] [--seconds N] [--memory] [--trace]\n"
        "                  [--plant NAME | --plants]\n";

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool read_seeds(struct options *options, const char *text)
{
    char *end;

    options->first = strtoull(text, &end, 10);
    options->last = options->first;
    if (strncmp(end, "..", 2) == 0) {
        options->last = strtoull(end + 2, &end, 10);
    }
    return *end == '\0' && end != text && options->first <= options->last;
}

static bool read_options(struct options *options, int argc, char **argv)
{
    *options = (struct options){ .first = 1, .last = 200, .steps = 150 };
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--trace") == 0) {
            options->is_trace = true;
        } else if (strcmp(argv[i], "--memory") == 0) {
            options->has_memory_faults = true;
        } else if (strcmp(argv[i], "--plants") == 0) {
            options->is_plants = true;
        } else if (strcmp(argv[i], "--plant") == 0) {
            options->plant = argv[++i];
        } else if (strcmp(argv[i], "--steps") == 0) {
            options->steps = (unsigned)strtoul(value, NULL, 10);
            i++;
        } else if (strcmp(argv[i], "--seconds") == 0) {
            options->seconds = (unsigned)strtoul(value, NULL, 10);
            i++;
        } else if ((strcmp(argv[i], "--seed") == 0 || strcmp(argv[i], "--seeds") == 0) &&
                read_seeds(options, value)) {
            i++;
        } else {
            return false;
        }
    }
    return options->steps > 0;
}

// Runs seeds until one is red; returns it, or 0.
static uint64_t run_seeds(const struct options *options, struct world_counts *counts)
{
    double start = now();

    for (uint64_t seed = options->first; seed <= options->last; seed++) {
        const struct world_options run = {
            .seed = seed,
            .steps = options->steps,
            .has_memory_faults = options->has_memory_faults,
        };
        if (!world_run(&run, counts)) {
            return seed;
        }
        if (options->seconds > 0 && now() - start > options->seconds) {
            break;
        }
    }
    return 0;
}

static bool print_fault(const char *name, uint64_t count)
{
    printf(" %s %" PRIu64 ",", name, count);
    return count > 0;
}

// The last line; false when a fault never bit.
static bool print_counts(const struct options *options, const struct world_counts *counts)
{
    struct disk_losses losses = disk_losses();
    bool has_bitten = true;

    printf("note: %" PRIu64 " seeds, %" PRIu64 " operations, %" PRIu64 " crashes, %" PRIu64
           " power losses, faults that bit:",
            counts->runs, devices_operations(), counts->kills, counts->power_losses);
    for (int fault = 0; fault < DISK_FAULT_COUNT; fault++) {
        has_bitten &= print_fault(disk_fault_names[fault], disk_bites((enum disk_fault)fault));
    }
    has_bitten &= print_fault("full disks", counts->full_disks);
    has_bitten &= print_fault("torn writes", losses.writes_torn);
    has_bitten &= print_fault("dropped writes", losses.writes_dropped);
    has_bitten &= print_fault("lost names", losses.names_dropped);
    has_bitten &= !options->has_memory_faults ||
            print_fault("failed allocations", counts->allocation_failures);
    printf(" clean stops %" PRIu64 ", given up %" PRIu64 "\n", counts->clean_stops, counts->failed);
    return has_bitten;
}

static int run(const struct options *options)
{
    struct world_counts counts = { 0 };
    double start = now();
    uint64_t red = run_seeds(options, &counts);
    double seconds = now() - start;

    printf("%" PRIu64 " starts of the node, %.1f s, %.0f seeds a second, digest %016" PRIx64 "\n",
            counts.starts, seconds, (double)counts.runs / seconds, trace_digest());
    if (red != 0) {
        printf("RED seed %" PRIu64 " --steps %u: %s\n", red, options->steps, model_failure());
    }
    bool has_bitten = print_counts(options, &counts);
    if (!has_bitten && options->first != options->last) {
        printf("RED: a fault never bit\n");
        return 1;
    }
    return red != 0;
}

// name, and how many seeds it may take. applied_index_apart is not here: every send has a counter,
// by which a replay knows it; tests/checker/planted.py catches it.
static const struct plant {
    const char *name;
    unsigned seeds;
} plants[] = {
    { "answer_before_durable", 50 },
    { "trim_before_sync", 200 },
    { "journal_not_synced", 50 },
    { "dedupe_in_memory", 400 },
    { "hole_by_failed_batch", 200 },
    { "delivered_on_push", 50 },
    { "revoke_not_broadcast", 200 },
    { "catchup_by_conversation", 200 },
    { "poll_answers_once", 200 },
};

static int run_plants(const struct options *options)
{
    unsigned missed = 0;

    for (size_t i = 0; i < sizeof(plants) / sizeof(plants[0]); i++) {
        struct options planted = *options;
        struct world_counts counts = { 0 };
        planted.last = planted.first + plants[i].seeds - 1;
        surroundings_plant(plants[i].name);
        uint64_t red = run_seeds(&planted, &counts);
        missed += red == 0;
        printf("%s %s: %" PRIu64 " seeds: %s\n", red != 0 ? "ok  " : "FAIL", plants[i].name,
                counts.runs, red != 0 ? model_failure() : "not caught");
    }
    surroundings_plant(NULL);
    printf("note: %zu planted bugs, %u not caught\n", sizeof(plants) / sizeof(plants[0]), missed);
    return missed > 0;
}

int main(int argc, char **argv)
{
    struct options options;

    if (!read_options(&options, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    json_set_alloc_funcs(heap_allocate, heap_release);
    json_object_seed(1);
    disk_vfs_install();
    trace_enable(options.is_trace);
    surroundings_plant(options.plant);
    int status = options.is_plants ? run_plants(&options) : run(&options);
    // Streams that were open when the process died are libc's still: they must not be flushed.
    fflush(stdout);
    _exit(status);
}

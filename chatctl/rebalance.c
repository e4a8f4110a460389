// SPDX-License-Identifier: MIT
#include "rebalance.h"

#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    const struct rebalance_file *first = a, *second = b;

    if (first->bytes != second->bytes) {
        return first->bytes < second->bytes ? 1 : -1;
    }
    return (first->partition > second->partition) - (first->partition < second->partition);
}

static void set_targets(struct rebalance_place *places, unsigned count)
{
    double total = 0, disks = 0;

    for (unsigned i = 0; i < count; i++) {
        total += (double)places[i].bytes;
        disks += places[i].is_drained ? 0 : (double)places[i].disk_bytes;
    }
    for (unsigned i = 0; i < count; i++) {
        places[i].target = places[i].is_drained || disks == 0
                ? 0
                : (uint64_t)(total * ((double)places[i].disk_bytes / disks));
    }
}

// What it lacks; negative: what it has too much.
static int64_t lack(const struct rebalance_place *place)
{
    return (int64_t)(place->target - place->bytes);
}

static unsigned neediest(const struct rebalance_place *places, unsigned count)
{
    unsigned found = 0;

    for (unsigned i = 1; i < count; i++) {
        bool is_better = places[found].is_drained || lack(&places[i]) > lack(&places[found]);
        found = !places[i].is_drained && is_better ? i : found;
    }
    return found;
}

size_t rebalance_plan(struct rebalance_place *places, unsigned place_count,
        struct rebalance_file *files, size_t file_count)
{
    size_t moves = 0;

    set_targets(places, place_count);
    qsort(files, file_count, sizeof(*files), by_size);
    // The largest first: what comes later fills the gaps that they leave.
    for (size_t i = 0; i < file_count; i++) {
        struct rebalance_file *file = &files[i];
        struct rebalance_place *from = &places[file->place];
        unsigned to = neediest(places, place_count);
        int64_t bytes = (int64_t)file->bytes;
        // Only what makes the greater of the two differences smaller: it can't go on for ever, and
        // a plan that was carried out has nothing left to do.
        bool is_better = from->is_drained || (-lack(from) >= bytes && lack(&places[to]) > 0);
        file->to = file->place;
        if (to != file->place && !places[to].is_drained && is_better) {
            file->to = to;
            from->bytes -= file->bytes;
            places[to].bytes += file->bytes;
            moves++;
        }
    }
    return moves;
}

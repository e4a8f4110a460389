// SPDX-License-Identifier: MIT
#include "cluster/tail.h"

#include <stdlib.h>

#include "shared/batch.h"

struct mark {
    uint64_t dirty_index; // no record before this one is missing in the file; 0: nothing is
    uint64_t dirty_bytes; // log bytes before it
    uint64_t last_index;  // the last batch that concerned the partition
    bool is_forgotten;
    bool is_held;
};

struct tail {
    uint64_t last_index;
    uint64_t log_bytes;
    uint64_t bytes_before_last;
    uint16_t count;
    struct mark marks[];
};

struct tail *tail_create(uint16_t partition_count)
{
    struct tail *tail = calloc(1, sizeof(*tail) + partition_count * sizeof(tail->marks[0]));

    if (tail != NULL) {
        tail->count = partition_count;
    }
    return tail;
}

void tail_destroy(struct tail *tail)
{
    free(tail);
}

void tail_add_batch(struct tail *tail, uint64_t index, uint64_t bytes)
{
    CHECK(index > tail->last_index);
    tail->last_index = index;
    tail->bytes_before_last = tail->log_bytes;
    tail->log_bytes += bytes;
}

void tail_touch(struct tail *tail, uint16_t partition)
{
    struct mark *mark = &tail->marks[partition];

    CHECK(partition < tail->count);
    mark->last_index = tail->last_index;
    if (mark->dirty_index == 0 && !mark->is_forgotten) {
        mark->dirty_index = tail->last_index;
        mark->dirty_bytes = tail->bytes_before_last;
    }
}

void tail_flushed(struct tail *tail, uint16_t partition, uint64_t disk_index, uint64_t log_bytes)
{
    struct mark *mark = &tail->marks[partition];

    if (mark->last_index <= disk_index || mark->is_forgotten) {
        mark->dirty_index = 0;
        return;
    }
    // Something came while the flush was waiting; it came after the bytes that were known then.
    mark->dirty_index = disk_index + 1;
    mark->dirty_bytes = log_bytes;
}

void tail_forget(struct tail *tail, uint16_t partition)
{
    tail->marks[partition].dirty_index = 0;
    tail->marks[partition].is_forgotten = true;
}

void tail_hold(struct tail *tail, uint16_t partition)
{
    tail->marks[partition].is_held = true;
}

uint64_t tail_log_bytes(const struct tail *tail)
{
    return tail->log_bytes;
}

static bool find_oldest(const struct tail *tail, bool with_held, uint16_t except,
        uint16_t *partition)
{
    uint64_t oldest = UINT64_MAX;

    for (uint16_t i = 0; i < tail->count; i++) {
        const struct mark *mark = &tail->marks[i];
        if (i != except && mark->dirty_index != 0 && mark->dirty_index < oldest &&
                (with_held || !mark->is_held)) {
            oldest = mark->dirty_index;
            *partition = i;
        }
    }
    return oldest != UINT64_MAX;
}

bool tail_oldest(const struct tail *tail, uint16_t except, uint16_t *partition)
{
    return find_oldest(tail, true, except, partition);
}

bool tail_next_flush(const struct tail *tail, uint16_t except, uint16_t *partition)
{
    return find_oldest(tail, false, except, partition);
}

uint64_t tail_bytes(const struct tail *tail)
{
    uint16_t oldest;

    return tail_oldest(tail, PARTITION_NONE, &oldest)
            ? tail->log_bytes - tail->marks[oldest].dirty_bytes
            : 0;
}

uint64_t tail_trim_index(const struct tail *tail)
{
    uint16_t oldest;

    return tail_oldest(tail, PARTITION_NONE, &oldest) ? tail->marks[oldest].dirty_index - 1
                                                      : tail->last_index;
}

uint16_t tail_dirty_count(const struct tail *tail)
{
    uint16_t count = 0;

    for (uint16_t i = 0; i < tail->count; i++) {
        count = (uint16_t)(count + (tail->marks[i].dirty_index != 0));
    }
    return count;
}

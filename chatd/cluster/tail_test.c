// SPDX-License-Identifier: MIT
#include "cluster/tail.h"

#include "shared/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PARTITIONS 7
#define BATCHES 20000

static void an_empty_tail_holds_nothing_back(void **state)
{
    struct tail *tail = tail_create(PARTITIONS);
    uint16_t partition;

    (void)state;
    assert_non_null(tail);
    assert_false(tail_oldest(tail, PARTITION_NONE, &partition));
    assert_int_equal(tail_bytes(tail), 0);
    assert_int_equal(tail_trim_index(tail), 0);
    assert_int_equal(tail_dirty_count(tail), 0);
    tail_destroy(tail);
    tail_destroy(NULL);
}

static void the_oldest_dirty_partition_holds_the_log(void **state)
{
    struct tail *tail = tail_create(PARTITIONS);
    uint16_t partition = 0;

    (void)state;
    tail_add_batch(tail, 10, 100); // concerns nobody
    assert_int_equal(tail_trim_index(tail), 10);
    tail_add_batch(tail, 11, 50);
    tail_touch(tail, 3);
    tail_touch(tail, 3);
    tail_add_batch(tail, 12, 70);
    tail_touch(tail, 1);
    tail_touch(tail, 3);
    assert_int_equal(tail_dirty_count(tail), 2);
    assert_true(tail_oldest(tail, PARTITION_NONE, &partition));
    assert_int_equal(partition, 3);
    assert_int_equal(tail_trim_index(tail), 10);
    assert_int_equal(tail_bytes(tail), 120);
    assert_int_equal(tail_log_bytes(tail), 220);
    tail_flushed(tail, 3, 12, tail_log_bytes(tail));
    assert_true(tail_oldest(tail, PARTITION_NONE, &partition));
    assert_int_equal(partition, 1);
    assert_int_equal(tail_trim_index(tail), 11);
    assert_int_equal(tail_bytes(tail), 70);
    tail_flushed(tail, 1, 12, tail_log_bytes(tail));
    assert_int_equal(tail_trim_index(tail), 12);
    assert_int_equal(tail_bytes(tail), 0);
    tail_destroy(tail);
}

static void a_held_partition_is_not_flushed_and_holds_the_log(void **state)
{
    struct tail *tail = tail_create(PARTITIONS);
    uint16_t partition = 0;

    (void)state;
    tail_add_batch(tail, 11, 50);
    tail_touch(tail, 3);
    tail_add_batch(tail, 12, 70);
    tail_touch(tail, 1);
    tail_hold(tail, 3);
    assert_true(tail_next_flush(tail, PARTITION_NONE, &partition));
    assert_int_equal(partition, 1);
    tail_flushed(tail, 1, 12, tail_log_bytes(tail));
    assert_false(tail_next_flush(tail, PARTITION_NONE, &partition));
    assert_int_equal(tail_trim_index(tail), 10);
    tail_forget(tail, 3);
    assert_int_equal(tail_trim_index(tail), 12);
    tail_destroy(tail);
}

static void what_came_during_a_flush_still_holds_the_log(void **state)
{
    struct tail *tail = tail_create(PARTITIONS);

    (void)state;
    tail_add_batch(tail, 1, 100);
    tail_touch(tail, 0);
    uint64_t asked_at = tail_log_bytes(tail);
    tail_add_batch(tail, 2, 40);
    tail_touch(tail, 0);
    tail_add_batch(tail, 3, 40);
    tail_touch(tail, 0);
    tail_flushed(tail, 0, 2, asked_at); // ran when batch 2 was applied, batch 3 was not
    assert_int_equal(tail_dirty_count(tail), 1);
    assert_int_equal(tail_trim_index(tail), 2);
    assert_true(tail_bytes(tail) >= 40);
    assert_true(tail_bytes(tail) <= 80); // not more than since the flush was asked for
    tail_flushed(tail, 0, 3, tail_log_bytes(tail));
    assert_int_equal(tail_trim_index(tail), 3);
    tail_destroy(tail);
}

static void a_forgotten_partition_never_holds_the_log_again(void **state)
{
    struct tail *tail = tail_create(PARTITIONS);

    (void)state;
    tail_add_batch(tail, 1, 100);
    tail_touch(tail, 0);
    uint64_t asked_at = tail_log_bytes(tail);
    tail_add_batch(tail, 2, 100);
    tail_touch(tail, 0);
    tail_forget(tail, 0);
    assert_int_equal(tail_trim_index(tail), 2);
    tail_add_batch(tail, 3, 100);
    tail_touch(tail, 0);
    assert_int_equal(tail_trim_index(tail), 3);
    tail_flushed(tail, 0, 1, asked_at); // was under way when the partition was quarantined
    assert_int_equal(tail_trim_index(tail), 3);
    assert_int_equal(tail_dirty_count(tail), 0);
    tail_destroy(tail);
}

// What the tail promises, kept the slow way.
struct model {
    uint64_t missing[PARTITIONS][BATCHES]; // indexes that a file lacks, rising
    uint32_t first[PARTITIONS];
    uint32_t count[PARTITIONS];
    uint64_t bytes_before[BATCHES + 1];
};

static struct model model;

static uint64_t oldest_missing(void)
{
    uint64_t oldest = UINT64_MAX;

    for (int i = 0; i < PARTITIONS; i++) {
        if (model.first[i] < model.count[i] && model.missing[i][model.first[i]] < oldest) {
            oldest = model.missing[i][model.first[i]];
        }
    }
    return oldest;
}

static void model_flushed(uint16_t partition, uint64_t disk_index)
{
    while (model.first[partition] < model.count[partition] &&
            model.missing[partition][model.first[partition]] <= disk_index) {
        model.first[partition]++;
    }
}

static void assert_promises(const struct tail *tail)
{
    uint64_t oldest = oldest_missing();
    uint16_t dirty = 0, partition;

    for (int i = 0; i < PARTITIONS; i++) {
        dirty = (uint16_t)(dirty + (model.first[i] < model.count[i]));
    }
    assert_int_equal(tail_dirty_count(tail), dirty);
    assert_int_equal(tail_oldest(tail, PARTITION_NONE, &partition), dirty > 0);
    if (dirty > 0) {
        assert_true(tail_trim_index(tail) < oldest);
        assert_true(tail_bytes(tail) >= tail_log_bytes(tail) - model.bytes_before[oldest]);
    }
}

static uint32_t next_random(uint64_t *random)
{
    *random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(*random >> 33);
}

static void the_trim_index_never_passes_a_missing_record(void **state)
{
    struct tail *tail = tail_create(PARTITIONS);
    uint64_t random = 1, disk_index = 0, asked_at = 0;
    uint16_t flushing = PARTITIONS;

    (void)state;
    for (uint64_t index = 1; index <= BATCHES; index++) {
        uint64_t bytes = next_random(&random) % 1000;
        model.bytes_before[index] = tail_log_bytes(tail);
        tail_add_batch(tail, index, bytes);
        for (uint16_t i = 0; i < PARTITIONS; i++) {
            if (next_random(&random) % (i + 2U) == 0) {
                tail_touch(tail, i);
                model.missing[i][model.count[i]++] = index;
            }
        }
        assert_promises(tail);
        // A flush is asked for, runs some batches later and is heard of some batches after that.
        if (flushing == PARTITIONS && next_random(&random) % 3 == 0) {
            (void)tail_oldest(tail, PARTITION_NONE, &flushing);
            asked_at = tail_log_bytes(tail);
            disk_index = 0;
        } else if (flushing < PARTITIONS && disk_index == 0) {
            disk_index = next_random(&random) % 3 == 0 ? index : 0;
        } else if (flushing < PARTITIONS && next_random(&random) % 3 == 0) {
            model_flushed(flushing, disk_index);
            tail_flushed(tail, flushing, disk_index, asked_at);
            flushing = PARTITIONS;
            assert_promises(tail);
        }
    }
    for (uint16_t i = 0; i < PARTITIONS; i++) {
        tail_flushed(tail, i, BATCHES, tail_log_bytes(tail));
    }
    assert_int_equal(tail_trim_index(tail), BATCHES);
    assert_int_equal(tail_bytes(tail), 0);
    tail_destroy(tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_tail_holds_nothing_back),
        cmocka_unit_test(the_oldest_dirty_partition_holds_the_log),
        cmocka_unit_test(a_held_partition_is_not_flushed_and_holds_the_log),
        cmocka_unit_test(what_came_during_a_flush_still_holds_the_log),
        cmocka_unit_test(a_forgotten_partition_never_holds_the_log_again),
        cmocka_unit_test(the_trim_index_never_passes_a_missing_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

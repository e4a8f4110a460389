// SPDX-License-Identifier: MIT
#include "rebalance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define FILES 900

static struct rebalance_place places[3];
static struct rebalance_file files[FILES];

static void fill(unsigned place_count, const uint64_t *disks, unsigned seed)
{
    srandom(seed);
    for (unsigned i = 0; i < place_count; i++) {
        places[i] = (struct rebalance_place){ .disk_bytes = disks[i] };
    }
    for (size_t i = 0; i < FILES; i++) {
        files[i] = (struct rebalance_file){ .partition = i,
            .bytes = 4096 * (1 + (uint64_t)random() % (random() % 10 == 0 ? 100000 : 100)),
            .place = (unsigned)random() % (seed % 2 == 0 ? 1 : place_count) };
        places[files[i].place].bytes += files[i].bytes;
    }
}

static uint64_t furthest(unsigned place_count)
{
    uint64_t most = 0;

    for (unsigned i = 0; i < place_count; i++) {
        uint64_t off = places[i].bytes > places[i].target ? places[i].bytes - places[i].target
                                                          : places[i].target - places[i].bytes;
        most = off > most ? off : most;
    }
    return most;
}

static void carry_out(void)
{
    for (size_t i = 0; i < FILES; i++) {
        files[i].place = files[i].to;
    }
}

static void each_disk_gets_its_share_and_a_second_plan_is_empty(void **state)
{
    static const uint64_t disks[][3] = { { 100, 100, 100 }, { 100, 300, 50 }, { 1, 1000, 1 } };

    (void)state;
    for (unsigned seed = 0; seed < 60; seed++) {
        unsigned count = 2 + seed % 2;
        fill(count, disks[seed % 3], seed);
        assert_true(rebalance_plan(places, count, files, FILES) > 0);
        uint64_t total = 0;
        for (unsigned i = 0; i < count; i++) {
            total += places[i].bytes;
        }
        assert_true(furthest(count) < total / 50);
        carry_out();
        assert_int_equal(rebalance_plan(places, count, files, FILES), 0);
    }
}

static void a_drained_disk_holds_nothing(void **state)
{
    static const uint64_t disks[3] = { 100, 100, 100 };

    (void)state;
    fill(3, disks, 1);
    places[0].is_drained = true;
    rebalance_plan(places, 3, files, FILES);
    assert_int_equal(places[0].bytes, 0);
    for (size_t i = 0; i < FILES; i++) {
        assert_int_not_equal(files[i].to, 0);
    }
}

static void one_directory_has_nothing_to_move(void **state)
{
    static const uint64_t disks[3] = { 100 };

    (void)state;
    fill(1, disks, 2);
    assert_int_equal(rebalance_plan(places, 1, files, FILES), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_disk_gets_its_share_and_a_second_plan_is_empty),
        cmocka_unit_test(a_drained_disk_holds_nothing),
        cmocka_unit_test(one_directory_has_nothing_to_move),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

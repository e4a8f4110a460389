// SPDX-License-Identifier: MIT
#include "shared/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define ITEMS 5000

struct item {
    struct map_node node;
    int key;
};

static struct item items[ITEMS];

static struct item *find(const struct map *map, uint64_t hash, int key)
{
    struct map_node *node = map_first(map, hash);

    while (node != NULL && MAP_OF(node, struct item, node)->key != key) {
        node = map_next(node);
    }
    return node == NULL ? NULL : MAP_OF(node, struct item, node);
}

static uint64_t hash_of(int key)
{
    return map_hash(&key, sizeof(key));
}

static void fill(struct map *map)
{
    for (int i = 0; i < ITEMS; i++) {
        items[i].key = i;
        assert_true(map_insert(map, &items[i].node, hash_of(i)));
    }
}

static void an_empty_map_finds_nothing(void **state)
{
    struct map map = { 0 };

    (void)state;
    assert_null(map_first(&map, 0));
    assert_null(map_first(&map, UINT64_MAX));
    map_finish(&map);
    map_finish(&map);
}

static void everything_inserted_is_found_until_it_is_removed(void **state)
{
    struct map map = { 0 };

    (void)state;
    fill(&map);
    assert_int_equal(map.count, ITEMS);
    for (int i = 0; i < ITEMS; i += 3) {
        map_remove(&map, &items[i].node);
    }
    for (int i = 0; i < ITEMS; i++) {
        assert_ptr_equal(find(&map, hash_of(i), i), i % 3 == 0 ? NULL : &items[i]);
    }
    assert_null(find(&map, hash_of(ITEMS), ITEMS));
    for (int i = 0; i < ITEMS; i += 3) {
        assert_true(map_insert(&map, &items[i].node, hash_of(i)));
    }
    assert_int_equal(map.count, ITEMS);
    assert_ptr_equal(find(&map, hash_of(0), 0), &items[0]);
    map_finish(&map);
}

static void keys_of_one_hash_are_told_apart(void **state)
{
    static const uint64_t same = 0x1234567800000003ULL, same_bucket = 0x9999999900000003ULL;
    struct map map = { 0 };

    (void)state;
    for (int i = 0; i < 20; i++) {
        items[i].key = i;
        assert_true(map_insert(&map, &items[i].node, i % 2 == 0 ? same : same_bucket));
    }
    for (int i = 0; i < 20; i++) {
        assert_ptr_equal(find(&map, same, i), i % 2 == 0 ? &items[i] : NULL);
    }
    map_remove(&map, &items[18].node); // the newest, the oldest, one between
    map_remove(&map, &items[0].node);
    map_remove(&map, &items[8].node);
    int found = 0;
    for (struct map_node *node = map_first(&map, same); node != NULL; node = map_next(node)) {
        found++;
    }
    assert_int_equal(found, 7);
    map_finish(&map);
}

struct visit {
    struct map *map;
    int count;
};

static void take_out(struct map_node *node, void *context)
{
    struct visit *visit = context;

    map_remove(visit->map, node);
    free(MAP_OF(node, struct item, node));
    visit->count++;
}

static void a_visit_may_remove_and_free_what_it_is_given(void **state)
{
    struct map map = { 0 };
    struct visit visit = { &map, 0 };

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct item *item = malloc(sizeof(*item));
        assert_non_null(item);
        assert_true(map_insert(&map, &item->node, (uint64_t)i / 3));
    }
    map_each(&map, take_out, &visit);
    assert_int_equal(visit.count, 100);
    assert_int_equal(map.count, 0);
    map_finish(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_finds_nothing),
        cmocka_unit_test(everything_inserted_is_found_until_it_is_removed),
        cmocka_unit_test(keys_of_one_hash_are_told_apart),
        cmocka_unit_test(a_visit_may_remove_and_free_what_it_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

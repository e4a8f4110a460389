// SPDX-License-Identifier: MIT
#include "shared/map.h"

#include <stdlib.h>

#include <xxhash.h>

#define BUCKETS_FIRST 16

void map_finish(struct map *map)
{
    free(map->buckets);
    *map = (struct map){ 0 };
}

uint64_t map_hash(const void *data, size_t bytes)
{
    return XXH3_64bits(data, bytes);
}

static struct map_node *with_hash(struct map_node *node, uint64_t hash)
{
    while (node != NULL && node->hash != hash) {
        node = node->next;
    }
    return node;
}

struct map_node *map_first(const struct map *map, uint64_t hash)
{
    if (map->bucket_count == 0) {
        return NULL;
    }
    return with_hash(map->buckets[hash & (map->bucket_count - 1)], hash);
}

struct map_node *map_next(const struct map_node *node)
{
    return with_hash(node->next, node->hash);
}

static bool grow(struct map *map)
{
    size_t count = map->bucket_count == 0 ? BUCKETS_FIRST : map->bucket_count * 2;
    struct map_node **buckets = calloc(count, sizeof(*buckets));

    if (buckets == NULL) {
        return false;
    }
    for (size_t i = 0; i < map->bucket_count; i++) {
        struct map_node *node = map->buckets[i];
        while (node != NULL) {
            struct map_node *next = node->next;
            struct map_node **bucket = &buckets[node->hash & (count - 1)];
            node->next = *bucket;
            *bucket = node;
            node = next;
        }
    }
    free(map->buckets);
    map->buckets = buckets;
    map->bucket_count = count;
    return true;
}

bool map_insert(struct map *map, struct map_node *node, uint64_t hash)
{
    if (map->count >= map->bucket_count && !grow(map) && map->bucket_count == 0) {
        return false;
    }
    struct map_node **bucket = &map->buckets[hash & (map->bucket_count - 1)];
    node->hash = hash;
    node->next = *bucket;
    *bucket = node;
    map->count++;
    return true;
}

void map_remove(struct map *map, struct map_node *node)
{
    struct map_node **link = &map->buckets[node->hash & (map->bucket_count - 1)];

    while (*link != node) {
        CHECK(*link != NULL);
        link = &(*link)->next;
    }
    *link = node->next;
    node->next = NULL;
    map->count--;
}

void map_each(struct map *map, void (*visit)(struct map_node *node, void *context), void *context)
{
    for (size_t i = 0; i < map->bucket_count; i++) {
        struct map_node *node = map->buckets[i];
        while (node != NULL) {
            struct map_node *next = node->next;
            visit(node, context);
            node = next;
        }
    }
}

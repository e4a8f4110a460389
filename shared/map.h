// SPDX-License-Identifier: MIT
// An intrusive hash table: nodes live in the caller's structs. Grows by doubling; never shrinks.
//
// Owner:  the struct that embeds it; nodes are the caller's to free.
// Thread: none of its own.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/check.h"

struct map_node {
    struct map_node *next;
    uint64_t hash;
};

struct map {
    struct map_node **buckets;
    size_t bucket_count; // a power of two, or 0 before the first insert
    size_t count;
};

// clang-format would take (node) for a cast.
// clang-format off
#define MAP_OF(node, type, member) ((type *)(void *)((char *)(node) - offsetof(type, member)))
// clang-format on

// Frees the table, not the nodes.
void map_finish(struct map *map);

// XXH3 of the bytes.
uint64_t map_hash(const void *data, size_t bytes);

// The first node with this hash, or NULL. The caller compares keys and goes on with map_next().
struct map_node *map_first(const struct map *map, uint64_t hash);
struct map_node *map_next(const struct map_node *node);

// False when memory is exhausted: nothing was inserted.
bool map_insert(struct map *map, struct map_node *node, uint64_t hash) MUST_USE;
void map_remove(struct map *map, struct map_node *node);

// Calls visit for every node; visit may remove and free the node it is given.
void map_each(struct map *map, void (*visit)(struct map_node *node, void *context), void *context);

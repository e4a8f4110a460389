// SPDX-License-Identifier: MIT
#include "shared/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#define CHUNK_BYTES 4000

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t bytes;
    alignas(max_align_t) char data[];
};

void *arena_take(struct arena *arena, size_t bytes)
{
    struct arena_chunk *chunk = arena->chunks;
    size_t rounded = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

    if (chunk == NULL || chunk->bytes - chunk->used < rounded) {
        size_t size = rounded > CHUNK_BYTES ? rounded : CHUNK_BYTES;
        chunk = malloc(sizeof(*chunk) + size);
        if (chunk == NULL) {
            return NULL;
        }
        chunk->next = arena->chunks;
        chunk->used = 0;
        chunk->bytes = size;
        arena->chunks = chunk;
    }
    void *taken = chunk->data + chunk->used;
    chunk->used += rounded;
    return taken;
}

struct bytes arena_copy(struct arena *arena, struct bytes bytes)
{
    char *copy = arena_take(arena, bytes.size + 1);

    if (copy == NULL) {
        return (struct bytes){ 0 };
    }
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    copy[bytes.size] = '\0';
    return (struct bytes){ copy, bytes.size };
}

void arena_finish(struct arena *arena)
{
    while (arena->chunks != NULL) {
        struct arena_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
}

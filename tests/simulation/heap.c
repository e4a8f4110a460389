// SPDX-License-Identifier: MIT
#include "tests/simulation/heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/check.h"

#define PROCESS 0x70726f63u
#define WORLD 0x776f726cu

// Before each allocation; as large as malloc's alignment wants.
struct block {
    struct block *next;
    struct block *previous;
    size_t bytes;
    uint64_t owner;
};

// The linker's names (ld(1), --wrap), which C reserves.
void *system_malloc(size_t bytes) __asm__("__real_malloc");
void *system_realloc(void *memory, size_t bytes) __asm__("__real_realloc");
void system_free(void *memory) __asm__("__real_free");
void *wrapped_malloc(size_t bytes) __asm__("__wrap_malloc");
void *wrapped_calloc(size_t count, size_t bytes) __asm__("__wrap_calloc");
void *wrapped_realloc(void *memory, size_t bytes) __asm__("__wrap_realloc");
void wrapped_free(void *memory) __asm__("__wrap_free");

static struct {
    struct block first; // of the process's blocks, a ring
    uint64_t bytes;
    uint64_t allocations;
    uint64_t fail_at;
    uint64_t fail_upto;
    uint64_t failures;
    bool is_process;
} heap = { .first = { .next = &heap.first, .previous = &heap.first } };

void heap_enter(void)
{
    heap.is_process = true;
}

void heap_leave(void)
{
    heap.is_process = false;
}

uint64_t heap_process_bytes(void)
{
    return heap.bytes;
}

void heap_fail_at(uint64_t nth, uint64_t more)
{
    heap.allocations = 0;
    heap.failures = 0;
    heap.fail_at = nth;
    heap.fail_upto = nth + more;
}

uint64_t heap_failures(void)
{
    return heap.failures;
}

uint64_t heap_allocations(void)
{
    return heap.allocations;
}

static struct block *block_of(void *memory)
{
    struct block *block = (struct block *)memory - 1;

    CHECK(block->owner == PROCESS || block->owner == WORLD);
    return block;
}

static void keep(struct block *block)
{
    block->previous = heap.first.previous;
    block->next = &heap.first;
    block->previous->next = block;
    heap.first.previous = block;
    heap.bytes += block->bytes;
}

static void forget(struct block *block)
{
    block->previous->next = block->next;
    block->next->previous = block->previous;
    heap.bytes -= block->bytes;
}

static bool is_refused(void)
{
    if (!heap.is_process) {
        return false;
    }
    heap.allocations++;
    if (heap.fail_at == 0 || heap.allocations < heap.fail_at || heap.allocations > heap.fail_upto) {
        return false;
    }
    heap.failures++;
    return true;
}

void *wrapped_malloc(size_t bytes)
{
    struct block *block = is_refused() ? NULL : system_malloc(sizeof(*block) + bytes);

    if (block == NULL) {
        return NULL;
    }
    block->bytes = bytes;
    block->owner = heap.is_process ? PROCESS : WORLD;
    if (heap.is_process) {
        keep(block);
    }
    return block + 1;
}

void *wrapped_calloc(size_t count, size_t bytes)
{
    CHECK(bytes == 0 || count <= SIZE_MAX / bytes);
    void *memory = wrapped_malloc(count * bytes);
    return memory == NULL ? NULL : memset(memory, 0, count * bytes);
}

void wrapped_free(void *memory)
{
    if (memory == NULL) {
        return;
    }
    struct block *block = block_of(memory);
    if (block->owner == PROCESS) {
        forget(block);
    }
    block->owner = 0;
    system_free(block);
}

void *wrapped_realloc(void *memory, size_t bytes)
{
    if (memory == NULL) {
        return wrapped_malloc(bytes);
    }
    // Always to another place: whoever keeps the old pointer is found by the address sanitizer.
    size_t before = block_of(memory)->bytes;
    void *moved = wrapped_malloc(bytes);
    if (moved != NULL) {
        memcpy(moved, memory, before < bytes ? before : bytes);
        wrapped_free(memory);
    }
    return moved;
}

void heap_drop_process(void)
{
    while (heap.first.next != &heap.first) {
        wrapped_free(heap.first.next + 1);
    }
}

void *heap_allocate(size_t bytes)
{
    return wrapped_malloc(bytes);
}

void *heap_resize(void *memory, size_t bytes)
{
    return wrapped_realloc(memory, bytes);
}

void heap_release(void *memory)
{
    wrapped_free(memory);
}

size_t heap_bytes_of(void *memory)
{
    return memory == NULL ? 0 : block_of(memory)->bytes;
}

void *world_resize(void *memory, size_t bytes)
{
    void *moved = system_realloc(memory, bytes);

    CHECK(moved != NULL || bytes == 0);
    return moved;
}

void world_release(void *memory)
{
    system_free(memory);
}

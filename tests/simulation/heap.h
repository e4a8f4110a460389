// SPDX-License-Identifier: MIT
// The heap of the simulated process: what it has allocated can be dropped at once when it dies, and
// its Nth allocation can fail. The linker leads malloc and its kin of everything linked into the
// simulation here (--wrap in CMakeLists.txt), and so do SQLite and jansson.
//
// Thread: one.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What follows belongs to the process, or again to the world around it.
void heap_enter(void);
void heap_leave(void);

// The process has died. What it has allocated goes.
void heap_drop_process(void);
uint64_t heap_process_bytes(void);

// The process's nth allocation from now on fails, and `more` behind it; 0: none.
void heap_fail_at(uint64_t nth, uint64_t more);
uint64_t heap_failures(void);    // so many were refused since heap_fail_at()
uint64_t heap_allocations(void); // of the process, since heap_fail_at()

// For SQLite's and jansson's own hooks.
void *heap_allocate(size_t bytes);
void *heap_resize(void *memory, size_t bytes);
void heap_release(void *memory);
size_t heap_bytes_of(void *memory);

// The world's own, also while the process runs. Never NULL.
void *world_resize(void *memory, size_t bytes);
void world_release(void *memory);

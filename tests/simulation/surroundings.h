// SPDX-License-Identifier: MIT
// What else a process finds around it, replaced: clocks, randomness, its log, the fail points and
// planted bugs.

#pragma once

#include <stdbool.h>
#include <stdint.h>

void surroundings_init(uint64_t seed);
// Both clocks; the wall clock may also be set back.
void surroundings_advance(int64_t ms);
void surroundings_set_wall(int64_t by_ms);
// The process has begun now.
void surroundings_note_start(void);

// One planted bug, or NULL.
void surroundings_plant(const char *name);

// Prints what happens.
void trace_enable(bool is_enabled);
bool trace_is_enabled(void);
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
// A number that two runs have in common only if all that was traced is the same.
uint64_t trace_digest(void);

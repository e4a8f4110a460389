// SPDX-License-Identifier: MIT
// The two clocks. A simulation links another clock.c.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMESTAMP_BYTES 25 // "2026-11-24T06:44:44.123Z" and NUL

// UTC milliseconds since 1970: a label for people, never a base of order.
int64_t clock_wall_ms(void);

// Milliseconds that never go back; for durations and deadlines.
int64_t clock_monotonic_ms(void);

// RFC 3339, UTC, milliseconds.
void clock_format(int64_t wall_ms, char text[TIMESTAMP_BYTES]);

// The other way: only what clock_format() writes; false for anything else.
bool clock_parse(const char *text, size_t bytes, int64_t *wall_ms);

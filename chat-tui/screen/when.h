// SPDX-License-Identifier: MIT
// Times as people read them, in their time zone. ts: wall clock, milliseconds since 1970.

#pragma once

#include <stdint.h>

#define WHEN_BYTES 64

struct when {
    char text[WHEN_BYTES];
};

struct when when_clock(int64_t ts);  // 18:10
struct when when_minute(int64_t ts); // 2026-11-24 18:10
struct when when_day(int64_t ts);    // Tuesday, 24 November 2026
// The first where it is today, else the second.
struct when when_short(int64_t ts);
// Equal for two times of one day only.
int when_day_number(int64_t ts);

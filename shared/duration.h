// SPDX-License-Identifier: MIT
// Lengths of time as people write them: "90d", "12h", "forever".

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"

#define DURATION_S_MAX (1000ULL * 365 * 86400)
#define DURATION_TEXT_BYTES 24

// A number and s, m (minutes), h, d, w or y (365 days); "forever" is 0. False: it is neither, or
// 0, or longer than DURATION_S_MAX.
bool duration_parse(struct bytes text, uint64_t *seconds);

// The same, in the largest unit that is exact.
void duration_print(uint64_t seconds, char text[DURATION_TEXT_BYTES]);

// SPDX-License-Identifier: MIT
// How well a few typed letters fit a name, for switching by Ctrl+k: its letters in their order,
// better at the beginning of the name or of a part of it, and better in a row. ASCII letters are
// compared without regard to case; other bytes as they are.

#pragma once

#include <stdint.h>

#include "shared/bytes.h"

#define FUZZY_BYTES_MAX 128 // of a name that are looked at

// 0: the pattern is not in the name. An empty pattern is in every name (1). Of two names that fit
// alike, the shorter one scores more.
uint32_t fuzzy_score(struct bytes pattern, struct bytes name);

// SPDX-License-Identifier: MIT
// How well a few typed letters fit a name.

#pragma once

#include <stdint.h>

#include "shared/bytes.h"

// 0: not at all. Letters must stand in the name in this order; beginnings and runs count more, and
// shorter names before longer ones.
uint32_t fuzzy_score(struct bytes pattern, struct bytes name);

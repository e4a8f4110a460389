// SPDX-License-Identifier: MIT
// Numbers as hexadecimal digits: digests and devices on the wire.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"

// Exactly so many digits (at most 16), in lower case; false for anything else.
bool hex_read(struct bytes text, uint32_t digits, uint64_t *number);

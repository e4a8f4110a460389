// SPDX-License-Identifier: MIT
// Randomness of the kernel (getrandom(2)). A simulation links another random.c.

#pragma once

#include <stddef.h>
#include <stdint.h>

void random_fill(void *data, size_t bytes);

// Below 2^48 and never 0: an identifier that every JSON reader holds exactly.
uint64_t random_id(void);

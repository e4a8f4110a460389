// SPDX-License-Identifier: MIT
// The only source of chance in a simulation: numbers that follow from a seed (SplitMix64, Steele,
// Lea and Flood 2014). What draws has a stream of its own, so that one more draw here moves nothing
// there.
//
// Owner: whoever embeds it.

#pragma once

#include <stdbool.h>
#include <stdint.h>

struct chance {
    uint64_t state;
};

void chance_init(struct chance *chance, uint64_t seed, uint64_t stream);
uint64_t chance_next(struct chance *chance);
uint64_t chance_below(struct chance *chance, uint64_t count); // count > 0
// Small numbers are as likely as large ones: 1 to most, evenly over the powers of two.
uint64_t chance_up_to(struct chance *chance, uint64_t most);
// True once in so many times.
bool chance_one_in(struct chance *chance, uint64_t count);

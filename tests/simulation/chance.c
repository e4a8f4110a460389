// SPDX-License-Identifier: MIT
#include "tests/simulation/chance.h"

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

// Mixed: a seed that were a multiple of the step would be another seed's stream, one draw later.
void chance_init(struct chance *chance, uint64_t seed, uint64_t stream)
{
    chance->state = mix(mix(seed + 0x632be59bd9b4e019ULL) ^ mix(stream * 0xd1342543de82ef95ULL));
}

uint64_t chance_next(struct chance *chance)
{
    chance->state += 0x9e3779b97f4a7c15ULL;
    return mix(chance->state);
}

uint64_t chance_below(struct chance *chance, uint64_t count)
{
    return chance_next(chance) % count;
}

uint64_t chance_up_to(struct chance *chance, uint64_t most)
{
    unsigned bits = 0;

    while (bits < 63 && (2ULL << bits) <= most) {
        bits++;
    }
    uint64_t top = 2ULL << chance_below(chance, bits + 1ULL);
    return 1 + chance_below(chance, top - 1 < most ? top - 1 : most);
}

bool chance_one_in(struct chance *chance, uint64_t count)
{
    return chance_below(chance, count) == 0;
}

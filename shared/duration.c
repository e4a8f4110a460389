// SPDX-License-Identifier: MIT
#include "shared/duration.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
    char letter;
    uint64_t seconds;
} units[] = {
    { 'y', 365 * 86400 },
    { 'w', 7 * 86400 },
    { 'd', 86400 },
    { 'h', 3600 },
    { 'm', 60 },
    { 's', 1 },
};

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

bool duration_parse(struct bytes text, uint64_t *seconds)
{
    uint64_t number = 0;

    if (bytes_equal(text, bytes_of("forever"))) {
        *seconds = 0;
        return true;
    }
    for (uint32_t i = 0; i + 1 < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || number > DURATION_S_MAX) {
            return false;
        }
        number = number * 10 + (uint64_t)(text.data[i] - '0');
    }
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (text.size > 1 && text.data[text.size - 1] == units[i].letter &&
                number <= DURATION_S_MAX / units[i].seconds && number > 0) {
            *seconds = number * units[i].seconds;
            return true;
        }
    }
    return false;
}

void duration_print(uint64_t seconds, char text[DURATION_TEXT_BYTES])
{
    size_t unit = 0;

    if (seconds == 0) {
        snprintf(text, DURATION_TEXT_BYTES, "forever");
        return;
    }
    while (seconds % units[unit].seconds != 0) {
        unit++;
    }
    snprintf(text, DURATION_TEXT_BYTES, "%" PRIu64 "%c", seconds / units[unit].seconds,
            units[unit].letter);
}

// SPDX-License-Identifier: MIT
#include "shared/name.h"

#include <xxhash.h>

#include "shared/check.h"

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool name_is_valid(struct bytes text)
{
    if (text.size == 0 || text.size > NAME_BYTES_MAX || !is_letter_or_digit(text.data[0])) {
        return false;
    }
    for (uint32_t i = 1; i < text.size; i++) {
        char c = text.data[i];
        if (!is_letter_or_digit(c) && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return true;
}

struct name name_of(struct bytes text)
{
    struct name name = { .size = (uint8_t)text.size };

    CHECK(text.size <= NAME_BYTES_MAX);
    if (text.size > 0) {
        memcpy(name.text, text.data, text.size);
    }
    return name;
}

uint16_t name_partition(struct bytes name, uint16_t count)
{
    return (uint16_t)(XXH32(name.data, name.size, 0) % count);
}

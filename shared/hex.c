// SPDX-License-Identifier: MIT
#include "shared/hex.h"

bool hex_read(struct bytes text, uint32_t digits, uint64_t *number)
{
    *number = 0;
    for (uint32_t i = 0; i < text.size; i++) {
        char digit = text.data[i];
        bool is_letter = digit >= 'a' && digit <= 'f';
        if (!is_letter && (digit < '0' || digit > '9')) {
            return false;
        }
        *number = *number << 4 | (uint64_t)(is_letter ? digit - 'a' + 10 : digit - '0');
    }
    return text.size == digits;
}

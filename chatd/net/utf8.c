// SPDX-License-Identifier: MIT
#include "net/utf8.h"

#include <stdint.h>

// How many bytes follow this first byte, and between what the second one must be
// (RFC 3629 section 4). Returns false for what can't be a first byte.
static bool first_byte(unsigned char first, size_t *follow, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
        *follow = 1;
    } else if (first >= 0xe0 && first <= 0xef) {
        *follow = 2;
        *low = first == 0xe0 ? 0xa0 : 0x80;
        *high = first == 0xed ? 0x9f : 0xbf;
    } else if (first >= 0xf0 && first <= 0xf4) {
        *follow = 3;
        *low = first == 0xf0 ? 0x90 : 0x80;
        *high = first == 0xf4 ? 0x8f : 0xbf;
    } else {
        return false;
    }
    return true;
}

bool utf8_is_valid(const char *text, size_t bytes)
{
    size_t at = 0;

    while (at < bytes) {
        unsigned char low;
        unsigned char high;
        size_t follow;

        if ((unsigned char)text[at] < 0x80) {
            at++;
            continue;
        }
        if (!first_byte((unsigned char)text[at], &follow, &low, &high) || bytes - at <= follow) {
            return false;
        }
        for (size_t i = 1; i <= follow; i++) {
            unsigned char next = (unsigned char)text[at + i];

            if (next < low || next > high) {
                return false;
            }
            low = 0x80;
            high = 0xbf;
        }
        at += follow + 1;
    }
    return true;
}

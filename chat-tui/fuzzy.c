// SPDX-License-Identifier: MIT
#include "fuzzy.h"

#include <ctype.h>
#include <stdbool.h>

#define FOUND 10
#define IN_A_ROW 15
#define AT_A_BEGINNING 20
#define LENGTH_MAX 100

uint32_t fuzzy_score(struct bytes pattern, struct bytes name)
{
    uint32_t score = LENGTH_MAX - (name.size < LENGTH_MAX ? name.size : LENGTH_MAX - 1), found = 0;
    bool was_found = false;

    for (uint32_t i = 0; i < name.size && found < pattern.size; i++) {
        bool is_found =
                tolower((unsigned char)name.data[i]) == tolower((unsigned char)pattern.data[found]);
        if (is_found) {
            bool is_beginning = i == 0 || isalnum((unsigned char)name.data[i - 1]) == 0;
            score += FOUND + (was_found ? IN_A_ROW : 0U) + (is_beginning ? AT_A_BEGINNING : 0U);
            found++;
        }
        was_found = is_found;
    }
    return found == pattern.size ? score : 0;
}

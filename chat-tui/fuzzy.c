// SPDX-License-Identifier: MIT
#include "fuzzy.h"

#include <stdbool.h>

// For each letter; the beginnings and runs count more than a shorter name can.
#define SCORE_LETTER 256
#define SCORE_PART 1024
#define SCORE_BEGINNING 1280
#define SCORE_RUN 1536

static int fold(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

static bool is_separator(char byte)
{
    return byte == ' ' || byte == '.' || byte == '_' || byte == '-' || byte == '/' || byte == '@';
}

static uint32_t score_place(struct bytes name, uint32_t place)
{
    if (place == 0) {
        return SCORE_LETTER + SCORE_BEGINNING;
    }
    return is_separator(name.data[place - 1]) ? SCORE_LETTER + SCORE_PART : SCORE_LETTER;
}

// best[i] is the best score of the letters so far when the last one stands at place i of the name,
// as the first place that fits is not always the best one. Puts the next letter there; returns the
// best.
static uint32_t put_letter(uint32_t *best, char letter, bool is_first, struct bytes name)
{
    uint32_t before = 0;   // best[place - 1] of the letter before
    uint32_t anywhere = 0; // the best of all places before that
    uint32_t top = 0;

    for (uint32_t place = 0; place < name.size; place++) {
        uint32_t run = before > 0 ? before + SCORE_RUN : 0;
        uint32_t start = run > anywhere ? run : anywhere;
        bool is_possible = fold(letter) == fold(name.data[place]) && (is_first || start > 0);
        anywhere = before > anywhere ? before : anywhere;
        before = best[place];
        best[place] = is_possible ? start + score_place(name, place) : 0;
        top = best[place] > top ? best[place] : top;
    }
    return top;
}

uint32_t fuzzy_score(struct bytes pattern, struct bytes name)
{
    uint32_t best[FUZZY_BYTES_MAX] = { 0 }, top = 0;

    name.size = name.size < FUZZY_BYTES_MAX ? name.size : FUZZY_BYTES_MAX;
    if (pattern.size == 0) {
        return 1;
    }
    if (pattern.size > name.size) {
        return 0;
    }
    for (uint32_t i = 0; i < pattern.size; i++) {
        top = put_letter(best, pattern.data[i], i == 0, name);
    }
    return top > 0 ? top + FUZZY_BYTES_MAX - name.size : 0;
}

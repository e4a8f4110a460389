// SPDX-License-Identifier: MIT
// Texts that prove what they are: each is made from its sender and number alone, so whoever gets
// one can check every byte of it. No character in them needs an escape in JSON.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/load/json_scan.h"

enum { TEXT_BYTES_MIN = 32, TEXT_BYTES_MAX = 16384 };

// To be called once before the others.
void texts_init(void);

// Writes exactly bytes bytes, returns where they end.
char *texts_put(char *at, unsigned sender, uint64_t number, size_t bytes);

// True when the text is one of sender's, whole and unchanged; *number is then which one.
bool texts_check(struct json_span text, unsigned sender, uint64_t *number);

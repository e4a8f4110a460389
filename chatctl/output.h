// SPDX-License-Identifier: MIT
// What commands print: a JSON value as it is, or fields of it for people.

#pragma once

#include "shared/json.h"

// One line of compact JSON.
void output_json(const struct json *value);

// Field access with a fallback, for tables.
uint64_t output_uint(const struct json *object, const char *key);
struct bytes output_text(const struct json *object, const char *key);

// "1.2 MB"; the text lives until the next call but three.
const char *output_size(uint64_t bytes);

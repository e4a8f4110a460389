// SPDX-License-Identifier: MIT
// Reading JSON (RFC 8259) strictly: UTF-8 only, no duplicate keys, no NUL, integers exact to 64
// bits, nesting up to JSON_DEPTH_MAX. The only file that knows the JSON library (jansson).
//
// Owner: a parsed text is one tree; everything read from it is lent until json_destroy().

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"

struct json; // any value of a tree

// NULL when the text is not JSON in the above sense; says why in reason, in plain words.
struct json *json_parse(const char *text, size_t bytes, char *reason, size_t reason_bytes) MUST_USE;
// Only for roots. Accepts NULL.
void json_destroy(struct json *root);

bool json_value_is_object(const struct json *value);
bool json_value_is_array(const struct json *value);
bool json_value_is_string(const struct json *value);
bool json_value_is_null(const struct json *value);

// NULL when value is NULL, not an object, or has no such key.
const struct json *json_get(const struct json *value, const char *key);

size_t json_count(const struct json *array);
const struct json *json_at(const struct json *array, size_t index);

// False when the value is of another type; unsigned integers only below 2^53.
bool json_read_uint(const struct json *value, uint64_t *number);
bool json_read_bool(const struct json *value, bool *flag);
bool json_read_string(const struct json *value, struct bytes *text);

// Appends the value as compact JSON.
void json_dump(const struct json *value, struct buffer *out);

// Writing, straight into a buffer: the hot path needs no tree.
void json_add_string(struct buffer *out, struct bytes text);
void json_add_uint(struct buffer *out, uint64_t number);

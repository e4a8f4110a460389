// SPDX-License-Identifier: MIT
// What commands print: a JSON value as it is, or fields of it for people.

#pragma once

#include "shared/json.h"

// What is wrong, for people on stderr or as {"error":{kind, message}} on stdout.
void complain(bool is_json, const char *kind, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

// What was done to `subject`, which stands in both formats as %s.
void output_done(bool is_json, const char *json_format, const char *format, const char *subject);

// Adds a field to an object, whose brace it opens when out is empty; output_line() prints what was
// gathered, and frees it.
void output_field(struct buffer *out, const char *name, struct bytes text);
void output_line(struct buffer *out);

// Somebody else's text, with what could move the cursor left out.
void output_label(struct bytes text);

// Before a table is shown again: clears a terminal, parts them elsewhere.
void output_next_picture(bool is_json);

// A whole text: as it is, or as {name: text}.
void output_file(const char *name, const struct buffer *text, bool is_json);

// One line of compact JSON.
void output_json(const struct json *value);

// Field access with a fallback, for tables.
uint64_t output_uint(const struct json *object, const char *key);
struct bytes output_text(const struct json *object, const char *key);

// "1.2 MB"; the text lives until the next call but three.
const char *output_size(uint64_t bytes);

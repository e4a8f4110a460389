// SPDX-License-Identifier: MIT
#include "shared/json.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "shared/limits.h"

static const json_t *tree_of(const struct json *value)
{
    return (const json_t *)(const void *)value;
}

static const struct json *value_of(const json_t *tree)
{
    return (const struct json *)(const void *)tree;
}

// jansson recurses up to 2048 levels; ours is less, and checked before anything is allocated.
static bool is_too_deep(const char *text, size_t bytes)
{
    unsigned depth = 0;
    bool is_string = false;

    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        if (is_string) {
            i += c == '\\';
            is_string = c != '"';
        } else if (c == '"') {
            is_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MAX) {
                return true;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

struct json *json_parse(const char *text, size_t bytes, char *reason, size_t reason_bytes)
{
    json_error_t error;

    if (is_too_deep(text, bytes)) {
        snprintf(reason, reason_bytes, "nested deeper than %d levels", JSON_DEPTH_MAX);
        return NULL;
    }
    // jansson takes a NUL between values for the end of the text, and would ignore what follows.
    const char *nul = bytes == 0 ? NULL : memchr(text, '\0', bytes);
    if (nul != NULL) {
        snprintf(reason, reason_bytes, "not valid JSON at byte %zu", (size_t)(nul - text) + 1);
        return NULL;
    }
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (root == NULL) {
        // jansson's text may quote the input; position and kind are enough.
        snprintf(reason, reason_bytes, "not valid JSON at byte %d", error.position);
    }
    return (struct json *)(void *)root;
}

void json_destroy(struct json *root)
{
    json_decref((json_t *)(void *)root);
}

bool json_value_is_object(const struct json *value)
{
    return json_is_object(tree_of(value));
}

bool json_value_is_array(const struct json *value)
{
    return json_is_array(tree_of(value));
}

bool json_value_is_string(const struct json *value)
{
    return json_is_string(tree_of(value));
}

bool json_value_is_null(const struct json *value)
{
    return json_is_null(tree_of(value));
}

const struct json *json_get(const struct json *value, const char *key)
{
    return value_of(json_object_get(tree_of(value), key));
}

size_t json_count(const struct json *array)
{
    return json_array_size(tree_of(array));
}

const struct json *json_at(const struct json *array, size_t index)
{
    return value_of(json_array_get(tree_of(array), index));
}

bool json_read_uint(const struct json *value, uint64_t *number)
{
    const json_t *tree = tree_of(value);

    if (!json_is_integer(tree)) {
        return false;
    }
    json_int_t integer = json_integer_value(tree);
    if (integer < 0 || (uint64_t)integer > JSON_INTEGER_MAX) {
        return false;
    }
    *number = (uint64_t)integer;
    return true;
}

bool json_read_bool(const struct json *value, bool *flag)
{
    *flag = json_is_true(tree_of(value));
    return json_is_boolean(tree_of(value));
}

bool json_read_string(const struct json *value, struct bytes *text)
{
    const json_t *tree = tree_of(value);

    if (!json_is_string(tree)) {
        return false;
    }
    *text = (struct bytes){ json_string_value(tree), (uint32_t)json_string_length(tree) };
    return true;
}

static int dump_part(const char *data, size_t bytes, void *context)
{
    buffer_add(context, data, bytes);
    return 0;
}

void json_dump(const struct json *value, struct buffer *out)
{
    json_dump_callback(tree_of(value), dump_part, out, JSON_ENCODE_ANY | JSON_COMPACT);
}

static void add_escape(struct buffer *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char escape[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

    switch (c) {
    case '"':
        buffer_add_literal(out, "\\\"");
        break;
    case '\\':
        buffer_add_literal(out, "\\\\");
        break;
    case '\n':
        buffer_add_literal(out, "\\n");
        break;
    case '\t':
        buffer_add_literal(out, "\\t");
        break;
    case '\r':
        buffer_add_literal(out, "\\r");
        break;
    default:
        buffer_add(out, escape, sizeof(escape));
        break;
    }
}

void json_add_string(struct buffer *out, struct bytes text)
{
    uint32_t start = 0;

    buffer_add_byte(out, '"');
    for (uint32_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
            continue;
        }
        buffer_add(out, text.data + start, i - start);
        add_escape(out, c);
        start = i + 1;
    }
    buffer_add(out, text.data + start, text.size - start);
    buffer_add_byte(out, '"');
}

void json_add_uint(struct buffer *out, uint64_t number)
{
    char digits[20];
    size_t count = 0;

    do {
        digits[sizeof(digits) - ++count] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_add(out, digits + sizeof(digits) - count, count);
}

// SPDX-License-Identifier: MIT
#include "protocol/schema.h"

#include <string.h>

#include "shared/bytes.h"
#include "shared/check.h"

struct fields {
    const char *name;
    const char *text; // in the notation of results.def
};

#define SHAPE(name, text)
#define RESULT(identifier, text)
#define NOTIFICATION(name, text)

static const struct fields shapes[] = {
#undef SHAPE
#define SHAPE(name, text) { #name, text },
#include "shared/results.def"
#undef SHAPE
#define SHAPE(name, text)
};

static const char *const results[METHOD_COUNT] = {
#undef RESULT
#define RESULT(identifier, text) [METHOD_##identifier] = (text),
#include "shared/results.def"
#undef RESULT
#define RESULT(identifier, text)
};

static const struct fields notifications[] = {
#undef NOTIFICATION
#define NOTIFICATION(name, text) { #name, text },
#include "shared/results.def"
#undef NOTIFICATION
};

#define SHAPE_COUNT (sizeof(shapes) / sizeof(shapes[0]))
#define NOTIFICATION_COUNT (sizeof(notifications) / sizeof(notifications[0]))

static const struct fields scalars[] = {
    { "name", "{\"type\":\"string\",\"pattern\":\"^[a-z0-9][a-z0-9._-]{0,31}$\"}" },
    { "string", "{\"type\":\"string\"}" },
    { "count", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":9007199254740991}" },
    { "flag", "{\"type\":\"boolean\"}" },
    { "time", "{\"type\":\"string\",\"format\":\"date-time\"}" },
    { "object", "{\"type\":\"object\"}" },
};

static const char *find(const struct fields *table, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(bytes_of(table[i].name), name)) {
            return table[i].text;
        }
    }
    return NULL;
}

// "a|b": one of these words.
static void write_words(struct buffer *out, struct bytes words)
{
    buffer_add_literal(out, "{\"enum\":[\"");
    for (uint32_t i = 0; i < words.size; i++) {
        if (words.data[i] == '|') {
            buffer_add_literal(out, "\",\"");
        } else {
            buffer_add_byte(out, words.data[i]);
        }
    }
    buffer_add_literal(out, "\"]}");
}

static void write_type(struct buffer *out, struct bytes type)
{
    bool is_list = type.data[0] == '[';
    struct bytes item = is_list ? (struct bytes){ type.data + 1, type.size - 2 } : type;
    const char *scalar = find(scalars, sizeof(scalars) / sizeof(scalars[0]), item);

    if (is_list) {
        buffer_add_literal(out, "{\"type\":\"array\",\"items\":");
    }
    if (memchr(item.data, '|', item.size) != NULL) {
        write_words(out, item);
    } else if (scalar != NULL) {
        buffer_add(out, scalar, strlen(scalar));
    } else {
        CHECK(find(shapes, SHAPE_COUNT, item) != NULL);
        buffer_print(out, "{\"$ref\":\"#/components/schemas/%.*s\"}", (int)item.size, item.data);
    }
    if (is_list) {
        buffer_add_byte(out, '}');
    }
}

struct field {
    struct bytes name;
    struct bytes type; // empty: "+shape", and the shape is the name
    bool is_optional;
};

// The next word of *text, which moves behind it; false at the end.
static bool next_field(const char **text, struct field *field)
{
    const char *at = *text + strspn(*text, " ");
    uint32_t bytes = (uint32_t)strcspn(at, " ");
    uint32_t name_bytes = (uint32_t)strcspn(at, ": ");

    *text = at + bytes;
    if (bytes == 0) {
        return false;
    }
    if (*at == '+') {
        *field = (struct field){ .name = { at + 1, bytes - 1 } };
        return true;
    }
    CHECK(name_bytes > 0 && name_bytes + 1 < bytes);
    field->type = (struct bytes){ at + name_bytes + 1, bytes - name_bytes - 1 };
    field->is_optional = at[name_bytes - 1] == '?';
    field->name = (struct bytes){ at, name_bytes - field->is_optional };
    return true;
}

static void add_property(struct buffer *out, const struct field *field, bool is_first)
{
    buffer_print(out, "%s\"%.*s\":", is_first ? "" : ",", (int)field->name.size, field->name.data);
    write_type(out, field->type);
}

static void add_required(struct buffer *out, const struct field *field, bool is_first)
{
    buffer_print(out, "%s\"%.*s\"", is_first ? "" : ",", (int)field->name.size, field->name.data);
}

// Writes the fields, or the required ones of them, with commas between. A shape that is named
// with "+" has no such names itself.
static void write_fields(struct buffer *out, const char *text, bool only_required,
        void (*add)(struct buffer *out, const struct field *field, bool is_first))
{
    const char *outer = NULL;
    struct field field;
    bool is_first = true;

    for (;;) {
        if (!next_field(&text, &field)) {
            if (outer == NULL) {
                return;
            }
            text = outer;
            outer = NULL;
        } else if (field.type.size == 0) {
            CHECK(outer == NULL);
            outer = text;
            text = find(shapes, SHAPE_COUNT, field.name);
            CHECK(text != NULL);
        } else if (!only_required || !field.is_optional) {
            add(out, &field, is_first);
            is_first = false;
        }
    }
}

static void write_object(struct buffer *out, const char *text)
{
    buffer_add_literal(out, "{\"type\":\"object\",\"properties\":{");
    write_fields(out, text, false, add_property);
    buffer_add_literal(out, "},\"required\":[");
    write_fields(out, text, true, add_required);
    buffer_add_literal(out, "]}");
}

void schema_write_result(struct buffer *out, enum method method)
{
    CHECK(results[method] != NULL); // every method of methods.def has a line in results.def
    write_object(out, results[method]);
}

void schema_write_shapes(struct buffer *out)
{
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        buffer_print(out, "%s\"%s\":", i == 0 ? "{" : ",", shapes[i].name);
        write_object(out, shapes[i].text);
    }
    buffer_add_byte(out, '}');
}

void schema_write_notifications(struct buffer *out)
{
    for (size_t i = 0; i < NOTIFICATION_COUNT; i++) {
        buffer_print(out, "%s{\"name\":\"%s\",\"params\":", i == 0 ? "[" : ",",
                notifications[i].name);
        write_object(out, notifications[i].text);
        buffer_add_byte(out, '}');
    }
    buffer_add_byte(out, ']');
}

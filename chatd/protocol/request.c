// SPDX-License-Identifier: MIT
#include "protocol/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/tables.h"
#include "shared/limits.h"
#include "shared/name.h"

#define ID_BYTES_MAX 128

static int compare_name(const void *key, const void *entry)
{
    return strcmp(key, ((const struct method_entry *)entry)->name);
}

static bool find_method(struct bytes name, enum method *method)
{
    const struct method_entry *entry =
            bsearch(name.data, method_table, METHOD_COUNT, sizeof(method_table[0]), compare_name);

    if (entry != NULL) {
        *method = (enum method)(entry - method_table);
    }
    return entry != NULL;
}

// Says what the field must be; never quotes what was sent.
static enum err wrong(const struct param_entry *entry, char reason[REASON_BYTES])
{
    switch (entry->type) {
    case NAME:
        snprintf(reason, REASON_BYTES,
                "params.%s must be a user name: 1 to %d of a-z 0-9 . _ -, a letter or digit first",
                entry->name, NAME_BYTES_MAX);
        break;
    case STRING:
        snprintf(reason, REASON_BYTES, "params.%s must be a string of %llu to %llu bytes",
                entry->name, (unsigned long long)entry->least, (unsigned long long)entry->most);
        break;
    case INTEGER:
        snprintf(reason, REASON_BYTES, "params.%s must be an integer from %llu to %llu",
                entry->name, (unsigned long long)entry->least, (unsigned long long)entry->most);
        break;
    case FLAG:
        snprintf(reason, REASON_BYTES, "params.%s must be true or false", entry->name);
        break;
    case ARRAY:
        snprintf(reason, REASON_BYTES, "params.%s must be an array of at most %llu elements",
                entry->name, (unsigned long long)entry->most);
        break;
    }
    return ERR_PARAMS;
}

static bool read_field(const struct param_entry *entry, const struct json *value, void *field)
{
    struct bytes *text = field;

    switch (entry->type) {
    case NAME:
        return json_read_string(value, text) && name_is_valid(*text);
    case STRING:
        return json_read_string(value, text) && text->size >= entry->least &&
                text->size <= entry->most;
    case INTEGER:
        return json_read_uint(value, field) && *(uint64_t *)field >= entry->least &&
                *(uint64_t *)field <= entry->most;
    case FLAG:
        return json_read_bool(value, field);
    case ARRAY:
        *(const struct json **)field = value;
        return json_value_is_array(value) && json_count(value) <= entry->most;
    }
    return false;
}

static bool is_too_large(const struct param_entry *entry, const struct json *value)
{
    struct bytes text;

    return entry->field == P_TEXT && json_read_string(value, &text) && text.size > entry->most;
}

static enum err read_params(struct request *request, const struct json *params,
        char reason[REASON_BYTES])
{
    const struct method_entry *method = &method_table[request->method];

    if (params != NULL && !json_value_is_object(params)) {
        snprintf(reason, REASON_BYTES, "params must be an object");
        return ERR_PARAMS;
    }
    for (size_t i = 0; i < param_count; i++) {
        const struct param_entry *entry = &param_table[i];
        if (((method->required | method->optional) & entry->field) == 0) {
            continue;
        }
        const struct json *value = json_get(params, entry->name);
        // null is as good as nothing.
        bool is_absent = value == NULL || json_value_is_null(value);
        if (is_absent && (method->required & entry->field) != 0) {
            snprintf(reason, REASON_BYTES, "params.%s is missing", entry->name);
            return ERR_PARAMS;
        }
        if (is_absent) {
            continue;
        }
        if (!read_field(entry, value, (char *)&request->params + entry->offset)) {
            (void)wrong(entry, reason);
            return is_too_large(entry, value) ? ERR_TOO_LARGE : ERR_PARAMS;
        }
        request->params.present |= entry->field;
    }
    return ERR_OK;
}

static bool id_is_valid(const struct json *id)
{
    struct bytes text;
    uint64_t number;

    if (json_read_string(id, &text)) {
        return text.size <= ID_BYTES_MAX;
    }
    return json_value_is_null(id) || json_read_uint(id, &number);
}

enum err request_parse(const char *text, size_t bytes, struct request *request,
        char reason[REASON_BYTES])
{
    struct bytes version = { 0 }, name = { 0 };

    *request = (struct request){ 0 };
    reason[0] = '\0';
    request->root = json_parse(text, bytes, reason, REASON_BYTES);
    if (request->root == NULL) {
        return ERR_PARSE;
    }
    if (!json_value_is_object(request->root)) {
        snprintf(reason, REASON_BYTES, "%s",
                json_value_is_array(request->root)
                        ? "batches are not supported: send one object per frame"
                        : "a request is a JSON object");
        return ERR_REQUEST;
    }
    const struct json *id = json_get(request->root, "id");
    if (id != NULL && !id_is_valid(id)) {
        snprintf(reason, REASON_BYTES,
                "id must be a string of at most %d bytes, an integer from 0 to 2^53 - 1, or null",
                ID_BYTES_MAX);
        return ERR_REQUEST;
    }
    request->id = id;
    if (!json_read_string(json_get(request->root, "jsonrpc"), &version) ||
            !bytes_equal(version, bytes_of("2.0"))) {
        snprintf(reason, REASON_BYTES, "jsonrpc must be \"2.0\"");
        return ERR_REQUEST;
    }
    if (!json_read_string(json_get(request->root, "method"), &name)) {
        snprintf(reason, REASON_BYTES, "method must be a string");
        return ERR_REQUEST;
    }
    if (!find_method(name, &request->method)) {
        snprintf(reason, REASON_BYTES, "no such method; rpc.discover lists them");
        return ERR_METHOD;
    }
    return read_params(request, json_get(request->root, "params"), reason);
}

void request_finish(struct request *request)
{
    json_destroy(request->root);
    *request = (struct request){ 0 };
}

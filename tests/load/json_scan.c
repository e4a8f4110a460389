// SPDX-License-Identifier: MIT
#include "tests/load/json_scan.h"

#include <string.h>

static const char *skip_blank(const char *at, const char *end)
{
    while (at < end &&
            (*at == ' ' || *at == ',' || *at == ':' || *at == '\n' || *at == '\t' || *at == '\r')) {
        at++;
    }
    return at;
}

// From an opening quote to behind the closing one; end when there is none. Most strings are short
// keys, for which a plain loop beats memchr.
static const char *skip_string(const char *at, const char *end)
{
    const char *near = end - at > 24 ? at + 24 : end;

    for (at++; at < near; at++) {
        if (*at == '"') {
            return at + 1;
        }
        at += *at == '\\';
    }
    while (at < end) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        const char *escape = memchr(at, '\\', (size_t)((quote == NULL ? end : quote) - at));
        if (escape == NULL) {
            return quote == NULL ? end : quote + 1;
        }
        at = escape + 2;
    }
    return end;
}

static const char *skip_value(const char *at, const char *end)
{
    unsigned depth = 0;

    while (at < end) {
        switch (*at) {
        case '"':
            at = skip_string(at, end);
            break;
        case '{':
        case '[':
            depth++;
            at++;
            break;
        case '}':
        case ']':
            if (depth == 0) {
                return at;
            }
            depth--;
            at++;
            break;
        case ',':
            if (depth == 0) {
                return at;
            }
            at++;
            continue;
        default:
            at++;
            continue;
        }
        if (depth == 0) {
            return at;
        }
    }
    return at;
}

struct json_scan json_scan_start(struct json_span value)
{
    struct json_scan scan = { value.at, value.at };

    if (value.at != NULL && value.bytes >= 2 && (value.at[0] == '{' || value.at[0] == '[')) {
        scan.at = value.at + 1;
        scan.end = value.at + value.bytes;
    }
    return scan;
}

bool json_scan_element(struct json_scan *scan, struct json_span *value)
{
    scan->at = skip_blank(scan->at, scan->end);
    if (scan->at >= scan->end || *scan->at == ']' || *scan->at == '}') {
        return false;
    }
    value->at = scan->at;
    scan->at = skip_value(scan->at, scan->end);
    value->bytes = (size_t)(scan->at - value->at);
    while (value->bytes > 0 && value->at[value->bytes - 1] <= ' ') {
        value->bytes--;
    }
    return value->bytes > 0;
}

// Takes the key and colon at the scan's place; the value is left.
static bool take_key(struct json_scan *scan, struct json_span *key)
{
    scan->at = skip_blank(scan->at, scan->end);
    if (scan->at >= scan->end || *scan->at != '"') {
        return false;
    }
    key->at = scan->at + 1;
    scan->at = skip_string(scan->at, scan->end);
    key->bytes = (size_t)(scan->at - key->at) - 1;
    return true;
}

bool json_scan_member(struct json_scan *scan, struct json_span *key, struct json_span *value)
{
    return take_key(scan, key) && json_scan_element(scan, value);
}

bool json_is(struct json_span span, const char *text)
{
    size_t bytes = strlen(text);

    return span.at != NULL && span.bytes == bytes && memcmp(span.at, text, bytes) == 0;
}

struct json_span json_member(struct json_span object, const char *key)
{
    struct json_scan scan = json_scan_start(object);
    struct json_span name, value;

    while (json_scan_member(&scan, &name, &value)) {
        if (json_is(name, key)) {
            return value;
        }
    }
    return (struct json_span){ NULL, 0 };
}

struct json_span json_text(struct json_span value)
{
    if (value.at == NULL || value.bytes < 2 || value.at[0] != '"') {
        return (struct json_span){ NULL, 0 };
    }
    return (struct json_span){ value.at + 1, value.bytes - 2 };
}

uint64_t json_number(struct json_span value)
{
    uint64_t number = 0;

    for (size_t i = 0; i < value.bytes; i++) {
        if (value.at[i] < '0' || value.at[i] > '9') {
            return 0;
        }
        number = number * 10 + (uint64_t)(value.at[i] - '0');
    }
    return number;
}

// The large member that comes last needs no end: whoever looks into it finds that by itself.
static struct json_span rest_of(const struct json_scan *scan)
{
    const char *at = skip_blank(scan->at, scan->end);

    return (struct json_span){ at, (size_t)(scan->end - at) - 1 };
}

bool json_rpc_scan(const char *text, size_t bytes, struct json_rpc *rpc)
{
    struct json_scan scan = json_scan_start((struct json_span){ text, bytes });
    struct json_span key, value;

    memset(rpc, 0, sizeof *rpc);
    if (scan.at == text) {
        return false;
    }
    while (take_key(&scan, &key)) {
        if (rpc->has_id && json_is(key, "result")) {
            rpc->result = rest_of(&scan);
            break;
        }
        if (rpc->method.at != NULL && json_is(key, "params")) {
            rpc->params = rest_of(&scan);
            break;
        }
        if (!json_scan_element(&scan, &value)) {
            break;
        }
        if (json_is(key, "id")) {
            rpc->has_id = true;
            rpc->id = json_number(value);
        } else if (json_is(key, "method")) {
            rpc->method = json_text(value);
        } else if (json_is(key, "params")) {
            rpc->params = value;
        } else if (json_is(key, "result")) {
            rpc->result = value;
        } else if (json_is(key, "error")) {
            rpc->error = value;
        }
    }
    return true;
}

// SPDX-License-Identifier: MIT
// Picks members out of JSON text without building anything: for load generation, where the text
// comes from the server under test and is checked for what matters only.
//
// A span points into the text it was taken from and lives as long as that. Strings are not
// unescaped: the texts that chat-load compares need no escapes.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_span {
    const char *at; // NULL when absent
    size_t bytes;
};

struct json_scan {
    const char *at;
    const char *end;
};

// Starts on an object or an array. A span of another type has no members.
struct json_scan json_scan_start(struct json_span value);

// The next member of an object; false at its end or where the text is not JSON. A string value
// keeps its quotes.
bool json_scan_member(struct json_scan *scan, struct json_span *key, struct json_span *value);

// The next element of an array.
bool json_scan_element(struct json_scan *scan, struct json_span *value);

// One member of an object by name; absent: a span with at == NULL.
struct json_span json_member(struct json_span object, const char *key);

// What stands between the quotes; anything but a string: a span with at == NULL.
struct json_span json_text(struct json_span value);

bool json_is(struct json_span span, const char *text);

// A non-negative integer; anything else is 0.
uint64_t json_number(struct json_span value);

// The parts of a JSON-RPC message. Absent ones have at == NULL. The spans of params and result may
// reach past their end, to the end of the message.
struct json_rpc {
    struct json_span method; // without quotes
    struct json_span params;
    struct json_span result;
    struct json_span error;
    bool has_id;
    uint64_t id;
};

// False when the text is not an object.
bool json_rpc_scan(const char *text, size_t bytes, struct json_rpc *rpc);

// SPDX-License-Identifier: MIT
// The one list of errors: what a function returns, what the wire says (protocol.md "Errors"),
// the HTTP status that goes with it and whether trying again can help.

#pragma once

#include <stdbool.h>

// X(name, kind, code, http, retryable)
#define ERR_TABLE(X)                                                                               \
    X(PARSE, "parse", -32700, 400, false)                                                          \
    X(REQUEST, "request", -32600, 400, false)                                                      \
    X(METHOD, "method", -32601, 404, false)                                                        \
    X(PARAMS, "params", -32602, 400, false)                                                        \
    X(RPC_INTERNAL, "internal", -32603, 500, false)                                                \
    X(UNAUTHORIZED, "unauthorized", 1, 401, false)                                                 \
    X(FORBIDDEN, "forbidden", 2, 403, false)                                                       \
    X(NOT_FOUND, "not_found", 3, 404, false)                                                       \
    X(EXISTS, "exists", 4, 409, false)                                                             \
    X(INVALID, "invalid", 5, 400, false)                                                           \
    X(TOO_LARGE, "too_large", 6, 413, false)                                                       \
    X(BUSY, "busy", 7, 503, true)                                                                  \
    X(RATE_LIMITED, "rate_limited", 8, 429, true)                                                  \
    X(UNAVAILABLE, "unavailable", 9, 503, true)                                                    \
    X(CONFLICT, "conflict", 10, 409, false)                                                        \
    X(INTERNAL, "internal", 11, 500, false)                                                        \
    X(MEMORY, "internal", 12, 500, true)                                                           \
    X(IO, "unavailable", 13, 503, true)                                                            \
    X(DISK_FULL, "unavailable", 14, 503, true)                                                     \
    X(DAMAGED, "unavailable", 15, 503, false)

enum err {
    ERR_OK = 0,
#define X(name, kind, code, http, retryable) ERR_##name,
    ERR_TABLE(X)
#undef X
            ERR_COUNT
};

// The stable word of the wire, the JSON-RPC code, the HTTP status. Total functions.
const char *err_kind(enum err err);
int err_code(enum err err);
int err_http_status(enum err err);
bool err_is_retryable(enum err err);

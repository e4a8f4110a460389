// SPDX-License-Identifier: MIT
// One JSON-RPC call over chatd's admin socket. The only file that knows libcurl.
//
// Owner: the command that calls. Thread: one.

#pragma once

#include "shared/buffer.h"
#include "shared/check.h"
#include "shared/json.h"

// Exit codes of chatctl(8).
enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3,
    EXIT_NOT_ALLOWED = 4,
    EXIT_NOT_FOUND = 5,
    EXIT_REFUSED = 6,
    EXIT_PARTLY = 7,
    EXIT_CHECK_FAILED = 8,
    EXIT_TIMEOUT = 124,
};

struct rpc {
    const char *admin_socket;
    bool is_json; // errors are printed as JSON
};

// params is a JSON object, or NULL. On success *result is the answer's "result" (lent from *root,
// which json_destroy() releases). On failure the reason has been printed.
enum exit_code rpc_call(const struct rpc *rpc, const char *method, const struct buffer *params,
        struct json **root, const struct json **result) MUST_USE;

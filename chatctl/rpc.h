// SPDX-License-Identifier: MIT
// One JSON-RPC call to chatd: over its admin socket, or over POST /rpc with the token of an admin
// user. The only file that knows libcurl.
//
// Owner: the command that calls. Thread: one.

#pragma once

#include "shared/buffer.h"
#include "shared/check.h"
#include "shared/cli/exit_code.h"
#include "shared/json.h"

#define ADMIN_SOCKET_DEFAULT "/var/lib/chatd/admin.sock"

struct rpc {
    const char *admin_socket;
    const char *server;     // NULL: the admin socket
    const char *token_file; // for the server
    const char *ca_file;    // NULL: what the machine trusts
    long timeout_ms;
    bool is_json; // errors are printed as JSON
};

// Why a call had no result.
struct rpc_failure {
    enum exit_code code;
    char kind[32];
    char message[900];
};

// params is a JSON object, or NULL. On success *result is the answer's "result" (lent from *root,
// which json_destroy() releases). On failure says why, and returns the failure's code.
enum exit_code rpc_ask(const struct rpc *rpc, const char *method, const struct buffer *params,
        struct json **root, const struct json **result, struct rpc_failure *failure) MUST_USE;

// The same; on failure the reason has been printed.
enum exit_code rpc_call(const struct rpc *rpc, const char *method, const struct buffer *params,
        struct json **root, const struct json **result) MUST_USE;

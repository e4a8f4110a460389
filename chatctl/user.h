// SPDX-License-Identifier: MIT
// What the user commands have in common: a method about one user, and "admin.user.show".

#pragma once

#include "rpc.h"

// A method with params {"user": name}; as rpc_call().
enum exit_code user_call(const struct rpc *rpc, const char *method, const char *name,
        struct json **root, const struct json **result) MUST_USE;

// admin.user.show; as rpc_ask().
enum exit_code user_ask(const struct rpc *rpc, const char *name, struct json **root,
        const struct json **result, struct rpc_failure *failure) MUST_USE;

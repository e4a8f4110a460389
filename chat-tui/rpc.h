// SPDX-License-Identifier: MIT
// One request over POST /rpc, for commands that need no more.

#pragma once

#include "shared/buffer.h"
#include "shared/check.h"
#include "shared/client/web.h"
#include "shared/json.h"

// The answer (json_destroy() it), or NULL: reason says why there is none. token may be NULL.
struct json *rpc_ask(struct web *web, const char *token, const char *method,
        const struct buffer *params, char *reason, size_t reason_bytes) MUST_USE;

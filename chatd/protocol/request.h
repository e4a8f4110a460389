// SPDX-License-Identifier: MIT
// One JSON-RPC 2.0 request, from its text to a method and typed params (jsonrpc.org/specification).
//
// Owner:  the call that it became; its strings are lent from the parsed text.
// Thread: the loop thread.

#pragma once

#include <stdbool.h>

#include "shared/buffer.h"
#include "shared/check.h"
#include "shared/err.h"
#include "shared/json.h"
#include "shared/params.h"

enum access { ACCESS_ANYONE, ACCESS_DEVICE, ACCESS_ADMIN };

enum method {
#define METHOD(identifier, name, access, required, optional) METHOD_##identifier,
#include "shared/methods.def"
#undef METHOD
    METHOD_COUNT
};

#define REASON_BYTES 160

struct request {
    struct json *root;
    const struct json *id; // NULL: a notification, nobody waits for an answer
    enum method method;
    struct params params;
};

// Fills the request as far as it could be understood (id at least, if there is one) and says in
// reason what is wrong and what would be right. request_finish() is due in every case.
enum err request_parse(const char *text, size_t bytes, struct request *request,
        char reason[REASON_BYTES]) MUST_USE;
void request_finish(struct request *request);

enum access method_access(enum method method);
const char *method_name(enum method method);

// SPDX-License-Identifier: MIT
// A line of a script: what it asks for, and the answer's way out.
//
// Owner: the script's list of open requests. Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/client/sender.h"
#include "shared/err.h"
#include "shared/json.h"
#include "shared/list.h"

struct script;

struct request {
    struct list of_script; // open, or answered and not written yet
    struct script *script;
    struct buffer id; // as the script wrote it; empty: a notification, nobody wants an answer
    size_t bytes;     // of the line
    struct sending *sending; // in the outbox until the answer is written; or NULL
    uint64_t written_at;     // its place in the output
};

// What a line says, lent from its JSON.
struct request_line {
    const struct json *id; // NULL: none
    struct bytes method;
    const struct json *params; // NULL: none
};

// NULL, or why it is no request, in plain words; *err is then what kind of error that is.
const char *request_read(const struct json *root, struct request_line *line, enum err *err);

struct request *request_create(struct script *script, const struct json *id, size_t bytes) MUST_USE;
void request_destroy(struct request *request);

// {"jsonrpc":"2.0","id":ID,"result":...} or "error", from an answer that has other ids.
void request_write_answer(const struct request *request, const struct json *answer,
        struct buffer *out);
// An error of our own. id NULL: null.
void request_write_error(const struct buffer *id, enum err err, const char *message,
        struct buffer *out);

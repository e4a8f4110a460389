// SPDX-License-Identifier: MIT
// From typed results and events to JSON texts (protocol.md "Methods", "Notifications"), written
// straight into frames. Functions return NULL when memory is exhausted.
//
// Thread: the loop thread.

#pragma once

#include "shared/buffer.h"
#include "shared/err.h"
#include "shared/frame.h"
#include "shared/json.h"
#include "shared/view.h"

// A cursor as it stands on the wire: "<generation>.<useq>".
#define CURSOR_TEXT_BYTES 48
void encode_cursor(char text[CURSOR_TEXT_BYTES], uint64_t generation, uint64_t useq);

enum cursor_kind { CURSOR_VALID, CURSOR_OTHER_GENERATION, CURSOR_MALFORMED };
// "0" is the beginning of the current generation.
enum cursor_kind decode_cursor(struct bytes text, uint64_t generation, uint64_t *useq);

// {"jsonrpc":"2.0","id":ID,"result":...}: begin, then the value, then end.
void encode_begin_result(struct buffer *out, const struct json *id);
struct frame *encode_end(struct buffer *out) MUST_USE;

struct error_details {
    const char *message; // what was wrong and what would be right
    bool has_last;       // conflict
    uint64_t last;
    bool is_outcome_unknown;
    uint64_t retry_after_ms;
};

struct frame *encode_error(const struct json *id, enum err err,
        const struct error_details *details) MUST_USE;

// Parts of values.
void encode_message(struct buffer *out, const struct message_view *message);
void encode_head(struct buffer *out, const struct head_view *head);
void encode_ts(struct buffer *out, uint64_t ts);
void encode_digest(struct buffer *out, uint64_t digest);
void encode_device(struct buffer *out, uint64_t device);

// {user, state, last_seen?}
void encode_presence(struct buffer *out, struct bytes user, const char *state, uint64_t last_seen);

// Durable notifications, with their cursor.
struct frame *encode_event(const struct event_view *event, uint64_t generation) MUST_USE;

// {"jsonrpc":"2.0","method":"server","params":{"event":...}}
struct frame *encode_server_event(const char *event, uint64_t retry_after_ms) MUST_USE;

// SPDX-License-Identifier: MIT
// Frames of a WebSocket client (RFC 6455 section 5): writing masked ones, taking apart what the
// server sends. No sockets here.
//
// Owner: whoever embeds the parser; ws_parser_finish() releases its memory.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"

// What one message from the server may have: answers are pages of history.
#define WS_MESSAGE_BYTES_MAX (32 * 1024 * 1024)

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
};

// One whole frame at the end of out, masked with mask (section 5.3).
void ws_frame_add(struct buffer *out, enum ws_opcode opcode, struct bytes payload,
        const unsigned char mask[4]);

struct ws_parser {
    struct buffer in;      // bytes of the next frame that is not whole yet
    struct buffer message; // of the fragments so far
    bool is_fragmented;    // between a first fragment and the last
    enum ws_opcode opcode; // of the message under way
};

void ws_parser_finish(struct ws_parser *parser);

// Called for each whole message and each control frame; the payload is lent for the call. False
// ends the parsing: the connection is no longer of use.
typedef bool ws_on_message(void *context, enum ws_opcode opcode, struct bytes payload);

// Takes bytes as they come. NULL, or what the server did wrong, in plain words.
const char *ws_parser_take(struct ws_parser *parser, const char *data, size_t bytes,
        ws_on_message *on_message, void *context) MUST_USE;

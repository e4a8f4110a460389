// SPDX-License-Identifier: MIT
#include "protocol/encode.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/clock.h"
#include "shared/limits.h"

void encode_cursor(char text[CURSOR_TEXT_BYTES], uint64_t generation, uint64_t useq)
{
    snprintf(text, CURSOR_TEXT_BYTES, "%" PRIu64 ".%" PRIu64, generation, useq);
}

static bool read_number(struct bytes text, uint32_t *position, uint64_t *number)
{
    uint32_t start = *position;

    *number = 0;
    while (*position < text.size && text.data[*position] >= '0' && text.data[*position] <= '9') {
        *number = *number * 10 + (uint64_t)(text.data[*position] - '0');
        if (*number > JSON_INTEGER_MAX) {
            return false;
        }
        (*position)++;
    }
    return *position > start;
}

enum cursor_kind decode_cursor(struct bytes text, uint64_t generation, uint64_t *useq)
{
    uint64_t first = 0;
    uint32_t position = 0;

    if (bytes_equal(text, bytes_of("0"))) {
        *useq = 0;
        return CURSOR_VALID;
    }
    if (!read_number(text, &position, &first) || position >= text.size ||
            text.data[position++] != '.' || !read_number(text, &position, useq) ||
            position != text.size) {
        return CURSOR_MALFORMED;
    }
    return first == generation ? CURSOR_VALID : CURSOR_OTHER_GENERATION;
}

static void add_id(struct buffer *out, const struct json *id)
{
    uint64_t number;
    struct bytes text;

    if (json_read_uint(id, &number)) {
        json_add_uint(out, number);
    } else if (json_read_string(id, &text)) {
        json_add_string(out, text);
    } else {
        buffer_add_literal(out, "null");
    }
}

void encode_begin_result(struct buffer *out, const struct json *id)
{
    buffer_add_literal(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    add_id(out, id);
    buffer_add_literal(out, ",\"result\":");
}

struct frame *encode_end(struct buffer *out)
{
    struct frame *frame = NULL;

    buffer_add_byte(out, '}');
    if (buffer_is_whole(out)) {
        frame = frame_copy(out->data, out->bytes);
    }
    buffer_finish(out);
    return frame;
}

struct frame *encode_error(const struct json *id, enum err err, const struct error_details *details)
{
    struct buffer out = { 0 };

    buffer_add_literal(&out, "{\"jsonrpc\":\"2.0\",\"id\":");
    add_id(&out, id);
    buffer_print(&out, ",\"error\":{\"code\":%d,\"message\":", err_code(err));
    json_add_string(&out, bytes_of(details->message));
    buffer_print(&out, ",\"data\":{\"kind\":\"%s\",\"retryable\":%s", err_kind(err),
            err_is_retryable(err) ? "true" : "false");
    if (details->has_last) {
        buffer_print(&out, ",\"last\":%" PRIu64, details->last);
    }
    if (details->is_outcome_unknown) {
        buffer_add_literal(&out, ",\"outcome\":\"unknown\"");
    }
    if (details->retry_after_ms > 0) {
        buffer_print(&out, ",\"retry_after_ms\":%" PRIu64, details->retry_after_ms);
    }
    buffer_add_literal(&out, "}}");
    return encode_end(&out);
}

void encode_ts(struct buffer *out, uint64_t ts)
{
    char text[TIMESTAMP_BYTES];

    clock_format((int64_t)ts, text);
    buffer_add_byte(out, '"');
    buffer_add(out, text, TIMESTAMP_BYTES - 1);
    buffer_add_byte(out, '"');
}

void encode_digest(struct buffer *out, uint64_t digest)
{
    buffer_print(out, "\"%016" PRIx64 "\"", digest);
}

void encode_device(struct buffer *out, uint64_t device)
{
    static const char hex[] = "0123456789abcdef";
    char text[14] = { '"' };

    for (int i = 0; i < 12; i++) {
        text[1 + i] = hex[device >> (44 - 4 * i) & 15];
    }
    text[13] = '"';
    buffer_add(out, text, sizeof(text));
}

void encode_presence(struct buffer *out, struct bytes user, const char *state, uint64_t last_seen)
{
    buffer_add_literal(out, "{\"user\":");
    json_add_string(out, user);
    buffer_print(out, ",\"state\":\"%s\"", state);
    if (last_seen > 0) {
        buffer_add_literal(out, ",\"last_seen\":");
        encode_ts(out, last_seen);
    }
    buffer_add_byte(out, '}');
}

static void add_cursor(struct buffer *out, uint64_t generation, uint64_t useq)
{
    buffer_add_literal(out, ",\"cursor\":\"");
    json_add_uint(out, generation);
    buffer_add_byte(out, '.');
    json_add_uint(out, useq);
    buffer_add_byte(out, '"');
}

// Without the braces, so that a notification can add its cursor. Names need no escaping.
static void add_message(struct buffer *out, const struct message_view *message)
{
    static const char *const kinds[] = { "text", "edit", "delete" };

    buffer_add_literal(out, "\"peer\":\"");
    buffer_add(out, message->peer.data, message->peer.size);
    buffer_add_literal(out, "\",\"seq\":");
    json_add_uint(out, message->seq);
    buffer_add_literal(out, ",\"ts\":");
    encode_ts(out, message->ts);
    buffer_add_literal(out, ",\"from\":\"");
    buffer_add(out, message->from.data, message->from.size);
    buffer_add_literal(out, "\",\"text\":");
    json_add_string(out, message->text);
    if (message->kind != MESSAGE_TEXT) {
        buffer_add_literal(out, ",\"kind\":");
        json_add_string(out, bytes_of(kinds[message->kind]));
        buffer_add_literal(out, ",\"target\":");
        json_add_uint(out, message->target);
    }
    if (message->is_edited) {
        buffer_add_literal(out, ",\"edited\":true");
    }
    if (message->is_deleted) {
        buffer_add_literal(out, ",\"deleted\":true");
    }
    if (message->counter != 0) {
        buffer_add_literal(out, ",\"counter\":");
        json_add_uint(out, message->counter);
    }
    if (message->device != 0) {
        buffer_add_literal(out, ",\"device\":");
        encode_device(out, message->device);
    }
}

void encode_message(struct buffer *out, const struct message_view *message)
{
    buffer_add_byte(out, '{');
    add_message(out, message);
    buffer_add_byte(out, '}');
}

static void add_head(struct buffer *out, const struct head_view *head)
{
    buffer_print(out,
            "\"peer\":\"%.*s\",\"seq\":%" PRIu64 ",\"read_seq\":%" PRIu64
            ",\"peer_delivered_seq\":%" PRIu64 ",\"peer_read_seq\":%" PRIu64 ",\"unread\":%" PRIu64
            ",\"digest\":",
            (int)head->peer.size, head->peer.data, head->seq, head->read_seq,
            head->peer_delivered_seq, head->peer_read_seq, head->unread);
    encode_digest(out, head->digest);
    if (head->is_blocked) {
        buffer_add_literal(out, ",\"blocked\":true");
    }
    if (head->has_last) {
        buffer_add_literal(out, ",\"last\":");
        encode_message(out, &head->last);
    }
}

void encode_head(struct buffer *out, const struct head_view *head)
{
    buffer_add_byte(out, '{');
    add_head(out, head);
    buffer_add_byte(out, '}');
}

static void add_receipt(struct buffer *out, const struct receipt_view *receipt)
{
    buffer_add_literal(out, "\"peer\":");
    json_add_string(out, receipt->peer);
    buffer_add_literal(out, ",\"by\":");
    json_add_string(out, receipt->by);
    if (receipt->delivered_seq > 0) {
        buffer_add_literal(out, ",\"delivered_seq\":");
        json_add_uint(out, receipt->delivered_seq);
    }
    if (receipt->read_seq > 0) {
        buffer_add_literal(out, ",\"read_seq\":");
        json_add_uint(out, receipt->read_seq);
    }
}

struct frame *encode_event(const struct event_view *event, uint64_t generation)
{
    struct buffer out = { 0 };

    // One allocation: everything but the text is short.
    if (event->kind == EVENT_MESSAGE) {
        buffer_reserve(&out, 400 + event->message.text.size);
    }
    buffer_add_literal(&out, "{\"jsonrpc\":\"2.0\",\"method\":\"");
    switch (event->kind) {
    case EVENT_MESSAGE:
        buffer_add_literal(&out, "message\",\"params\":{");
        add_message(&out, &event->message);
        break;
    case EVENT_RECEIPT:
        buffer_add_literal(&out, "receipt\",\"params\":{");
        add_receipt(&out, &event->receipt);
        break;
    case EVENT_CONVERSATION:
        buffer_add_literal(&out, "conversation\",\"params\":{");
        add_head(&out, &event->head);
        break;
    }
    add_cursor(&out, generation, event->useq);
    buffer_add_byte(&out, '}');
    return encode_end(&out);
}

struct frame *encode_server_event(const char *event, uint64_t retry_after_ms)
{
    struct buffer out = { 0 };

    buffer_print(&out, "{\"jsonrpc\":\"2.0\",\"method\":\"server\",\"params\":{\"event\":\"%s\"",
            event);
    if (retry_after_ms > 0) {
        buffer_print(&out, ",\"retry_after_ms\":%" PRIu64, retry_after_ms);
    }
    buffer_add_byte(&out, '}');
    return encode_end(&out);
}

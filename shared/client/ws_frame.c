// SPDX-License-Identifier: MIT
#include "shared/client/ws_frame.h"

#include <string.h>

#define FIN 0x80
#define RESERVED 0x70
#define MASKED 0x80
#define CONTROL_BYTES_MAX 125
#define KEPT_BYTES (32 * 1024) // between messages; a long list of conversations takes more

void ws_frame_add(struct buffer *out, enum ws_opcode opcode, struct bytes payload,
        const unsigned char mask[4])
{
    unsigned char header[14] = { (unsigned char)(FIN | opcode) };
    size_t size = payload.size, used = 2;

    if (size < 126) {
        header[1] = (unsigned char)(MASKED | size);
    } else if (size <= UINT16_MAX) {
        header[1] = MASKED | 126;
        header[2] = (unsigned char)(size >> 8);
        header[3] = (unsigned char)size;
        used = 4;
    } else {
        header[1] = MASKED | 127;
        for (int i = 0; i < 8; i++) {
            header[2 + i] = (unsigned char)((uint64_t)size >> (56 - 8 * i));
        }
        used = 10;
    }
    memcpy(header + used, mask, 4);
    buffer_add(out, header, used + 4);
    char *room = buffer_reserve(out, size);
    for (size_t i = 0; room != NULL && i < size; i++) {
        room[i] = (char)((unsigned char)payload.data[i] ^ mask[i % 4]);
    }
    out->bytes += room == NULL ? 0 : size;
}

void ws_parser_finish(struct ws_parser *parser)
{
    buffer_finish(&parser->in);
    buffer_finish(&parser->message);
}

struct frame_head {
    bool is_final;
    enum ws_opcode opcode;
    size_t header_bytes;
    uint64_t payload_bytes;
};

// False: more bytes are needed, or reason says what is wrong.
static bool read_head(const unsigned char *data, size_t bytes, struct frame_head *head,
        const char **reason)
{
    if (bytes < 2) {
        return false;
    }
    size_t length_bytes = (data[1] & 0x7f) < 126 ? 0 : (data[1] & 0x7f) == 126 ? 2 : 8;
    if ((data[0] & RESERVED) != 0 || (data[1] & MASKED) != 0) {
        *reason = "the server sent a frame that is not allowed";
        return false;
    }
    if (bytes < 2 + length_bytes) {
        return false;
    }
    *head = (struct frame_head){ (data[0] & FIN) != 0, data[0] & 0x0f, 2 + length_bytes,
        length_bytes == 0 ? data[1] & 0x7f : 0 };
    for (size_t i = 0; i < length_bytes; i++) {
        head->payload_bytes = head->payload_bytes << 8 | data[2 + i];
    }
    if (head->payload_bytes > WS_MESSAGE_BYTES_MAX) {
        *reason = "the server sent a message that is too large";
        return false;
    }
    if (head->opcode >= WS_CLOSE && (!head->is_final || head->payload_bytes > CONTROL_BYTES_MAX)) {
        *reason = "the server sent a control frame that is not allowed";
        return false;
    }
    return true;
}

static const char *take_data(struct ws_parser *parser, const struct frame_head *head,
        struct bytes payload, ws_on_message *on_message, void *context)
{
    bool is_first = head->opcode != WS_CONTINUATION;

    if (is_first == parser->is_fragmented || head->opcode > WS_BINARY) {
        return "the server sent fragments out of order";
    }
    if (is_first) {
        parser->opcode = head->opcode;
    }
    if (is_first && head->is_final) { // the usual case, without a copy
        return on_message(context, parser->opcode, payload) ? NULL : "";
    }
    if (parser->message.bytes + payload.size > WS_MESSAGE_BYTES_MAX) {
        return "the server sent a message that is too large";
    }
    buffer_add(&parser->message, payload.data, payload.size);
    parser->is_fragmented = !head->is_final;
    if (!buffer_is_whole(&parser->message)) {
        return "no memory for a message of the server";
    }
    if (!head->is_final) {
        return NULL;
    }
    struct bytes whole = { parser->message.data, (uint32_t)parser->message.bytes };
    bool is_wanted = on_message(context, parser->opcode, whole);
    if (!is_wanted) {
        return "";
    }
    buffer_clear(&parser->message);
    return NULL;
}

const char *ws_parser_take(struct ws_parser *parser, const char *data, size_t bytes,
        ws_on_message *on_message, void *context)
{
    const char *reason = NULL;
    struct frame_head head;
    size_t done = 0;

    buffer_add(&parser->in, data, bytes);
    if (!buffer_is_whole(&parser->in)) {
        return "no memory for a message of the server";
    }
    while (read_head((const unsigned char *)parser->in.data + done, parser->in.bytes - done, &head,
            &reason)) {
        if (parser->in.bytes - done < head.header_bytes + head.payload_bytes) {
            break;
        }
        struct bytes payload = { parser->in.data + done + head.header_bytes,
            (uint32_t)head.payload_bytes };
        done += head.header_bytes + head.payload_bytes;
        if (head.opcode >= WS_CLOSE) {
            reason = on_message(context, head.opcode, payload) ? NULL : "";
        } else {
            reason = take_data(parser, &head, payload, on_message, context);
        }
        if (reason != NULL) {
            return reason; // the owner may have finished the parser
        }
    }
    if (reason != NULL) {
        return reason;
    }
    memmove(parser->in.data, parser->in.data + done, parser->in.bytes - done);
    parser->in.bytes -= done;
    if (parser->in.bytes == 0 && parser->in.capacity > KEPT_BYTES) {
        buffer_finish(&parser->in);
    }
    return reason;
}

// SPDX-License-Identifier: MIT
#include "shared/client/websocket.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "shared/clock.h"
#include "shared/random.h"

#define HEAD_BYTES_MAX 16384
#define READ_BYTES (16 * 1024)
#define READS_MAX 4 // in one step, so that writing and the keys get their turn

static void end(struct websocket *socket, const char *why)
{
    char reason[300];

    snprintf(reason, sizeof(reason), "%s", why); // it may be part of what is freed now
    websocket_close(socket);
    socket->on_closed(socket->context, reason);
}

static void make_key(char key[25], char accept[32])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455 section 1.3
    unsigned char nonce[16], digest[SHA_DIGEST_LENGTH];
    char joined[25 + sizeof(guid)];

    random_fill(nonce, sizeof(nonce));
    EVP_EncodeBlock((unsigned char *)key, nonce, sizeof(nonce));
    int length = snprintf(joined, sizeof(joined), "%s%s", key, guid);
    SHA1((const unsigned char *)joined, (size_t)length, digest);
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof(digest));
}

static void on_stream(struct web_stream *stream, const char *reason)
{
    struct websocket *socket = stream->context;
    char key[25];

    if (reason != NULL) {
        end(socket, reason);
        return;
    }
    make_key(key, socket->accept);
    buffer_print(&socket->out,
            "GET /ws HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: chat.v1\r\n\r\n",
            web_address(stream->web)->authority, key);
    socket->state = WEBSOCKET_SHAKING;
}

void websocket_open(struct websocket *socket, struct web *web)
{
    CHECK(socket->state == WEBSOCKET_CLOSED);
    socket->state = WEBSOCKET_CONNECTING;
    socket->stream.context = socket;
    socket->stream.opened = on_stream;
    socket->heard_ms = clock_monotonic_ms();
    socket->asked_ms = 0;
    socket->is_paused = false;
    if (web_stream_open(web, &socket->stream, WEBSOCKET_OPEN_MS) != ERR_OK) {
        end(socket, "no memory");
    }
}

static void add_frame(struct websocket *socket, enum ws_opcode opcode, struct bytes payload)
{
    unsigned char mask[4];

    random_fill(mask, sizeof(mask));
    ws_frame_add(&socket->out, opcode, payload, mask);
}

// False: the connection is of no use any more.
static bool flush(struct websocket *socket)
{
    size_t sent = 0;
    long step = 1;

    while (sent < socket->out.bytes && step > 0) {
        step = web_stream_send(&socket->stream, socket->out.data + sent, socket->out.bytes - sent);
        sent += step > 0 ? (size_t)step : 0;
    }
    memmove(socket->out.data, socket->out.data + sent, socket->out.bytes - sent);
    socket->out.bytes -= sent;
    return step >= 0 && buffer_is_whole(&socket->out);
}

void websocket_close(struct websocket *socket)
{
    if (socket->state == WEBSOCKET_OPEN) {
        add_frame(socket, WS_CLOSE, (struct bytes){ "\x03\xe8", 2 }); // 1000
        (void)!flush(socket);
    }
    web_stream_close(&socket->stream);
    ws_parser_finish(&socket->parser);
    socket->parser = (struct ws_parser){ 0 };
    buffer_finish(&socket->out);
    buffer_finish(&socket->head);
    socket->state = WEBSOCKET_CLOSED;
}

void websocket_send(struct websocket *socket, struct bytes text)
{
    CHECK(socket->state == WEBSOCKET_OPEN);
    add_frame(socket, WS_TEXT, text);
}

void websocket_pause(struct websocket *socket, bool is_paused)
{
    if (socket->is_paused && !is_paused) {
        socket->heard_ms = clock_monotonic_ms(); // its silence was ours
    }
    socket->is_paused = is_paused;
}

struct pollfd websocket_watch(const struct websocket *socket)
{
    bool is_up = socket->state == WEBSOCKET_SHAKING || socket->state == WEBSOCKET_OPEN;

    return (struct pollfd){ is_up ? socket->stream.fd : -1,
        (short)((socket->is_paused ? 0 : POLLIN) | (socket->out.bytes > 0 ? POLLOUT : 0)), 0 };
}

int64_t websocket_deadline_ms(const struct websocket *socket)
{
    switch (socket->state) {
    case WEBSOCKET_CLOSED:
        return INT64_MAX;
    case WEBSOCKET_CONNECTING:
    case WEBSOCKET_SHAKING:
        return socket->heard_ms + WEBSOCKET_OPEN_MS;
    case WEBSOCKET_OPEN:
        if (socket->is_paused) {
            return INT64_MAX;
        }
        return socket->heard_ms +
                (socket->asked_ms > socket->heard_ms ? WEBSOCKET_DEAD_MS : WEBSOCKET_PING_MS);
    }
    return INT64_MAX;
}

static bool on_message(void *context, enum ws_opcode opcode, struct bytes payload)
{
    struct websocket *socket = context;

    if (opcode == WS_PING) {
        add_frame(socket, WS_PONG, payload);
    } else if (opcode == WS_TEXT) {
        socket->on_text(socket->context, payload);
    } else if (opcode == WS_CLOSE) {
        char why[160] = "the server closed the connection";
        if (payload.size > 2) {
            snprintf(why, sizeof(why), "the server closed the connection: %.*s",
                    (int)(payload.size - 2), payload.data + 2);
        }
        end(socket, why);
    }
    return socket->state == WEBSOCKET_OPEN;
}

// The value of a header field in the answer, or an empty string.
static struct bytes header(const char *head, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            const char *value = line + length + 1;
            value += strspn(value, " \t");
            return (struct bytes){ value, (uint32_t)strcspn(value, "\r\n") };
        }
    }
    return (struct bytes){ "", 0 };
}

static void shake(struct websocket *socket, const char *data, size_t bytes)
{
    char why[100];
    int status = 0;

    buffer_add(&socket->head, data, bytes);
    buffer_add_byte(&socket->head, '\0');
    socket->head.bytes--;
    char *end_of_head =
            buffer_is_whole(&socket->head) ? strstr(socket->head.data, "\r\n\r\n") : NULL;
    if (end_of_head == NULL) {
        if (socket->head.bytes > HEAD_BYTES_MAX || !buffer_is_whole(&socket->head)) {
            end(socket, "the answer is not that of a WebSocket");
        }
        return;
    }
    size_t rest = socket->head.bytes - (size_t)(end_of_head + 4 - socket->head.data);
    end_of_head[2] = '\0';
    (void)sscanf(socket->head.data, "HTTP/1.1 %3d", &status); // NOLINT(cert-err34-c)
    if (status != 101 ||
            !bytes_equal(header(socket->head.data, "sec-websocket-accept"),
                    bytes_of(socket->accept))) {
        snprintf(why, sizeof(why), "no WebSocket there (HTTP status %d)", status);
        end(socket, why);
        return;
    }
    socket->state = WEBSOCKET_OPEN;
    socket->on_open(socket->context);
    if (rest > 0 && socket->state == WEBSOCKET_OPEN) {
        const char *wrong =
                ws_parser_take(&socket->parser, end_of_head + 4, rest, on_message, socket);
        if (wrong != NULL && socket->state == WEBSOCKET_OPEN) {
            end(socket, wrong);
        }
    }
}

static void take(struct websocket *socket, const char *data, size_t bytes)
{
    if (socket->state == WEBSOCKET_SHAKING) {
        shake(socket, data, bytes);
        return;
    }
    const char *wrong = ws_parser_take(&socket->parser, data, bytes, on_message, socket);
    if (wrong != NULL && socket->state == WEBSOCKET_OPEN) {
        end(socket, wrong);
    }
}

static void receive(struct websocket *socket, int64_t now_ms)
{
    static _Thread_local char data[READ_BYTES];

    for (int i = 0; i < READS_MAX && !socket->is_paused; i++) {
        long bytes = web_stream_receive(&socket->stream, data, sizeof(data));
        if (bytes < 0) {
            end(socket, "the connection was cut");
            return;
        }
        if (bytes == 0) {
            return;
        }
        socket->heard_ms = now_ms;
        take(socket, data, (size_t)bytes);
        if (socket->state == WEBSOCKET_CLOSED) {
            return;
        }
    }
}

static void notice_silence(struct websocket *socket, int64_t now_ms)
{
    int64_t silence_ms = now_ms - socket->heard_ms;

    if (socket->is_paused) {
        return;
    }
    if (socket->state != WEBSOCKET_OPEN) {
        if (silence_ms >= WEBSOCKET_OPEN_MS) {
            end(socket, "no answer in time");
        }
    } else if (silence_ms >= WEBSOCKET_DEAD_MS) {
        end(socket, "the server has gone silent");
    } else if (silence_ms >= WEBSOCKET_PING_MS && socket->asked_ms <= socket->heard_ms) {
        socket->asked_ms = now_ms;
        add_frame(socket, WS_PING, (struct bytes){ "?", 1 });
    }
}

void websocket_step(struct websocket *socket, short revents, int64_t now_ms)
{
    if (socket->state == WEBSOCKET_CLOSED) {
        return;
    }
    // TLS may hold decrypted bytes that poll(2) does not show: one more read after each wait.
    if (socket->state != WEBSOCKET_CONNECTING &&
            ((revents & (POLLIN | POLLHUP | POLLERR)) != 0 ||
                    web_address(socket->stream.web)->is_tls)) {
        receive(socket, now_ms);
    }
    if (socket->state != WEBSOCKET_CLOSED) {
        notice_silence(socket, now_ms);
    }
    bool is_up = socket->state == WEBSOCKET_SHAKING || socket->state == WEBSOCKET_OPEN;
    if (is_up && socket->out.bytes > 0 && !flush(socket)) {
        end(socket, "the connection was cut");
    }
}

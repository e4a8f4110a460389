// SPDX-License-Identifier: MIT
#include "tests/load/ws_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SCRATCH_BYTES = 256 * 1024,
    MESSAGE_BYTES_MAX = 32 * 1024 * 1024,
    EVENTS_MAX = 1024,
    HEADER_BYTES_MAX = 8, // two length bytes and the mask
};

enum { OP_CONTINUATION = 0, OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

static void buffer_reserve(struct ws_buffer *buffer, size_t bytes)
{
    if (buffer->start == buffer->end) {
        buffer->start = buffer->end = 0;
    }
    if (buffer->end + bytes <= buffer->capacity) {
        return;
    }
    if (buffer->start > 0) {
        memmove(buffer->bytes, buffer->bytes + buffer->start, buffer->end - buffer->start);
        buffer->end -= buffer->start;
        buffer->start = 0;
    }
    if (buffer->end + bytes > buffer->capacity) {
        size_t capacity = 2 * buffer->capacity + bytes;
        char *grown = realloc(buffer->bytes, capacity);
        CHECK(grown != NULL);
        buffer->bytes = grown;
        buffer->capacity = capacity;
    }
}

static void buffer_append(struct ws_buffer *buffer, const char *bytes, size_t count)
{
    if (count == 0) {
        return;
    }
    buffer_reserve(buffer, count);
    memcpy(buffer->bytes + buffer->end, bytes, count);
    buffer->end += count;
}

static void buffer_release(struct ws_buffer *buffer)
{
    free(buffer->bytes);
    memset(buffer, 0, sizeof *buffer);
}

static void mark_dirty(struct ws_client *client)
{
    if (!client->is_dirty) {
        client->is_dirty = true;
        client->next_dirty = client->loop->dirty;
        client->loop->dirty = client;
    }
}

static void watch(struct ws_client *client, int operation, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = client };

    CHECK(epoll_ctl(client->loop->epoll_fd, operation, client->fd, &event) == 0);
}

// Random enough for masking: the mask only has to keep proxies from being fooled.
static uint32_t next_mask(struct ws_loop *loop)
{
    loop->mask_state ^= loop->mask_state << 13;
    loop->mask_state ^= loop->mask_state >> 7;
    loop->mask_state ^= loop->mask_state << 17;
    return (uint32_t)loop->mask_state;
}

bool ws_client_open(struct ws_loop *loop, struct ws_client *client)
{
    static const int on = 1;

    CHECK(client->state == WS_CLOSED);
    memset(client, 0, sizeof *client);
    client->loop = loop;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0) {
        return false;
    }
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    client->state = WS_CONNECTING;
    const struct sockaddr *address = (const struct sockaddr *)&loop->server;
    if (connect(client->fd, address, sizeof loop->server) != 0 && errno != EINPROGRESS) {
        close(client->fd);
        client->state = WS_CLOSED;
        return false;
    }
    watch(client, EPOLL_CTL_ADD, EPOLLOUT);
    return true;
}

void ws_client_close(struct ws_client *client, const char *why)
{
    if (client->state == WS_CLOSED || client->state == WS_CLOSING) {
        return;
    }
    client->state = WS_CLOSING;
    client->why = why;
    mark_dirty(client);
}

static void finish(struct ws_client *client)
{
    static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(client->fd);
    buffer_release(&client->in);
    buffer_release(&client->out);
    buffer_release(&client->fragments);
    client->state = WS_CLOSED;
    client->loop->handlers.closed(client, client->why);
}

char *ws_client_reserve(struct ws_client *client, size_t bytes_max)
{
    buffer_reserve(&client->out, bytes_max + HEADER_BYTES_MAX);
    return client->out.bytes + client->out.end + HEADER_BYTES_MAX;
}

static void apply_mask(char *text, size_t bytes, uint32_t mask)
{
    uint64_t wide = (uint64_t)mask << 32 | mask, word;
    size_t i = 0;

    for (; i + sizeof word <= bytes; i += sizeof word) {
        memcpy(&word, text + i, sizeof word);
        word ^= wide;
        memcpy(text + i, &word, sizeof word);
    }
    for (unsigned shift = 0; i < bytes; i++, shift += 8) {
        text[i] = (char)((unsigned char)text[i] ^ (wide >> shift & 0xff));
    }
}

static void commit(struct ws_client *client, unsigned opcode, size_t bytes)
{
    unsigned char *header = (unsigned char *)client->out.bytes + client->out.end;
    char *text = client->out.bytes + client->out.end + HEADER_BYTES_MAX;
    uint32_t mask = next_mask(client->loop);
    size_t header_bytes = 6;

    CHECK(bytes < 65536);
    apply_mask(text, bytes, mask);
    header[0] = (unsigned char)(0x80 | opcode);
    if (bytes < 126) {
        header[1] = (unsigned char)(0x80 | bytes);
    } else {
        header[1] = 0x80 | 126;
        header[2] = (unsigned char)(bytes >> 8);
        header[3] = (unsigned char)(bytes & 0xff);
        header_bytes = HEADER_BYTES_MAX;
    }
    memcpy(header + header_bytes - sizeof mask, &mask, sizeof mask);
    if (header_bytes < HEADER_BYTES_MAX) {
        memmove(header + header_bytes, text, bytes);
    }
    client->out.end += header_bytes + bytes;
    mark_dirty(client);
}

void ws_client_commit(struct ws_client *client, size_t bytes)
{
    commit(client, OP_TEXT, bytes);
}

static void answer_ping(struct ws_client *client, const char *payload, size_t bytes)
{
    memcpy(ws_client_reserve(client, bytes), payload, bytes);
    commit(client, OP_PONG, bytes);
}

static void on_data(struct ws_client *client, bool is_final, const char *payload, size_t bytes)
{
    if (is_final && client->fragments.end == 0) {
        client->loop->messages++;
        client->loop->handlers.message(client, payload, bytes);
        return;
    }
    buffer_append(&client->fragments, payload, bytes);
    if (is_final) {
        size_t whole = client->fragments.end;
        client->loop->messages++;
        client->loop->handlers.message(client, client->fragments.bytes, whole);
        client->fragments.end = 0;
    }
}

static void on_frame(struct ws_client *client, unsigned first, const char *payload, size_t bytes)
{
    switch (first & 0x0f) {
    case OP_TEXT:
    case OP_CONTINUATION:
        on_data(client, (first & 0x80) != 0, payload, bytes);
        break;
    case OP_PING:
        answer_ping(client, payload, bytes);
        break;
    case OP_PONG:
        break;
    case OP_CLOSE:
        ws_client_close(client, "the server sent a close frame");
        break;
    default:
        ws_client_close(client, "the server sent an unknown opcode");
        break;
    }
}

// Handles the whole frames at the start of the text; returns how many bytes they were.
static size_t take_frames(struct ws_client *client, const char *text, size_t bytes)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t taken = 0;

    while (client->state == WS_OPEN && bytes - taken >= 2) {
        size_t header = 2, length = at[taken + 1] & 0x7f;
        size_t length_bytes = length == 126 ? 2 : length == 127 ? 8 : 0;

        if (bytes - taken < header + length_bytes) {
            break;
        }
        for (size_t i = 0; i < length_bytes; i++) {
            length = (i == 0 ? 0 : length << 8) | at[taken + header + i];
        }
        header += length_bytes;
        if ((at[taken + 1] & 0x80) != 0 || length > MESSAGE_BYTES_MAX) {
            ws_client_close(client, "the server sent a masked or an oversized frame");
            break;
        }
        if (bytes - taken < header + length) {
            break;
        }
        on_frame(client, at[taken], text + taken + header, length);
        taken += header + length;
    }
    return taken;
}

// Returns the bytes of the answer's head, 0 while it is not complete.
static size_t take_upgrade(struct ws_client *client, const char *text, size_t bytes)
{
    const char *end = memmem(text, bytes, "\r\n\r\n", 4);

    if (end == NULL) {
        return 0;
    }
    if (bytes < 12 || memcmp(text, "HTTP/1.1 101", 12) != 0) {
        ws_client_close(client, "the server refused the upgrade");
        return bytes;
    }
    client->state = WS_OPEN;
    client->loop->handlers.opened(client);
    return (size_t)(end - text) + 4;
}

static size_t take(struct ws_client *client, const char *text, size_t bytes)
{
    size_t taken = 0;

    if (client->state == WS_UPGRADING) {
        taken = take_upgrade(client, text, bytes);
    }
    if (client->state == WS_OPEN) {
        taken += take_frames(client, text + taken, bytes - taken);
    }
    return client->state == WS_CLOSING ? bytes : taken;
}

static void on_readable(struct ws_client *client)
{
    struct ws_loop *loop = client->loop;
    ssize_t got = recv(client->fd, loop->scratch, SCRATCH_BYTES, 0);

    loop->reads++;
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            ws_client_close(client, got == 0 ? "the server closed" : "the connection broke");
        }
        return;
    }
    size_t bytes = (size_t)got;
    if (client->in.end == client->in.start) {
        size_t taken = take(client, loop->scratch, bytes);
        buffer_append(&client->in, loop->scratch + taken, bytes - taken);
        return;
    }
    buffer_append(&client->in, loop->scratch, bytes);
    client->in.start +=
            take(client, client->in.bytes + client->in.start, client->in.end - client->in.start);
}

static void flush(struct ws_client *client)
{
    struct ws_buffer *out = &client->out;

    while (out->start < out->end) {
        ssize_t sent =
                send(client->fd, out->bytes + out->start, out->end - out->start, MSG_NOSIGNAL);
        client->loop->writes++;
        if (sent < 0) {
            if (errno != EAGAIN) {
                ws_client_close(client, "the connection broke");
                return;
            }
            break;
        }
        out->start += (size_t)sent;
    }
    bool is_full = out->start < out->end;
    if (is_full != client->wants_writable) {
        client->wants_writable = is_full;
        watch(client, EPOLL_CTL_MOD, is_full ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

static void on_connected(struct ws_client *client)
{
    static const char request[] = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: Y2hhdC1sb2FkIGNsaWVudA==\r\n"
                                  "Sec-WebSocket-Protocol: chat.v1\r\n\r\n";
    int error = 0;
    socklen_t bytes = sizeof error;

    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &bytes);
    if (error != 0) {
        ws_client_close(client, "the connection was refused");
        return;
    }
    client->state = WS_UPGRADING;
    watch(client, EPOLL_CTL_MOD, EPOLLIN);
    buffer_append(&client->out, request, sizeof request - 1);
    mark_dirty(client);
}

static void on_event(struct ws_client *client, uint32_t events)
{
    if (client->state == WS_CONNECTING) {
        on_connected(client);
        return;
    }
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
        on_readable(client);
    }
    if ((events & EPOLLOUT) != 0) {
        mark_dirty(client);
    }
}

static void flush_dirty(struct ws_loop *loop)
{
    while (loop->dirty != NULL) {
        struct ws_client *client = loop->dirty;

        loop->dirty = client->next_dirty;
        client->is_dirty = false;
        if (client->state == WS_UPGRADING || client->state == WS_OPEN) {
            flush(client);
        } else if (client->state == WS_CLOSING) {
            finish(client);
        }
    }
}

void ws_loop_turn(struct ws_loop *loop, uint64_t timeout_ns)
{
    struct epoll_event events[EVENTS_MAX];
    struct timespec timeout = { .tv_sec = (time_t)(timeout_ns / 1000000000),
        .tv_nsec = (long)(timeout_ns % 1000000000) };

    flush_dirty(loop);
    int count = epoll_pwait2(loop->epoll_fd, events, EVENTS_MAX, &timeout, NULL);
    if (count < 0 && errno == ENOSYS) { // valgrind
        count = epoll_wait(loop->epoll_fd, events, EVENTS_MAX, (int)(timeout_ns / 1000000) + 1);
    }
    for (int i = 0; i < count; i++) {
        struct ws_client *client = events[i].data.ptr;
        if (client->state != WS_CLOSED && client->state != WS_CLOSING) {
            on_event(client, events[i].events);
        }
    }
    flush_dirty(loop);
}

bool ws_loop_open(struct ws_loop *loop, const char *server, struct ws_handlers handlers)
{
    char host[64];
    const char *colon = strrchr(server, ':');

    memset(loop, 0, sizeof *loop);
    if (colon == NULL || (size_t)(colon - server) >= sizeof host) {
        return false;
    }
    memcpy(host, server, (size_t)(colon - server));
    host[colon - server] = '\0';
    loop->server.sin_family = AF_INET;
    loop->server.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    const char *address = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (inet_pton(AF_INET, address, &loop->server.sin_addr) != 1) {
        return false;
    }
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->handlers = handlers;
    loop->mask_state = 0x9e3779b97f4a7c15;
    loop->scratch = malloc(SCRATCH_BYTES);
    return loop->epoll_fd >= 0 && loop->scratch != NULL;
}

void ws_loop_close(struct ws_loop *loop)
{
    close(loop->epoll_fd);
    free(loop->scratch);
}

// SPDX-License-Identifier: MIT
// WebSocket connections (RFC 6455, client side) on one epoll: just enough for the load generator,
// and sharing nothing with the server's library so that it is not measured against itself.
//
// Owner:  each mode owns its clients (embedded in its sessions) and one loop.
// Thread: one thread.
// Order:  calls go down, handlers come up from ws_loop_turn(). What is sent in one turn leaves in
//         one write per connection at the end of the turn. A handler may close any client: closed()
//         then comes at the end of the turn, exactly once.

#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/check.h"

struct ws_loop;

// Grows as needed, is kept until the client is closed.
struct ws_buffer {
    char *bytes;
    size_t start; // first byte not yet consumed
    size_t end;
    size_t capacity;
};

enum ws_state { WS_CLOSED, WS_CONNECTING, WS_UPGRADING, WS_OPEN, WS_CLOSING };

struct ws_client {
    struct ws_loop *loop;
    int fd;
    enum ws_state state;
    bool is_dirty;       // in the loop's list of those with something to do at the end of the turn
    bool wants_writable; // the socket was full
    const char *why;     // why it is being closed
    struct ws_client *next_dirty;
    struct ws_buffer in;
    struct ws_buffer out;
    struct ws_buffer fragments;
};

struct ws_handlers {
    void (*opened)(struct ws_client *client);
    // One text message; the bytes are lent for the call.
    void (*message)(struct ws_client *client, const char *text, size_t bytes);
    // The connection is gone; why is a static sentence. The client may be opened again.
    void (*closed)(struct ws_client *client, const char *why);
};

struct ws_loop {
    int epoll_fd;
    struct sockaddr_in server;
    struct ws_handlers handlers;
    struct ws_client *dirty;
    uint64_t mask_state;
    uint64_t messages; // received, all clients
    uint64_t reads;
    uint64_t writes;
    char *scratch;
};

// server is HOST:PORT, numeric or "localhost".
bool ws_loop_open(struct ws_loop *loop, const char *server, struct ws_handlers handlers) MUST_USE;
void ws_loop_close(struct ws_loop *loop);

// Waits until something happens, at most timeout_ns, and handles it.
void ws_loop_turn(struct ws_loop *loop, uint64_t timeout_ns);

// False when there is no descriptor to be had. Otherwise opened() or closed() will come.
bool ws_client_open(struct ws_loop *loop, struct ws_client *client) MUST_USE;

// Room for a message of at most bytes_max (below 65,536), to be filled and then given to
// ws_client_commit() at its true length.
char *ws_client_reserve(struct ws_client *client, size_t bytes_max) MUST_USE;
void ws_client_commit(struct ws_client *client, size_t bytes);

// Resets the connection: no TIME_WAIT is left behind, a load generator opens too many for that.
void ws_client_close(struct ws_client *client, const char *why);

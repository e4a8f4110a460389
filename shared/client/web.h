// SPDX-License-Identifier: MIT
// One server, reached over HTTP and over raw streams (for WebSocket), and the wait for both. The
// only file that knows libcurl: name look-up without blocking, IPv4 and IPv6, proxies, TLS.
//
// Owner:  the client. Thread: one; nothing here blocks but web_wait().
// TLS:    the system's certificates, or a CA file, or one certificate known by its SHA-256.

#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/cli/address.h"
#include "shared/err.h"

struct web;

#define FINGERPRINT_BYTES 65 // SHA-256 in hexadecimal and NUL

struct web_options {
    const char *server;      // "http://host:port", "https://...", ws and wss alike, or "host:port"
    const char *ca_file;     // NULL: the system's
    const char *fingerprint; // NULL, or the one certificate to accept
};

// ERR_INVALID: the server's address is not understood. Options are copied.
enum err web_create(const struct web_options *options, struct web **web) MUST_USE;
void web_destroy(struct web *web);

const struct address *web_address(const struct web *web);
// Of the last certificate that was shown to us, or "".
const char *web_fingerprint_seen(const struct web *web);

// True: the last one was not the one certificate to accept, and the connection was refused before
// anything was sent on it.
bool web_is_certificate_other(const struct web *web);

// Waits until something can be read or written, or the time is up (-1: for ever), and calls back
// what is done. Own descriptors may wait along: their revents are filled.
void web_wait(struct web *web, struct pollfd *own, size_t count, int timeout_ms);

// One HTTP exchange. Embedded in its owner; done is called once, from web_wait(), unless
// web_exchange_cancel() comes first.
struct web_exchange {
    void *context;
    // status 0: the server was not reached or cut us off, reason says why.
    void (*done)(struct web_exchange *exchange, int status, struct bytes body, const char *reason);
    void *handle;
    struct web *web;
    struct buffer request;
    struct buffer answer;
    char reason[256];
};

struct web_request {
    const char *path;  // with its query
    const char *token; // NULL: none
    struct bytes body; // data NULL: a GET
    long timeout_ms;
};

enum err web_exchange_start(struct web *web, struct web_exchange *exchange,
        const struct web_request *request) MUST_USE;
// May be called at any time.
void web_exchange_cancel(struct web_exchange *exchange);

// A connected byte stream (with TLS where the address says so), for the WebSocket.
struct web_stream {
    void *context;
    // Once, from web_wait(): connected, or reason says why not.
    void (*opened)(struct web_stream *stream, const char *reason);
    void *handle;
    struct web *web;
    int fd; // -1 until connected
    char reason[256];
};

enum err web_stream_open(struct web *web, struct web_stream *stream, long timeout_ms) MUST_USE;
void web_stream_close(struct web_stream *stream);
// Bytes moved; 0: not now; -1: broken or at its end.
long web_stream_send(struct web_stream *stream, const char *data, size_t bytes);
long web_stream_receive(struct web_stream *stream, char *data, size_t bytes);

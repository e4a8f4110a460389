// SPDX-License-Identifier: MIT
// Sockets, TLS, WebSocket (RFC 6455) and HTTP/1.1 (RFC 9112): the only place that knows
// libwebsockets. Everything above is reached through the handlers given at net_create().
//
// Owner:  main creates it after the loop and destroys it before.
// Thread: the loop thread.
// Order:  calls go down (net_link_...), events come up (handlers). No call made from inside a
//         handler destroys the link it was made on: a closed link is only marked, and its
//         ws_closed / http_gone comes from the event loop later, exactly once.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/loop.h"
#include "shared/check.h"
#include "shared/err.h"
#include "shared/frame.h"

// How long a TLS handshake and a request head with its body may take together, from accept on.
#define NET_REQUEST_DEADLINE_MS 10000

struct net;

// One connection: a WebSocket, or one HTTP exchange (every HTTP answer closes its connection).
struct net_link;

enum net_listener { NET_PUBLIC, NET_ADMIN };

struct net_config {
    const char *host;       // address or name to listen on, e.g. "127.0.0.1"
    uint16_t port;          // 0 takes a free one; see net_port()
    const char *admin_path; // Unix socket, made with mode 0660; NULL for none
    const char *origins;    // comma separated allow list for the Origin header; NULL: none allowed
    size_t frame_bytes_max_before;   // largest message on a link not yet net_link_trust()ed
    size_t frame_bytes_max_after;    // largest message on a trusted link, and HTTP body
    unsigned connections_max;        // accepted at once; further ones are closed at accept, but
                                     // for a few on the admin socket
    unsigned strangers_max;          // of them, not yet net_link_trust()ed; see net/strangers.h.
                                     // 0: no limit
    unsigned connections_per_source; // further ones are closed at accept; 0: no limit
    bool is_loopback_exempt;         // ... and so not from loopback; see net_link_source()
    int request_deadline_ms;         // 0: NET_REQUEST_DEADLINE_MS
    const char *tls_certificate;     // PEM file with the chain; NULL: plain text. TLS 1.2 or newer,
                                     // never on the admin socket
    const char *tls_key;             // PEM file without passphrase, when there is a certificate
};

struct net_request {
    enum net_listener listener;
    const char *method;        // "GET", "POST"
    const char *path;          // without the query string
    const char *query;         // "" when there is none
    const char *authorization; // value of the Authorization header, "" when there is none
    bool is_local;    // from this machine, and no proxy says that it asks for somebody else
    const char *body; // not NUL terminated
    size_t body_bytes;
};

struct net_handlers {
    void *context;
    // A WebSocket was accepted on /ws. What is returned is the peer of all later calls; NULL
    // refuses.
    void *(*ws_opened)(void *context, struct net_link *link);
    // One whole text message (fragments joined, UTF-8 checked). The bytes are lent for the call.
    void (*ws_message)(void *peer, const char *text, size_t bytes);
    // Any sign of life that is not a message: a pong. (libwebsockets answers pings by itself and
    // tells nobody.)
    void (*ws_alive)(void *peer);
    // The next frame to write, one reference given away; NULL when there is none for now.
    // Called while the link is writable, after net_link_want_write().
    struct frame *(*ws_next)(void *peer);
    // The link is gone; peer and link must not be used again.
    void (*ws_closed)(void *peer);
    // A whole HTTP request. The strings are lent for the call. Returns the peer of http_gone().
    // The answer is given by net_link_answer(), inside this call or any time later.
    void *(*http_request)(void *context, struct net_link *link, const struct net_request *request);
    // The exchange is over: answered, or its client left. The link must not be used again.
    void (*http_gone)(void *peer);
};

// Listens. On failure writes one plain sentence (what and why) to reason.
enum err net_create(struct loop *loop, const struct net_config *config,
        const struct net_handlers *handlers, char *reason, size_t reason_bytes,
        struct net **net) MUST_USE;
void net_destroy(struct net *net);

// The port in use, in host byte order.
uint16_t net_port(const struct net *net);

// Stops accepting; open links stay.
void net_stop_accepting(struct net *net);

// Closes what is past its deadline: request headers and bodies (NET_REQUEST_DEADLINE_MS), answers,
// close handshakes. To be called by the one-second tick, which net/ enables by itself when there is
// something to time. Returns whether anything is left to time: when not, and nothing else needs
// the tick, the caller may disable it.
bool net_sweep(struct net *net, int64_t now_ms);

// Reads the files of certificate and key again, for the connections to come; the open ones go on
// with what they have. On failure everything goes on, and reason is one plain sentence.
enum err net_reload_tls(struct net *net, char *reason, size_t reason_bytes) MUST_USE;

// Whether these files could be used; the sentence if not.
enum err net_check_tls(const char *certificate, const char *key, char *reason,
        size_t reason_bytes) MUST_USE;

unsigned net_link_count(const struct net *net);

// Whom limits per source hold for: the peer's address (of IPv6 its /64), "" for the admin socket
// and, if it is exempt, loopback. Lent as long as the link lives; at most 32 bytes.
const char *net_link_source(const struct net_link *link);

// Asks for ws_next() calls; cheap, may be repeated.
void net_link_want_write(struct net_link *link);

// Stops or resumes reading from the peer (TCP then pushes back on it). A message that libwebsockets
// had already read may still come after a pause. A paused link shows neither pongs nor that its
// peer has left.
void net_link_pause(struct net_link *link, bool is_paused);

// Authenticated: the larger message limit holds from now on, and it is no stranger any more. For a
// WebSocket, or an HTTP exchange whose answer may take long.
void net_link_trust(struct net_link *link);

// Sends a ping frame.
void net_link_ping(struct net_link *link);

// Writes what ws_next() still has, then a close frame with this code (RFC 6455 section 7.4) and
// closes. No ws_message comes after this call.
void net_link_close(struct net_link *link, uint16_t code, const char *reason);

// Answers an HTTP exchange, takes the reference to body (may be NULL), closes when it is written.
// extra_header is "Name: value\r\n" lines or NULL. When memory for it is exhausted the connection
// is closed without an answer.
void net_link_answer(struct net_link *link, int status, const char *content_type,
        struct frame *body, const char *extra_header);

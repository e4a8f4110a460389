// SPDX-License-Identifier: MIT
// Inside net/ only: one connection, its states and deadlines, and what the files of net/ call of
// each other.
//
// Owner:    the net. A link is made at accept and freed in wire_destroyed(), when libwebsockets
//           lets go of the connection; everybody else only moves it to another state.
// Deadline: a state has one fixed time limit, so the links of a state, in the order in which they
//           came into it, are in the order of their deadlines: net_sweep() looks at the head only.
//
//   REQUEST --upgrade--> OPEN --our close--> FINISHING --flushed--> CLOSING
//      |                   `------- the peer or libwebsockets closes --->--'
//      `--request--> HELD --net_link_answer--> ANSWERING --written--> LINGERING
//   every state --deadline, write error--> DOOMED

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <ev.h>
#include <libwebsockets.h>

#include "net/loop_hook.h"
#include "net/net.h"
#include "net/source.h"
#include "net/strangers.h"
#include "net/tls.h"

enum link_state {
    LINK_REQUEST,   // waits for the head and the body of a request
    LINK_HELD,      // the request was handed up, its answer is not there yet
    LINK_ANSWERING, // the answer is being written
    LINK_LINGERING, // answered; reads on so that no reset overtakes the answer (RFC 9112, 9.6)
    LINK_OPEN,      // a WebSocket
    LINK_FINISHING, // a WebSocket that writes what is left and then its close frame
    LINK_CLOSING,   // the close frame is written, or libwebsockets is about to
    LINK_DOOMED,    // to be cut at the end of the turn
    LINK_STATE_COUNT
};

struct net_link {
    struct net *net;
    struct lws *wsi;
    struct source *source; // NULL on the admin socket
    void *peer;
    TAILQ_ENTRY(net_link) in_state;
    TAILQ_ENTRY(net_link) in_writers;
    TAILQ_ENTRY(net_link) in_strangers;
    int64_t accepted_ms;
    int64_t since_ms; // when it came into its state
    // HELD to LINGERING: the client leaves, may be written to. OPEN: shows the first frame unread.
    struct ev_io watch;
    // OPEN: the fragments of a message so far. REQUEST: the body so far. NULL most of the time.
    char *joined;
    size_t joined_bytes;
    size_t joined_capacity;
    union {
        struct {
            struct frame *unsent; // taken by ws_next(), but did not fit
            const char *close_reason;
            char *own_reason; // memory behind close_reason, or NULL
            uint16_t close_code;
            bool is_failed; // FINISHING: the frames that wait are left out
        } ws;
        struct {
            struct frame *head; // status line and headers
            struct frame *body;
            size_t sent;
            size_t body_expected;
            size_t discarded;
        } http;
    };
    uint8_t state;
    bool is_ws;
    bool is_admin;
    bool is_trusted;
    bool is_stranger; // in source->strangers
    bool is_writer;   // in net->writers
    bool wants_ping;
    bool is_cut;      // DOOMED: libwebsockets was told; what survives is cut again by net_sweep()
    bool is_peer_set; // the upper layer knows this link and was not yet told that it is gone
    bool is_joining;  // OPEN: within a message of several pieces
    bool is_half_header_seen; // the one byte of a frame header that came alone
};

TAILQ_HEAD(link_queue, net_link);

#define NET_LISTENERS_MAX 4

struct net_listen {
    struct net *net;
    struct ev_io watch;
    int fd;
    bool is_admin;
};

// What one gathered write may carry. Frames above it are written alone.
#define NET_SCRATCH_BYTES ((size_t)64 * 1024)

struct net {
    struct loop *loop;
    struct net_handlers handlers;
    struct net_config config; // its strings are the three below; those of tls are with tls
    char *host;
    char *admin_path; // NULL for none
    char *origins;    // "" for none
    struct tls *tls;  // NULL: plain text
    struct lws_context *context;
    struct lws_vhost *vhosts[2]; // by enum net_listener
    struct net_listen listens[NET_LISTENERS_MAX];
    size_t listen_count;
    uint16_t port;
    bool is_accept_resting;    // out of descriptors: accepting goes on at the next sweep
    struct net_link *adopting; // handed to libwebsockets, which has not yet taken or refused it
    unsigned link_count;
    struct map sources;
    struct source_queue strange_sources; // those with strangers
    unsigned stranger_count;
    struct link_queue queues[LINK_STATE_COUNT];
    struct link_queue writers;
    unsigned char scratch[LWS_PRE + NET_SCRATCH_BYTES];
};

// net.c
void link_move(struct net_link *link, enum link_state next);
void link_doom(struct net_link *link);
void link_write_later(struct net_link *link);
size_t link_limit(const struct net_link *link);
// Appends to link->joined, of which the caller makes sure that it never exceeds at_most.
enum err link_join(struct net_link *link, const char *bytes, size_t count, size_t at_most) MUST_USE;
void link_unjoin(struct net_link *link);
// Tells the upper layer that the link is gone, once.
void link_tell_gone(struct net_link *link);

// listen.c: the listening sockets and accept.
enum err listen_open(struct net *net, char *reason, size_t reason_bytes) MUST_USE;
void listen_close(struct net *net);
void listen_resume(struct net *net);

// link_socket.c: as sendmsg() and recv(), of which only EAGAIN and EINTR are not the end.
ssize_t link_send(struct net_link *link, struct iovec *pieces, size_t count);
ssize_t link_receive(struct net_link *link, void *bytes, size_t count);
ssize_t link_peek(struct net_link *link, void *bytes, size_t count);
// Nothing more will be sent. Returns false when this can't be said before the socket is writable.
bool link_send_end(struct net_link *link);
// From now on every read and write fails, those of libwebsockets as well.
void link_break(struct net_link *link);
void link_tls_equip(struct net *net, SSL_CTX *context); // libwebsockets has made a context
void link_tls_begin(struct net_link *link);
// libwebsockets neither reads nor writes any more; a client may close its half without a word.
void link_tls_park(struct net_link *link);

// wire.c: what libwebsockets calls.
extern const struct lws_protocols wire_protocols[];
void wire_destroyed(struct net_link *link);

// ws_link.c. An int is for libwebsockets: 0 goes on, -1 closes.
void ws_on_open(struct net_link *link);
void ws_on_message(struct net_link *link, const char *bytes, size_t count);
void ws_on_alive(struct net_link *link);
int ws_on_closing(struct net_link *link);
void ws_flush(struct net_link *link); // writes what it can; also when it has become writable
void ws_release(struct net_link *link);

// http_link.c
int http_on_upgrade(struct net_link *link);
int http_on_head(struct net_link *link);
void http_on_body(struct net_link *link, const char *bytes, size_t count);
void http_on_body_end(struct net_link *link);
void http_release(struct net_link *link);

// SPDX-License-Identifier: MIT
// A WebSocket (RFC 6455). libwebsockets reads the frames and does the closing handshake; the frame
// headers of what we send are written here, so that many frames go out in one system call.
#include "net/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/utf8.h"

#define FRAME_HEADER_BYTES_MAX 10
#define FINAL_TEXT 0x81
#define FINAL_CLOSE 0x88
#define FINAL_PING 0x89
#define MASK_BIT 0x80
#define CLOSE_REASON_BYTES_MAX 123

enum { CLOSE_PROTOCOL = 1002, CLOSE_UTF8 = 1007, CLOSE_TOO_BIG = 1009, CLOSE_TRY_LATER = 1013 };

// RFC 6455 section 5.2, from server to client, hence without a mask.
static size_t frame_header_write(unsigned char *at, size_t bytes)
{
    at[0] = FINAL_TEXT;
    if (bytes < 126) {
        at[1] = (unsigned char)bytes;
        return 2;
    }
    if (bytes <= UINT16_MAX) {
        at[1] = 126;
        at[2] = (unsigned char)(bytes >> 8);
        at[3] = (unsigned char)(bytes & 0xff);
        return 4;
    }
    at[1] = 127;
    for (int i = 0; i < 8; i++) {
        at[2 + i] = (unsigned char)(((uint64_t)bytes >> (8 * (7 - i))) & 0xff);
    }
    return 10;
}

// Begins the end: at the end of the turn comes the close frame, without the frames that wait.
// The close frame is ours: libwebsockets keeps the one it is about to send in the buffer of its
// pongs, where a ping of the peer overwrites the code.
static void ws_fail(struct net_link *link, uint16_t code, const char *reason)
{
    link->ws.close_reason = reason;
    link->ws.close_code = code;
    link->ws.is_failed = true;
    link_move(link, LINK_FINISHING);
    link_write_later(link);
}

// libwebsockets takes unmasked frames and hides whether there was a mask. So the first frame of a
// link is looked at in the socket's own buffer, before libwebsockets reads it: a client that does
// not mask (RFC 6455 section 5.1) is found at its first word. This watcher has the higher priority
// and is stopped for good after its one look.
static void on_first_bytes(struct ev_loop *ev, struct ev_io *watcher, int events)
{
    struct net_link *link = watcher->data;
    unsigned char header[2] = { 0 };
    ssize_t count = link_peek(link, header, sizeof(header));
    unsigned char mask_byte = header[1];

    (void)events;
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return; // half a record of TLS
    }
    if (link->is_half_header_seen) {
        mask_byte = header[0];
    } else if (count == 1) {
        link->is_half_header_seen = true;
        return;
    }
    ev_io_stop(ev, watcher);
    if (count >= 1 && link->state == LINK_OPEN && (mask_byte & MASK_BIT) == 0) {
        ws_fail(link, CLOSE_PROTOCOL, "frame without mask");
    }
}

void ws_on_open(struct net_link *link)
{
    struct net *net = link->net;

    link->is_ws = true;
    memset(&link->ws, 0, sizeof(link->ws));
    link_move(link, LINK_OPEN);
    link->peer = net->handlers.ws_opened(net->handlers.context, link);
    if (link->peer == NULL) {
        ws_fail(link, CLOSE_TRY_LATER, "try again later");
        return;
    }
    link->is_peer_set = true;
    ev_io_init(&link->watch, on_first_bytes, lws_get_socket_fd(link->wsi), EV_READ);
    ev_set_priority(&link->watch, EV_MAXPRI);
    link->watch.data = link;
    ev_io_start(loop_ev(net->loop), &link->watch);
}

// More of a message that does not come in one piece.
static void ws_join(struct net_link *link, const char *bytes, size_t count)
{
    if (link_join(link, bytes, count, link_limit(link)) != ERR_OK) {
        ws_fail(link, CLOSE_TRY_LATER, "out of memory");
    } else if (!lws_is_final_fragment(link->wsi)) {
        return;
    } else if (!utf8_is_valid(link->joined, link->joined_bytes)) {
        // libwebsockets misses a character that is cut off by an empty last fragment.
        ws_fail(link, CLOSE_UTF8, "invalid UTF-8");
    } else {
        link->net->handlers.ws_message(link->peer, link->joined == NULL ? "" : link->joined,
                link->joined_bytes);
    }
    link_unjoin(link);
    link->is_joining = false;
}

void ws_on_message(struct net_link *link, const char *bytes, size_t count)
{
    size_t limit = link_limit(link);
    size_t remaining = lws_remaining_packet_payload(link->wsi);

    if (link->state != LINK_OPEN) {
        return;
    }
    if (ev_is_active(&link->watch)) {
        ev_io_stop(loop_ev(link->net->loop), &link->watch);
    }
    if (lws_frame_is_binary(link->wsi)) {
        ws_fail(link, CLOSE_PROTOCOL, "text frames only");
    } else if (remaining > limit || count > limit - remaining ||
            link->joined_bytes > limit - remaining - count) {
        ws_fail(link, CLOSE_TOO_BIG, "message too big");
    } else if (link->is_joining || !lws_is_final_fragment(link->wsi)) {
        link->is_joining = true;
        ws_join(link, bytes, count);
    } else {
        link->net->handlers.ws_message(link->peer, count == 0 ? "" : bytes, count);
    }
}

void ws_on_alive(struct net_link *link)
{
    if (link->state == LINK_OPEN) {
        link->net->handlers.ws_alive(link->peer);
    }
}

int ws_on_closing(struct net_link *link)
{
    if (link->state == LINK_OPEN || link->state == LINK_FINISHING) {
        // The peer was first, or libwebsockets found a broken frame: it does the rest.
        link_move(link, LINK_CLOSING);
        return 0;
    }
    return -1; // the answer to our close frame
}

static struct frame *ws_take_next(struct net_link *link)
{
    struct frame *frame = link->ws.unsent;

    if (frame != NULL) {
        link->ws.unsent = NULL;
        return frame;
    }
    return link->net->handlers.ws_next(link->peer);
}

static bool ws_write(struct net_link *link, unsigned char *bytes, size_t count)
{
    if (lws_write(link->wsi, bytes, count, LWS_WRITE_RAW) < 0) {
        link_doom(link);
        return false;
    }
    return true;
}

// A frame larger than the scratch gets a buffer of its own; libwebsockets copies what the socket
// does not take at once.
static bool ws_write_alone(struct net_link *link, struct frame *frame)
{
    unsigned char *buffer = malloc(FRAME_HEADER_BYTES_MAX + frame->bytes);
    bool is_written = false;

    if (buffer != NULL) {
        size_t header = frame_header_write(buffer, frame->bytes);

        memcpy(buffer + header, frame->data, frame->bytes);
        is_written = ws_write(link, buffer, header + frame->bytes);
        free(buffer);
    } else {
        link_doom(link);
    }
    frame_release(frame);
    return is_written;
}

// One write of as much as fits. Returns whether there is more to write.
static bool ws_write_some(struct net_link *link)
{
    unsigned char *scratch = link->net->scratch;
    struct frame *frame;
    size_t used = 0;

    if (link->wants_ping) {
        link->wants_ping = false;
        // Not empty: libwebsockets keeps an empty pong to itself.
        scratch[used++] = FINAL_PING;
        scratch[used++] = 1;
        scratch[used++] = 'p';
    }
    while ((frame = ws_take_next(link)) != NULL) {
        if (FRAME_HEADER_BYTES_MAX + frame->bytes > NET_SCRATCH_BYTES - used) {
            if (used == 0) {
                return ws_write_alone(link, frame);
            }
            link->ws.unsent = frame;
            break;
        }
        used += frame_header_write(scratch + used, frame->bytes);
        memcpy(scratch + used, frame->data, frame->bytes);
        used += frame->bytes;
        frame_release(frame);
    }
    if (used > 0 && !ws_write(link, scratch, used)) {
        return false;
    }
    return frame != NULL;
}

static void ws_write_close(struct net_link *link)
{
    unsigned char *scratch = link->net->scratch;
    const char *reason = link->ws.close_reason == NULL ? "" : link->ws.close_reason;
    size_t bytes = strnlen(reason, CLOSE_REASON_BYTES_MAX);

    scratch[0] = FINAL_CLOSE;
    scratch[1] = (unsigned char)(2 + bytes);
    scratch[2] = (unsigned char)(link->ws.close_code >> 8);
    scratch[3] = (unsigned char)(link->ws.close_code & 0xff);
    memcpy(scratch + 4, reason, bytes);
    if (ws_write(link, scratch, 4 + bytes)) {
        link_move(link, LINK_CLOSING);
        // The answer of the peer can't be seen by a paused link.
        lws_rx_flow_control(link->wsi, 1);
    }
}

void ws_flush(struct net_link *link)
{
    if (link->state != LINK_OPEN && link->state != LINK_FINISHING) {
        return;
    }
    // While libwebsockets still holds a rest of the last write, the peer is slow: it waits for
    // the event, and its frames wait in the upper layer.
    if (lws_partial_buffered(link->wsi) ||
            (!(link->state == LINK_FINISHING && link->ws.is_failed) && ws_write_some(link))) {
        lws_callback_on_writable(link->wsi);
    } else if (link->state == LINK_FINISHING) {
        ws_write_close(link);
    }
}

void ws_release(struct net_link *link)
{
    frame_release(link->ws.unsent);
    free(link->ws.own_reason);
}

void net_link_want_write(struct net_link *link)
{
    link_write_later(link);
}

void net_link_pause(struct net_link *link, bool is_paused)
{
    if (link->state != LINK_OPEN) {
        return;
    }
    lws_rx_flow_control(link->wsi, is_paused ? 0 : 1);
    if (lws_is_ssl(link->wsi)) {
        // What OpenSSL has already taken from the socket makes no event: libwebsockets has to be
        // woken for it, and nothing else may move it there while libwebsockets does not read.
        ev_io_stop(loop_ev(link->net->loop), &link->watch);
        if (!is_paused) {
            lws_cancel_service(link->net->context);
        }
    }
}

void net_link_ping(struct net_link *link)
{
    link->wants_ping = true;
    link_write_later(link);
}

void net_link_close(struct net_link *link, uint16_t code, const char *reason)
{
    if (link->state == LINK_OPEN) {
        // Without memory for it the reason is left out; the code says the same.
        link->ws.own_reason = reason == NULL ? NULL : strdup(reason);
        link->ws.close_reason = link->ws.own_reason;
        link->ws.close_code = code;
        link_move(link, LINK_FINISHING);
        link_write_later(link);
    } else if (!link->is_ws) {
        link_doom(link);
    }
}

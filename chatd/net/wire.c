// SPDX-License-Identifier: MIT
// The one callback of libwebsockets. It names the event and calls one function.
#include "net/link.h"

#include <stdlib.h>

// A message of up to this many bytes comes in one piece; every WebSocket has such a buffer.
#define RECEIVE_BYTES 1024

static int on_accepted(struct net_link *link, struct lws *wsi)
{
    if (link->wsi != NULL) {
        // A second time only when libwebsockets makes a raw connection of it, for CONNECT.
        return -1;
    }
    link->wsi = wsi;
    lws_set_wsi_user(wsi, link);
    link_tls_begin(link);
    // net_sweep() times it; a timer of libwebsockets costs a walk through all the others.
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
    return 0;
}

void wire_destroyed(struct net_link *link)
{
    struct net *net = link->net;

    if (net->adopting == link) {
        net->adopting = NULL;
    }
    ev_io_stop(loop_ev(net->loop), &link->watch);
    link_tell_gone(link);
    if (link->is_writer) {
        TAILQ_REMOVE(&net->writers, link, in_writers);
    }
    TAILQ_REMOVE(&net->queues[link->state], link, in_state);
    net->link_count--;
    strangers_leave(link);
    source_release(&net->sources, link->source);
    link_unjoin(link);
    if (link->is_ws) {
        ws_release(link);
    } else {
        http_release(link);
    }
    free(link);
}

static int wire_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
        size_t bytes)
{
    struct net_link *link;

    if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS) {
        link_tls_equip(lws_get_vhost_user(in), user);
        return 0;
    }
    link = wsi == NULL ? NULL : lws_get_opaque_user_data(wsi);
    if (link == NULL) {
        return 0; // the context, a virtual host, or libwebsockets' own pipe
    }
    switch (reason) {
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        return on_accepted(link, wsi);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return http_on_upgrade(link);
    case LWS_CALLBACK_HTTP:
        return http_on_head(link);
    case LWS_CALLBACK_HTTP_BODY:
        http_on_body(link, in, bytes);
        return 0;
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        http_on_body_end(link);
        return 0;
    case LWS_CALLBACK_ESTABLISHED:
        ws_on_open(link);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        ws_on_message(link, in, bytes);
        return 0;
    case LWS_CALLBACK_RECEIVE_PONG:
        ws_on_alive(link);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        ws_flush(link);
        return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
        return ws_on_closing(link);
    case LWS_CALLBACK_WSI_DESTROY:
        wire_destroyed(link);
        return 0;
    case LWS_CALLBACK_RAW_ADOPT:
    case LWS_CALLBACK_RAW_RX:
        return -1; // what CONNECT is made into
    default:
        return 0;
    }
}

const struct lws_protocols wire_protocols[] = {
    { .name = "chat.v1",
            .callback = wire_callback,
            .rx_buffer_size = RECEIVE_BYTES,
            .tx_packet_size = 2 * NET_SCRATCH_BYTES },
    { 0 },
};

// SPDX-License-Identifier: MIT
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/link.h"

#define ANSWER_DEADLINE_MS 30000
#define CLOSE_DEADLINE_MS 5000
#define LINGER_DEADLINE_MS 2000
#define DOOM_DEADLINE_MS 1000

// libwebsockets' own timers must never be the first: net_sweep() is what times.
#define LWS_TIMEOUT_SECONDS 60

static const struct {
    unsigned may_become;
    int deadline_ms; // 0: none
} states[LINK_STATE_COUNT] = {
#define BIT(state) (1u << (state))
    [LINK_REQUEST] = { BIT(LINK_OPEN) | BIT(LINK_HELD) | BIT(LINK_ANSWERING) | BIT(LINK_DOOMED),
            NET_REQUEST_DEADLINE_MS },
    [LINK_HELD] = { BIT(LINK_ANSWERING) | BIT(LINK_DOOMED), 0 },
    [LINK_ANSWERING] = { BIT(LINK_LINGERING) | BIT(LINK_DOOMED), ANSWER_DEADLINE_MS },
    [LINK_LINGERING] = { BIT(LINK_DOOMED), LINGER_DEADLINE_MS },
    [LINK_OPEN] = { BIT(LINK_FINISHING) | BIT(LINK_CLOSING) | BIT(LINK_DOOMED), 0 },
    [LINK_FINISHING] = { BIT(LINK_CLOSING) | BIT(LINK_DOOMED), CLOSE_DEADLINE_MS },
    [LINK_CLOSING] = { BIT(LINK_DOOMED), CLOSE_DEADLINE_MS },
    // A connection with bytes still to write outlives the first cut.
    [LINK_DOOMED] = { BIT(LINK_DOOMED), DOOM_DEADLINE_MS },
#undef BIT
};

static int deadline_of(const struct net *net, enum link_state state)
{
    if (state == LINK_REQUEST && net->config.request_deadline_ms > 0) {
        return net->config.request_deadline_ms;
    }
    return states[state].deadline_ms;
}

void link_move(struct net_link *link, enum link_state next)
{
    struct net *net = link->net;

    CHECK(next < LINK_STATE_COUNT);
    CHECK((states[link->state].may_become & (1u << next)) != 0);
    TAILQ_REMOVE(&net->queues[link->state], link, in_state);
    link->state = (uint8_t)next;
    link->since_ms = loop_now_ms(net->loop);
    link->is_cut = false;
    TAILQ_INSERT_TAIL(&net->queues[next], link, in_state);
    if (states[next].deadline_ms > 0) {
        loop_tick_enable(net->loop, 1);
    }
}

void link_doom(struct net_link *link)
{
    if (link->state != LINK_DOOMED) {
        link_move(link, LINK_DOOMED);
        loop_once_more(link->net->loop);
    }
}

void link_write_later(struct net_link *link)
{
    if (!link->is_writer) {
        link->is_writer = true;
        TAILQ_INSERT_TAIL(&link->net->writers, link, in_writers);
    }
}

size_t link_limit(const struct net_link *link)
{
    const struct net_config *config = &link->net->config;

    return link->is_trusted ? config->frame_bytes_max_after : config->frame_bytes_max_before;
}

enum err link_join(struct net_link *link, const char *bytes, size_t count, size_t at_most)
{
    size_t needed = link->joined_bytes + count;

    if (needed > link->joined_capacity) {
        // Memory follows what was really received, never what was only promised; and it doubles,
        // so that a message of one-byte fragments is not copied with every byte.
        size_t capacity = needed * 2 < at_most ? needed * 2 : at_most;
        char *joined = realloc(link->joined, capacity > needed ? capacity : needed);

        if (joined == NULL) {
            return ERR_MEMORY;
        }
        link->joined = joined;
        link->joined_capacity = capacity > needed ? capacity : needed;
    }
    if (count > 0) {
        memcpy(link->joined + link->joined_bytes, bytes, count);
    }
    link->joined_bytes = needed;
    return ERR_OK;
}

void link_unjoin(struct net_link *link)
{
    free(link->joined);
    link->joined = NULL;
    link->joined_bytes = 0;
    link->joined_capacity = 0;
}

void link_tell_gone(struct net_link *link)
{
    if (!link->is_peer_set) {
        return;
    }
    link->is_peer_set = false;
    if (link->is_ws) {
        link->net->handlers.ws_closed(link->peer);
    } else {
        link->net->handlers.http_gone(link->peer);
    }
}

// Outside any callback of libwebsockets, which may therefore free the link at once.
static void link_cut(struct net_link *link)
{
    // What libwebsockets still wants to write fails now, else it would wait for the peer to read.
    link_break(link);
    lws_set_timeout(link->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

static void on_before_turn_end(void *context)
{
    struct net *net = context;
    struct net_link *link = TAILQ_FIRST(&net->queues[LINK_DOOMED]);

    while (link != NULL) {
        struct net_link *next = TAILQ_NEXT(link, in_state);

        if (!link->is_cut) {
            link->is_cut = true;
            link_cut(link);
        }
        link = next;
    }
}

static bool net_is_timing(const struct net *net)
{
    for (unsigned state = 0; state < LINK_STATE_COUNT; state++) {
        if (states[state].deadline_ms > 0 && !TAILQ_EMPTY(&net->queues[state])) {
            return true;
        }
    }
    return net->is_accept_resting;
}

static void on_after_turn_end(void *context)
{
    struct net *net = context;
    struct net_link *last = TAILQ_LAST(&net->writers, link_queue);
    struct net_link *link = NULL;

    while (link != last) {
        link = TAILQ_FIRST(&net->writers);
        TAILQ_REMOVE(&net->writers, link, in_writers);
        link->is_writer = false;
        ws_flush(link);
    }
    if (!TAILQ_EMPTY(&net->writers)) {
        loop_once_more(net->loop);
    }
    // Whoever turned the tick off may not have known of what came up after net_sweep().
    if (net_is_timing(net)) {
        loop_tick_enable(net->loop, 1);
    }
}

// TLS is for the public listener; the other one is a Unix socket.
static enum err vhosts_create(struct net *net, struct lws_context_creation_info *info)
{
    uint64_t plain_options = info->options;

    // Two ports that nobody listens on: libwebsockets looks for a virtual host by port and Host
    // header, and must not carry a public connection over to the admin one.
    info->port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info->vhost_name = "public";
    if (net->tls != NULL) {
        info->options |= LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
        info->user = net;
    }
    net->vhosts[NET_PUBLIC] = lws_create_vhost(net->context, info);
    info->port = CONTEXT_PORT_NO_LISTEN;
    info->vhost_name = "admin";
    info->options = plain_options;
    info->user = NULL;
    net->vhosts[NET_ADMIN] = lws_create_vhost(net->context, info);
    return net->vhosts[NET_PUBLIC] == NULL || net->vhosts[NET_ADMIN] == NULL ? ERR_INTERNAL
                                                                             : ERR_OK;
}

static enum err context_create(struct net *net)
{
    static const lws_retry_bo_t no_validity_pings;
    struct ev_loop *loops[1] = { loop_ev(net->loop) };
    void *foreign_loops[1] = { loops[0] };
    struct lws_context_creation_info info;

    lws_set_log_level(0, NULL);
    memset(&info, 0, sizeof(info));
    info.options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
            LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME;
    if (net->tls != NULL) {
        info.options |=
                LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    }
    info.foreign_loops = foreign_loops;
    info.protocols = wire_protocols;
    info.alpn = "http/1.1";
    info.timeout_secs = LWS_TIMEOUT_SECONDS;
    info.retry_and_idle_policy = &no_validity_pings;
    net->context = lws_create_context(&info);
    return net->context == NULL ? ERR_INTERNAL : vhosts_create(net, &info);
}

static bool config_copy(struct net *net, const struct net_config *config)
{
    net->host = strdup(config->host);
    net->admin_path = config->admin_path == NULL ? NULL : strdup(config->admin_path);
    net->origins = strdup(config->origins == NULL ? "" : config->origins);
    net->config = *config;
    net->config.host = net->host;
    net->config.admin_path = net->admin_path;
    net->config.origins = net->origins;
    return net->host != NULL && net->origins != NULL &&
            (config->admin_path == NULL || net->admin_path != NULL);
}

enum err net_create(struct loop *loop, const struct net_config *config,
        const struct net_handlers *handlers, char *reason, size_t reason_bytes,
        struct net **net_out)
{
    struct net *net = calloc(1, sizeof(*net));
    enum err err;

    if (net == NULL) {
        snprintf(reason, reason_bytes, "cannot start the network: out of memory");
        return ERR_MEMORY;
    }
    net->loop = loop;
    net->handlers = *handlers;
    TAILQ_INIT(&net->writers);
    TAILQ_INIT(&net->strange_sources);
    for (int state = 0; state < LINK_STATE_COUNT; state++) {
        TAILQ_INIT(&net->queues[state]);
    }
    if (!config_copy(net, config)) {
        snprintf(reason, reason_bytes, "cannot start the network: out of memory");
        net_destroy(net);
        return ERR_MEMORY;
    }
    if (config->tls_certificate != NULL) {
        err = tls_create(config->tls_certificate, config->tls_key, reason, reason_bytes, &net->tls);
        if (err != ERR_OK) {
            net_destroy(net);
            return err;
        }
    }
    err = context_create(net);
    if (err != ERR_OK) {
        snprintf(reason, reason_bytes,
                "cannot start libwebsockets with libev (is libwebsockets-evlib-ev installed?)");
        net_destroy(net);
        return err;
    }
    err = listen_open(net, reason, reason_bytes);
    if (err != ERR_OK) {
        net_destroy(net);
        return err;
    }
    loop_hook_set(loop, &(struct loop_hook){ net, on_before_turn_end, on_after_turn_end });
    *net_out = net;
    return ERR_OK;
}

void net_destroy(struct net *net)
{
    if (net == NULL) {
        return;
    }
    listen_close(net);
    // Frees every link on its way, each with its ws_closed() or http_gone().
    lws_context_destroy(net->context);
    tls_destroy(net->tls);
    loop_hook_set(net->loop, NULL);
    CHECK(net->link_count == 0);
    map_finish(&net->sources);
    free(net->host);
    free(net->admin_path);
    free(net->origins);
    free(net);
}

uint16_t net_port(const struct net *net)
{
    return net->port;
}

void net_stop_accepting(struct net *net)
{
    listen_close(net);
}

enum err net_reload_tls(struct net *net, char *reason, size_t reason_bytes)
{
    if (net->tls == NULL) {
        snprintf(reason, reason_bytes, "there is no certificate in the configuration");
        return ERR_NOT_FOUND;
    }
    return tls_reload(net->tls, reason, reason_bytes);
}

enum err net_check_tls(const char *certificate, const char *key, char *reason, size_t reason_bytes)
{
    struct tls *tls = NULL;
    enum err err = tls_create(certificate, key, reason, reason_bytes, &tls);

    if (err == ERR_OK) {
        tls_destroy(tls);
    }
    return err;
}

const char *net_link_source(const struct net_link *link)
{
    bool is_exempt = link->source == NULL ||
            (link->source->is_loopback && link->net->config.is_loopback_exempt);

    return is_exempt ? "" : link->source->text;
}

unsigned net_link_count(const struct net *net)
{
    return net->link_count;
}

static void sweep_state(struct net *net, enum link_state state, int64_t now_ms)
{
    struct net_link *link;

    while ((link = TAILQ_FIRST(&net->queues[state])) != NULL) {
        if (now_ms - link->since_ms < deadline_of(net, state)) {
            return;
        }
        // Also from DOOMED to DOOMED: goes to the end of the queue and is cut once more.
        link_move(link, LINK_DOOMED);
        loop_once_more(net->loop);
    }
}

bool net_sweep(struct net *net, int64_t now_ms)
{
    if (net->is_accept_resting) {
        listen_resume(net);
    }
    for (unsigned state = 0; state < LINK_STATE_COUNT; state++) {
        if (states[state].deadline_ms > 0) {
            sweep_state(net, (enum link_state)state, now_ms);
        }
    }
    if (!net_is_timing(net)) {
        return false;
    }
    // libwebsockets looks at its own timers only after an event of its own.
    lws_cancel_service(net->context);
    return true;
}

void net_link_trust(struct net_link *link)
{
    link->is_trusted = true;
    strangers_leave(link);
}

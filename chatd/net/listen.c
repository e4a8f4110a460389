// SPDX-License-Identifier: MIT
// The listening sockets and accept. They are ours and not those of libwebsockets: that way a
// failure can say what is wrong, the Unix socket has its mode from the first moment, and a
// connection too many costs nothing but an accept.
#include "net/link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096
#define ACCEPTS_PER_EVENT 64
#define ADMIN_MODE 0660
#define ADMIN_SPARE 16

// source is NULL on the admin socket, else one connection of it is given away.
static void link_adopt(struct net *net, int fd, struct source *source)
{
    struct net_link *link = calloc(1, sizeof(*link));
    bool is_admin = source == NULL;
    lws_adopt_desc_t description;

    if (link == NULL) {
        source_release(&net->sources, source);
        close(fd);
        return;
    }
    link->net = net;
    link->source = source;
    link->is_admin = is_admin;
    link->state = LINK_REQUEST;
    link->accepted_ms = loop_now_ms(net->loop);
    link->since_ms = link->accepted_ms;
    TAILQ_INSERT_TAIL(&net->queues[LINK_REQUEST], link, in_state);
    net->link_count++;
    if (!is_admin) {
        strangers_enter(link);
    }
    loop_tick_enable(net->loop, 1);

    memset(&description, 0, sizeof(description));
    description.vh = net->vhosts[is_admin ? NET_ADMIN : NET_PUBLIC];
    description.type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL;
    description.fd.sockfd = fd;
    description.opaque = link;
    net->adopting = link;
    // Closes the descriptor itself when it fails, with or without a word about the link.
    if (lws_adopt_descriptor_vhost_via_info(&description) == NULL && net->adopting == link) {
        wire_destroyed(link);
    }
    net->adopting = NULL;
}

// Without a free descriptor the waiting connection would wake the loop again and again.
static void accept_rest(struct net *net)
{
    net->is_accept_resting = true;
    for (size_t i = 0; i < net->listen_count; i++) {
        ev_io_stop(loop_ev(net->loop), &net->listens[i].watch);
    }
    loop_tick_enable(net->loop, 1);
}

void listen_resume(struct net *net)
{
    net->is_accept_resting = false;
    for (size_t i = 0; i < net->listen_count; i++) {
        ev_io_start(loop_ev(net->loop), &net->listens[i].watch);
    }
}

static void take_admin(struct net *net, int fd)
{
    // Whoever administers a full server has to get in.
    if (net->link_count >= net->config.connections_max + ADMIN_SPARE) {
        close(fd);
        return;
    }
    link_adopt(net, fd, NULL);
}

static bool is_too_many(const struct net *net, const struct source *source)
{
    const struct net_config *config = &net->config;

    return config->connections_per_source > 0 &&
            source->link_count > config->connections_per_source &&
            !(source->is_loopback && config->is_loopback_exempt);
}

static void take_public(struct net *net, int fd, const struct sockaddr *peer)
{
    const int on = 1;
    struct source *source = source_take(&net->sources, peer);

    if (source == NULL || is_too_many(net, source) || !strangers_make_room(net, source)) {
        source_release(&net->sources, source);
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    link_adopt(net, fd, source);
}

static void on_acceptable(struct ev_loop *ev, struct ev_io *watcher, int events)
{
    struct net_listen *listener = watcher->data;
    struct net *net = listener->net;

    (void)ev;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        struct sockaddr_storage peer = { 0 };
        socklen_t bytes = sizeof(peer);
        int fd = accept4(listener->fd, (struct sockaddr *)&peer, &bytes,
                SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                accept_rest(net);
            }
            return;
        }
        if (listener->is_admin) {
            take_admin(net, fd);
        } else {
            take_public(net, fd, (const struct sockaddr *)&peer);
        }
    }
}

static enum err listen_fail(int fd, enum err err)
{
    if (fd >= 0) {
        close(fd);
    }
    return err;
}

static void listen_add(struct net *net, int fd, bool is_admin)
{
    struct net_listen *listener = &net->listens[net->listen_count++];

    listener->net = net;
    listener->fd = fd;
    listener->is_admin = is_admin;
    ev_io_init(&listener->watch, on_acceptable, fd, EV_READ);
    listener->watch.data = listener;
    ev_io_start(loop_ev(net->loop), &listener->watch);
}

static uint16_t port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t bytes = sizeof(address);

    memset(&address, 0, sizeof(address));
    if (getsockname(fd, &address.any, &bytes) != 0) {
        return 0;
    }
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

static void port_set(struct sockaddr *address, uint16_t port)
{
    if (address->sa_family == AF_INET6) {
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons(port);
    } else {
        ((struct sockaddr_in *)(void *)address)->sin_port = htons(port);
    }
}

// Returns the descriptor or -1 with errno.
static int tcp_open(const struct addrinfo *where)
{
    const int on = 1;
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (where->ai_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(fd, where->ai_addr, where->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
        return fd;
    }
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static const char *listen_advice(int error)
{
    switch (error) {
    case EADDRINUSE:
        return " (another chatd? choose another port with --listen)";
    case EACCES:
        return " (ports below 1024 need a privilege)";
    case EADDRNOTAVAIL:
        return " (not an address of this machine)";
    default:
        return "";
    }
}

// strerror() says "Address already in use"; inside a sentence it starts small.
static void listen_reason(char *reason, size_t reason_bytes, const char *where, int error)
{
    char text[128];

    snprintf(text, sizeof(text), "%s", strerror(error));
    if (text[0] >= 'A' && text[0] <= 'Z') {
        text[0] = (char)(text[0] - 'A' + 'a');
    }
    snprintf(reason, reason_bytes, "cannot listen on %s: %s%s", where, text, listen_advice(error));
}

// A name such as localhost may have an IPv6 and an IPv4 address: one that works is enough.
static enum err public_open(struct net *net, char *reason, size_t reason_bytes)
{
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
    const char *host = net->config.host;
    struct addrinfo *found = NULL;
    char where[300];
    char port[8];
    int error = 0;
    int failure;

    snprintf(port, sizeof(port), "%u", (unsigned)net->config.port);
    snprintf(where, sizeof(where), strchr(host, ':') != NULL ? "[%.255s]:%s" : "%.255s:%s", host,
            port);
    failure = getaddrinfo(host, port, &hints, &found);
    if (failure != 0) {
        snprintf(reason, reason_bytes, "cannot listen on %s: %s", where, gai_strerror(failure));
        return ERR_INVALID;
    }
    net->port = net->config.port;
    for (struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        int fd;

        if (net->listen_count == NET_LISTENERS_MAX - 1) {
            break;
        }
        port_set(at->ai_addr, net->port);
        fd = tcp_open(at);
        if (fd >= 0) {
            net->port = port_of(fd);
            listen_add(net, fd, false);
        } else if (error == 0 || errno == EADDRINUSE) {
            error = errno;
        }
    }
    freeaddrinfo(found);
    if (net->listen_count == 0 || error == EADDRINUSE) {
        listen_reason(reason, reason_bytes, where, error);
        return ERR_IO;
    }
    return ERR_OK;
}

// Whether a server answers on this Unix socket. A full backlog is an answer, too.
static bool is_alive(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool alive;

    if (fd < 0) {
        return true;
    }
    alive = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN;
    close(fd);
    return alive;
}

static enum err admin_open(struct net *net, char *reason, size_t reason_bytes)
{
    const char *path = net->config.admin_path;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct stat status;
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        snprintf(reason, reason_bytes, "cannot listen on %s: longer than %zu bytes", path,
                sizeof(address.sun_path) - 1);
        return ERR_INVALID;
    }
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        listen_reason(reason, reason_bytes, path, errno);
        return ERR_IO;
    }
    if (lstat(path, &status) == 0) {
        if (!S_ISSOCK(status.st_mode)) {
            snprintf(reason, reason_bytes, "cannot listen on %s: there is a file of another kind",
                    path);
            return listen_fail(fd, ERR_EXISTS);
        }
        if (is_alive(&address)) {
            snprintf(reason, reason_bytes, "cannot listen on %s: another server answers there",
                    path);
            return listen_fail(fd, ERR_EXISTS);
        }
        unlink(path);
    }
    // Linux gives a bound socket file the mode of its descriptor less the umask: it is never open
    // to more than it should be. The chmod() gives back what the umask took.
    if (fchmod(fd, ADMIN_MODE) != 0 ||
            bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
            chmod(path, ADMIN_MODE) != 0 || listen(fd, BACKLOG) != 0) {
        listen_reason(reason, reason_bytes, path, errno);
        return listen_fail(fd, ERR_IO);
    }
    listen_add(net, fd, true);
    return ERR_OK;
}

enum err listen_open(struct net *net, char *reason, size_t reason_bytes)
{
    enum err err = public_open(net, reason, reason_bytes);

    if (err == ERR_OK && net->config.admin_path != NULL) {
        err = admin_open(net, reason, reason_bytes);
    }
    return err;
}

void listen_close(struct net *net)
{
    for (size_t i = 0; i < net->listen_count; i++) {
        struct net_listen *listener = &net->listens[i];

        ev_io_stop(loop_ev(net->loop), &listener->watch);
        if (listener->is_admin) {
            unlink(net->config.admin_path);
        }
        close(listener->fd);
    }
    net->listen_count = 0;
    net->is_accept_resting = false;
}

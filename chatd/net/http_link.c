// SPDX-License-Identifier: MIT
// One HTTP exchange. libwebsockets reads the request; from then on it is parked, and our own
// watcher notices a client that leaves, writes the answer and closes.
//
// libwebsockets 4.1.6 would loop over a second request in the same segment and spin when the
// client of a held request leaves; parked (by flow control) it does neither, but it also never
// again says that the connection is writable. So the answer goes to the socket without it.
#include "net/link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "net/request_check.h"

// What a client may send on after its request, before it is cut.
#define DISCARD_BYTES_MAX ((size_t)1024 * 1024)

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = { { 200, "OK" }, { 400, "Bad Request" }, { 401, "Unauthorized" },
        { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
        { 409, "Conflict" }, { 411, "Length Required" }, { 413, "Content Too Large" },
        { 414, "URI Too Long" }, { 426, "Upgrade Required" }, { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" },
        { 503, "Service Unavailable" }, { 505, "HTTP Version Not Supported" } };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].status == status) {
            return texts[i].text;
        }
    }
    return "Status";
}

static struct frame *head_create(int status, const char *content_type, size_t body_bytes,
        const char *extra_header)
{
    char head[1024];
    int bytes = snprintf(head, sizeof(head),
            "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n%s\r\n",
            status, status_text(status), content_type, body_bytes,
            extra_header == NULL ? "" : extra_header);

    if (bytes < 0 || (size_t)bytes >= sizeof(head)) {
        return NULL;
    }
    return frame_copy(head, (size_t)bytes);
}

void http_release(struct net_link *link)
{
    frame_release(link->http.head);
    frame_release(link->http.body);
    link->http.head = NULL;
    link->http.body = NULL;
}

// Reads on without looking at it. Returns false when the client is gone or never stops.
static bool http_discard(struct net_link *link)
{
    unsigned char *sink = link->net->scratch;
    ssize_t count;

    do {
        count = link_receive(link, sink, NET_SCRATCH_BYTES);
        if (count > 0) {
            link->http.discarded += (size_t)count;
        }
    } while (count > 0 && link->http.discarded < DISCARD_BYTES_MAX);
    return count < 0 && (errno == EAGAIN || errno == EINTR);
}

static void http_watch(struct net_link *link, int events)
{
    struct ev_loop *ev = loop_ev(link->net->loop);

    ev_io_stop(ev, &link->watch);
    ev_io_set(&link->watch, link->watch.fd, events);
    if (events != 0) {
        ev_io_start(ev, &link->watch);
    }
}

static void http_answered(struct net_link *link)
{
    http_release(link);
    link_tell_gone(link);
    link_move(link, LINK_LINGERING);
    http_watch(link, EV_READ);
}

// Returns false when the connection is broken.
static bool http_send_some(struct net_link *link, size_t head_bytes, size_t body_bytes)
{
    struct iovec pieces[2];
    size_t count = 0;
    ssize_t sent;

    if (link->http.sent < head_bytes) {
        pieces[count].iov_base = link->http.head->data + link->http.sent;
        pieces[count++].iov_len = head_bytes - link->http.sent;
    }
    if (body_bytes > 0) {
        size_t skip = link->http.sent > head_bytes ? link->http.sent - head_bytes : 0;

        pieces[count].iov_base = link->http.body->data + skip;
        pieces[count++].iov_len = body_bytes - skip;
    }
    sent = link_send(link, pieces, count);
    link->http.sent += sent < 0 ? 0 : (size_t)sent;
    return sent >= 0 || errno == EAGAIN || errno == EINTR;
}

static void http_write(struct net_link *link)
{
    size_t head_bytes = link->http.head->bytes;
    size_t body_bytes = link->http.body == NULL ? 0 : link->http.body->bytes;
    size_t bytes = head_bytes + body_bytes;

    if (link->http.sent < bytes && !http_send_some(link, head_bytes, body_bytes)) {
        link_doom(link);
    } else if (link->http.sent == bytes && link_send_end(link)) {
        http_answered(link);
    } else {
        http_watch(link, EV_READ | EV_WRITE);
    }
}

static void on_event(struct ev_loop *ev, struct ev_io *watcher, int events)
{
    struct net_link *link = watcher->data;

    (void)ev;
    if (link->state == LINK_ANSWERING && (events & EV_WRITE) != 0) {
        http_write(link);
        return;
    }
    if ((events & EV_READ) == 0 || http_discard(link)) {
        return;
    }
    if (link->state == LINK_ANSWERING) {
        // It has said all it has to say, and may still read. If not, the write will tell.
        http_watch(link, EV_WRITE);
    } else {
        link_doom(link);
    }
}

// From here on libwebsockets only keeps the connection; see the top of this file.
static void http_park(struct net_link *link)
{
    lws_rx_flow_control(link->wsi, 0);
    link_tls_park(link);
    lws_set_timeout(link->wsi, NO_PENDING_TIMEOUT, 0);
    ev_io_init(&link->watch, on_event, lws_get_socket_fd(link->wsi), EV_READ);
    link->watch.data = link;
    ev_io_start(loop_ev(link->net->loop), &link->watch);
}

static void http_answer(struct net_link *link, struct frame *head, struct frame *body)
{
    if (head == NULL) {
        frame_release(body);
        link_doom(link);
        return;
    }
    link->http.head = head;
    link->http.body = body;
    link->http.sent = 0;
    link_move(link, LINK_ANSWERING);
    // The first try is made in this turn, the socket being nearly always ready.
    http_watch(link, EV_READ | EV_WRITE);
    ev_feed_event(loop_ev(link->net->loop), &link->watch, EV_WRITE);
}

static struct frame *refusal_body(const struct refusal *refusal)
{
    char text[256];
    int bytes = snprintf(text, sizeof(text), "%s\n", refusal->sentence);

    return frame_copy(text, (size_t)bytes);
}

static void http_refuse(struct net_link *link, const struct refusal *refusal)
{
    struct frame *body = refusal_body(refusal);

    link_unjoin(link);
    http_park(link);
    http_answer(link,
            head_create(refusal->status, "text/plain", body == NULL ? 0 : body->bytes,
                    refusal->extra_header),
            body);
}

static void http_deliver(struct net_link *link, const struct request_head *head)
{
    const struct net_handlers *handlers = &link->net->handlers;
    const struct net_request request = {
        .listener = link->is_admin ? NET_ADMIN : NET_PUBLIC,
        .method = head->method,
        .path = head->path,
        .query = head->query,
        .authorization = head->authorization,
        .is_local = (link->is_admin || link->source->is_loopback) && !head->is_forwarded,
        .body = link->joined == NULL ? "" : link->joined,
        .body_bytes = link->joined_bytes,
    };

    http_park(link);
    link_move(link, LINK_HELD);
    link->peer = handlers->http_request(handlers->context, link, &request);
    link->is_peer_set = true;
    link_unjoin(link);
}

int http_on_head(struct net_link *link)
{
    static const struct refusal too_large = { 413, "the body is too large", NULL };
    const struct refusal *refusal;
    struct request_head head;

    if (link->state != LINK_REQUEST) {
        return -1;
    }
    lws_set_timeout(link->wsi, NO_PENDING_TIMEOUT, 0);
    refusal = request_check(link->wsi, link->net->config.origins, &head);
    if (refusal == NULL && head.length > (int64_t)link->net->config.frame_bytes_max_after) {
        refusal = &too_large;
    }
    if (refusal != NULL) {
        http_refuse(link, refusal);
    } else if (head.length > 0) {
        link->http.body_expected = (size_t)head.length;
    } else {
        http_deliver(link, &head);
    }
    return 0;
}

void http_on_body(struct net_link *link, const char *bytes, size_t count)
{
    static const struct refusal no_memory = { 503, "out of memory, try again later", NULL };

    // The body of a refused request may still come.
    if (link->state != LINK_REQUEST) {
        return;
    }
    // A body that comes slowly would set a timer of libwebsockets with every piece.
    lws_set_timeout(link->wsi, NO_PENDING_TIMEOUT, 0);
    if (link_join(link, bytes, count, link->http.body_expected) != ERR_OK) {
        http_refuse(link, &no_memory);
    }
}

void http_on_body_end(struct net_link *link)
{
    struct request_head head;

    // Not so for the empty body that http_on_head() has seen.
    if (link->state == LINK_REQUEST) {
        // The head is still there and was taken before; now it is read a second time.
        CHECK(request_check(link->wsi, link->net->config.origins, &head) == NULL);
        http_deliver(link, &head);
    }
}

int http_on_upgrade(struct net_link *link)
{
    const struct refusal *refusal;
    struct request_head head;
    struct frame *body;
    struct frame *answer;

    if (link->state != LINK_REQUEST) {
        return -1; // doomed earlier in this turn
    }
    refusal = request_check_upgrade(link->wsi, link->net->config.origins, link->is_admin, &head);
    if (refusal == NULL) {
        return 0;
    }
    // Here libwebsockets offers no later moment: one write, which the empty socket takes, and out.
    body = refusal_body(refusal);
    answer = body == NULL
            ? NULL
            : head_create(refusal->status, "text/plain", body->bytes, refusal->extra_header);
    if (answer != NULL) {
        struct iovec pieces[2] = { { answer->data, answer->bytes }, { body->data, body->bytes } };

        // It is refused whether or not this arrives.
        link->http.sent = link_send(link, pieces, 2) > 0;
    }
    frame_release(answer);
    frame_release(body);
    return -1;
}

void net_link_answer(struct net_link *link, int status, const char *content_type,
        struct frame *body, const char *extra_header)
{
    if (link->state != LINK_HELD) {
        // The client left in this very turn.
        frame_release(body);
        return;
    }
    http_answer(link,
            head_create(status, content_type, body == NULL ? 0 : body->bytes, extra_header), body);
}

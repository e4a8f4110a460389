// SPDX-License-Identifier: MIT
#include "tests/simulation/links.h"

#include <stdlib.h>
#include <string.h>

#include "session/exchange.h"
#include "session/session.h"
#include "shared/check.h"
#include "tests/simulation/heap.h"

#define LINKS_MAX 128

static struct net_link all[LINKS_MAX];

char *text_copy(const char *text, size_t bytes)
{
    char *copy = world_resize(NULL, bytes + 1);

    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    return copy;
}

void text_queue_push(struct text_queue *queue, char *text)
{
    if (queue->first + queue->count == queue->capacity) {
        if (queue->count > 0) {
            memmove(queue->texts, queue->texts + queue->first, queue->count * sizeof(char *));
        }
        queue->first = 0;
        queue->capacity = queue->count * 2 + 8;
        queue->texts = world_resize(queue->texts, queue->capacity * sizeof(char *));
    }
    queue->texts[queue->first + queue->count++] = text;
}

char *text_queue_pop(struct text_queue *queue)
{
    if (queue->count == 0) {
        return NULL;
    }
    queue->count--;
    return queue->texts[queue->first++];
}

void text_queue_clear(struct text_queue *queue)
{
    char *text;

    while ((text = text_queue_pop(queue)) != NULL) {
        world_release(text);
    }
    world_release(queue->texts);
    *queue = (struct text_queue){ 0 };
}

struct net_link *links_take(void)
{
    for (size_t i = 0; i < LINKS_MAX; i++) {
        if (!all[i].is_used) {
            all[i] = (struct net_link){ .is_used = true };
            return &all[i];
        }
    }
    FAIL("too many links");
}

void links_drop(struct net_link *link)
{
    if (link == NULL) {
        return;
    }
    text_queue_clear(&link->up);
    text_queue_clear(&link->down);
    world_release(link->answer);
    *link = (struct net_link){ 0 };
}

void links_break_all(void)
{
    for (size_t i = 0; i < LINKS_MAX; i++) {
        all[i].peer = NULL;
    }
}

void links_connect(struct net_link *link, struct session_set *sessions)
{
    link->peer = session_open(sessions, link);
}

bool links_move_up(struct net_link *link)
{
    if (link->up.count == 0 || link->is_paused || link->is_closing || link->peer == NULL) {
        return false;
    }
    char *text = text_queue_pop(&link->up);
    // As net/ lends it: exactly as long as it is, and gone behind the call.
    struct frame *lent = frame_copy(text, strlen(text));
    if (lent != NULL) {
        session_message(link->peer, lent->data, lent->bytes);
        frame_release(lent);
    }
    world_release(text);
    return true;
}

bool links_move_down(struct net_link *link)
{
    if (link->peer == NULL || !link->wants_write) {
        return false;
    }
    struct frame *frame = session_next(link->peer);
    if (frame == NULL) {
        link->wants_write = false;
        return false;
    }
    text_queue_push(&link->down, text_copy(frame->data, frame->bytes));
    frame_release(frame);
    return true;
}

void links_cut(struct net_link *link)
{
    void *peer = link->peer;

    if (peer == NULL) {
        return;
    }
    link->peer = NULL;
    if (link->is_http) {
        exchange_gone(peer);
    } else {
        session_closed(peer);
    }
}

void links_request(struct net_link *link, struct session_set *sessions,
        const struct net_request *request)
{
    link->is_http = true;
    link->peer = exchange_begin(sessions, link, request);
}

// What chatd calls.

const char *net_link_source(const struct net_link *link)
{
    (void)link;
    return "";
}

void net_link_want_write(struct net_link *link)
{
    link->wants_write = true;
}

void net_link_pause(struct net_link *link, bool is_paused)
{
    link->is_paused = is_paused;
}

void net_link_trust(struct net_link *link)
{
    (void)link;
}

void net_link_ping(struct net_link *link)
{
    link->is_pinged = true;
}

void net_link_close(struct net_link *link, uint16_t code, const char *reason)
{
    (void)reason;
    link->is_closing = true;
    link->close_code = code;
    link->wants_write = true;
}

void net_link_answer(struct net_link *link, int status, const char *content_type,
        struct frame *body, const char *extra_header)
{
    (void)content_type;
    (void)extra_header;
    CHECK(link->status == 0);
    link->status = status;
    link->answer = body == NULL ? text_copy("", 0) : text_copy(body->data, body->bytes);
    frame_release(body);
}

unsigned net_link_count(const struct net *net)
{
    (void)net;
    return 0;
}

// SPDX-License-Identifier: MIT
#include "shared/client/link.h"

#include <stdio.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/json.h"
#include "shared/random.h"

#define RESUME_ID 0 // the client's own ids begin at 1

static void try_poll(struct link *link);

// Half of it is left to chance, so that a thousand clients don't come back at once.
static int64_t jitter(int64_t ms)
{
    uint32_t chance;

    random_fill(&chance, sizeof(chance));
    return ms / 2 + (int64_t)(chance % (uint64_t)(ms / 2 + 1));
}

static int64_t next_wait_ms(struct link *link)
{
    int64_t wait_ms = link->server_wait_ms;

    link->server_wait_ms = 0;
    if (wait_ms <= 0) {
        unsigned doublings = link->failures < 6 ? link->failures : 6;
        wait_ms = 2L * LINK_BACKOFF_MS_MIN << doublings;
    }
    link->failures++;
    wait_ms = jitter(wait_ms);
    return wait_ms < LINK_BACKOFF_MS_MAX ? wait_ms : LINK_BACKOFF_MS_MAX;
}

static void go_down(struct link *link, const char *why)
{
    int64_t now_ms = clock_monotonic_ms();
    char reason[300];

    snprintf(reason, sizeof(reason), "%s", why); // it may be part of what is closed now
    websocket_close(&link->socket);
    longpoll_close(&link->poll);
    if (link_is_up(link) && now_ms - link->up_at_ms >= LINK_STEADY_MS) {
        link->failures = 0;
    }
    link->state = LINK_OFFLINE;
    link->retry_at_ms = now_ms + next_wait_ms(link);
    link->on_down(link->context, reason);
}

static void be_refused(struct link *link, const char *why)
{
    char reason[300];

    snprintf(reason, sizeof(reason), "%s", why);
    link_close(link);
    link->state = LINK_REFUSED;
    link->on_refused(link->context, reason);
}

static void be_up(struct link *link, enum link_state state)
{
    link->state = state;
    link->up_at_ms = clock_monotonic_ms();
    link->server_wait_ms = 0;
    if (state == LINK_WS) {
        link->ws_failures = 0;
        websocket_pause(&link->socket, link->is_paused);
    }
    link->on_up(link->context);
}

static void ask_to_resume(struct link *link)
{
    struct buffer text = { 0 };

    buffer_print(&text,
            "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"session.resume\",\"params\":{\"token\":",
            RESUME_ID);
    json_add_string(&text, bytes_of(link->token));
    buffer_add_literal(&text, "}}");
    struct bytes whole = { text.data, (uint32_t)text.bytes };
    if (!buffer_is_whole(&text)) {
        go_down(link, "no memory");
    } else if (link->state == LINK_TRYING_WS) {
        websocket_send(&link->socket, whole);
    } else {
        longpoll_send(&link->poll, whole);
    }
    explicit_bzero(text.data, text.bytes);
    buffer_finish(&text);
}

static bool copy_text(const struct json *object, const char *key, char *out, size_t bytes)
{
    struct bytes text;

    if (!json_read_string(json_get(object, key), &text) || text.size >= bytes) {
        return false;
    }
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    return true;
}

static bool read_identity(struct link *link, const struct json *result)
{
    struct link_identity *identity = &link->identity;
    char user[NAME_BYTES_MAX + 1];

    bool is_whole = copy_text(result, "user", user, sizeof(user)) &&
            name_is_valid(bytes_of(user)) &&
            copy_text(result, "device", identity->device, sizeof(identity->device)) &&
            copy_text(result, "cursor", identity->cursor, sizeof(identity->cursor)) &&
            json_read_uint(json_get(result, "counter"), &identity->counter);
    if (is_whole) {
        identity->user = name_of(bytes_of(user));
    }
    return is_whole;
}

static void on_resumed(struct link *link, const struct json *root)
{
    const struct json *error = json_get(root, "error");
    char kind[32] = "", message[200] = "the server's answer is not understood";

    if (read_identity(link, json_get(root, "result"))) {
        be_up(link, link->state == LINK_TRYING_WS ? LINK_WS : LINK_POLL);
        return;
    }
    copy_text(json_get(error, "data"), "kind", kind, sizeof(kind));
    copy_text(error, "message", message, sizeof(message));
    if (strcmp(kind, "unauthorized") == 0 || strcmp(kind, "forbidden") == 0) {
        be_refused(link, message);
    } else {
        uint64_t wait_ms = 0;
        json_read_uint(json_get(json_get(error, "data"), "retry_after_ms"), &wait_ms);
        link->server_wait_ms =
                wait_ms < LINK_BACKOFF_MS_MAX ? (int64_t)wait_ms : LINK_BACKOFF_MS_MAX;
        go_down(link, message);
    }
}

static void take_text(struct link *link, struct bytes text)
{
    char reason[160];
    uint64_t id = UINT64_MAX;
    struct json *root = json_parse(text.data, text.size, reason, sizeof(reason));

    if (root == NULL) {
        go_down(link, "the server sent what is not JSON");
        return;
    }
    bool is_trying = link->state == LINK_TRYING_WS || link->state == LINK_TRYING_POLL;
    json_read_uint(json_get(root, "id"), &id);
    if (is_trying && (id == RESUME_ID || json_get(root, "error") != NULL)) {
        on_resumed(link, root);
    } else if (!is_trying) {
        link->on_text(link->context, text, root);
    }
    json_destroy(root);
}

static void on_ws_open(void *context)
{
    struct link *link = context;

    if (link->state == LINK_TRYING_WS) {
        ask_to_resume(link);
    } // while polling: link_step() changes over when no request is under way
}

static void on_ws_text(void *context, struct bytes text)
{
    take_text(context, text);
}

static void try_ws_later(struct link *link)
{
    unsigned doublings = link->ws_failures < 6 ? link->ws_failures : 6;
    int64_t wait_ms = (int64_t)LINK_WS_AGAIN_MS_MIN << doublings;

    link->ws_failures++;
    wait_ms = wait_ms < LINK_WS_AGAIN_MS_MAX ? wait_ms : LINK_WS_AGAIN_MS_MAX;
    link->retry_at_ms = clock_monotonic_ms() + jitter(2 * wait_ms);
}

static void on_ws_closed(void *context, const char *why)
{
    struct link *link = context;

    switch (link->state) {
    case LINK_POLL: // it was tried again
        try_ws_later(link);
        return;
    case LINK_TRYING_WS:
        try_poll(link);
        return;
    default:
        go_down(link, why);
    }
}

static void on_poll_answer(void *context, struct bytes text)
{
    take_text(context, text);
}

static void on_poll_event(void *context, struct bytes text, const struct json *root)
{
    struct link *link = context;

    link->on_text(link->context, text, root);
}

static void on_poll_events_end(void *context, struct bytes cursor, bool is_reset)
{
    struct link *link = context;

    link->on_events_end(link->context, cursor, is_reset);
}

static void on_poll_events_off(void *context, struct bytes kind)
{
    struct link *link = context;

    link->on_events_off(link->context, kind);
}

static void on_poll_broken(void *context, const char *why)
{
    go_down(context, why);
}

static void try_ws(struct link *link)
{
    link->state = LINK_TRYING_WS;
    websocket_open(&link->socket, link->web);
}

static void try_poll(struct link *link)
{
    link->state = LINK_TRYING_POLL;
    longpoll_open(&link->poll, link->web, link->token);
    try_ws_later(link);
    ask_to_resume(link);
}

void link_init(struct link *link, struct web *web, const char *token)
{
    link->web = web;
    link->token = token;
    link->socket.context = link;
    link->socket.on_open = on_ws_open;
    link->socket.on_text = on_ws_text;
    link->socket.on_closed = on_ws_closed;
    link->poll.context = link;
    link->poll.on_answer = on_poll_answer;
    link->poll.on_event = on_poll_event;
    link->poll.on_events_end = on_poll_events_end;
    link->poll.on_events_off = on_poll_events_off;
    link->poll.on_broken = on_poll_broken;
    link->retry_at_ms = INT64_MAX;
}

void link_start(struct link *link)
{
    if (link->state == LINK_OFFLINE) {
        link->retry_at_ms = 0;
    }
}

void link_close(struct link *link)
{
    websocket_close(&link->socket);
    longpoll_close(&link->poll);
    link->state = LINK_OFFLINE;
    link->retry_at_ms = INT64_MAX;
}

void link_retry_now(struct link *link)
{
    link->failures = 0;
    link->retry_at_ms = 0;
}

void link_expect_close(struct link *link, int64_t wait_ms)
{
    link->server_wait_ms = wait_ms;
}

bool link_is_up(const struct link *link)
{
    return link->state == LINK_WS || link->state == LINK_POLL;
}

const char *link_transport(const struct link *link)
{
    return link->state == LINK_WS ? "ws" : link->state == LINK_POLL ? "poll" : "offline";
}

bool link_is_free(const struct link *link)
{
    return link->state == LINK_WS ||
            (link->state == LINK_POLL && longpoll_is_idle(&link->poll) &&
                    link->socket.state != WEBSOCKET_OPEN);
}

void link_send(struct link *link, struct bytes text)
{
    CHECK(link_is_free(link));
    if (link->state == LINK_WS) {
        websocket_send(&link->socket, text);
    } else {
        longpoll_send(&link->poll, text);
    }
}

void link_pause(struct link *link, bool is_paused)
{
    if (is_paused == link->is_paused) {
        return;
    }
    link->is_paused = is_paused;
    if (link->state == LINK_WS) {
        websocket_pause(&link->socket, is_paused);
    }
    longpoll_pause(&link->poll, is_paused);
}

struct pollfd link_watch(const struct link *link)
{
    return websocket_watch(&link->socket);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t link_deadline_ms(const struct link *link)
{
    bool is_timed = link->state == LINK_OFFLINE ||
            (link->state == LINK_POLL && link->socket.state == WEBSOCKET_CLOSED &&
                    !link->is_never_ws);
    int64_t soonest_ms = is_timed ? link->retry_at_ms : INT64_MAX;

    soonest_ms = sooner(soonest_ms, websocket_deadline_ms(&link->socket));
    return sooner(soonest_ms, longpoll_deadline_ms(&link->poll));
}

// The WebSocket is there: from the next turn on it is the only way.
static void change_over(struct link *link)
{
    longpoll_close(&link->poll);
    link->state = LINK_TRYING_WS;
    ask_to_resume(link);
}

void link_step(struct link *link, short revents, int64_t now_ms)
{
    websocket_step(&link->socket, revents, now_ms);
    longpoll_step(&link->poll, now_ms);
    if (link->state == LINK_POLL && link->socket.state == WEBSOCKET_OPEN &&
            longpoll_is_idle(&link->poll)) {
        change_over(link);
    } else if (link->state == LINK_POLL && link->socket.state == WEBSOCKET_CLOSED &&
            now_ms >= link->retry_at_ms && !link->is_never_ws) {
        websocket_open(&link->socket, link->web);
    } else if (link->state == LINK_OFFLINE && now_ms >= link->retry_at_ms) {
        if (link->is_never_ws) {
            try_poll(link);
        } else {
            try_ws(link);
        }
    }
}

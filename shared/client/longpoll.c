// SPDX-License-Identifier: MIT
#include "shared/client/longpoll.h"

#include <stdio.h>
#include <string.h>

#include "shared/clock.h"

static void broken(struct longpoll *poll, const char *why)
{
    char reason[300];

    snprintf(reason, sizeof(reason), "%s", why); // it may be part of what is freed now
    longpoll_close(poll);
    poll->on_broken(poll->context, reason);
}

// An HTTP answer that is not JSON came from something between us and the server.
static bool is_of_server(struct bytes body)
{
    return body.size > 0 && body.data[0] == '{';
}

static void on_posted(struct web_exchange *exchange, int status, struct bytes body,
        const char *reason)
{
    struct longpoll *poll = exchange->context;
    char why[100];

    if (status == 0) {
        broken(poll, reason);
        return;
    }
    if (!is_of_server(body)) {
        snprintf(why, sizeof(why), "HTTP status %d instead of an answer", status);
        broken(poll, why);
        return;
    }
    poll->on_answer(poll->context, body);
}

void longpoll_open(struct longpoll *poll, struct web *web, const char *token)
{
    CHECK(poll->web == NULL);
    poll->web = web;
    poll->token = token;
    poll->post.context = poll;
    poll->post.done = on_posted;
}

void longpoll_close(struct longpoll *poll)
{
    if (poll->web == NULL) {
        return;
    }
    web_exchange_cancel(&poll->post);
    longpoll_silence(poll);
    poll->web = NULL;
}

bool longpoll_is_idle(const struct longpoll *poll)
{
    return poll->post.handle == NULL;
}

void longpoll_send(struct longpoll *poll, struct bytes text)
{
    const struct web_request question = {
        .path = "/rpc",
        .token = poll->token,
        .body = text,
        .timeout_ms = LONGPOLL_POST_MS,
    };

    CHECK(longpoll_is_idle(poll));
    if (web_exchange_start(poll->web, &poll->post, &question) != ERR_OK) {
        broken(poll, "no memory");
    }
}

static void ask_later(struct longpoll *poll)
{
    poll->ask_at_ms = clock_monotonic_ms() + LONGPOLL_AGAIN_MS;
}

// What the server said instead of events. "conflict" is another question of this device.
static void on_refused(struct longpoll *poll, const struct json *root)
{
    struct bytes kind = { "", 0 };

    json_read_string(json_get(json_get(json_get(root, "error"), "data"), "kind"), &kind);
    bool is_final = bytes_equal(kind, bytes_of("conflict")) ||
            bytes_equal(kind, bytes_of("unauthorized")) || bytes_equal(kind, bytes_of("params"));
    if (is_final) {
        poll->is_asking = false;
        poll->on_events_off(poll->context, kind);
    } else {
        ask_later(poll);
    }
}

static void pass_on(struct longpoll *poll, const struct json *root)
{
    const struct json *events = json_get(root, "events");
    struct buffer text = { 0 };
    struct bytes cursor = { "", 0 };
    bool is_reset = false;

    for (size_t i = 0; i < json_count(events) && poll->is_asking; i++) {
        buffer_clear(&text);
        json_dump(json_at(events, i), &text);
        if (buffer_is_whole(&text)) {
            poll->on_event(poll->context, (struct bytes){ text.data, (uint32_t)text.bytes },
                    json_at(events, i));
        }
    }
    bool is_whole = buffer_is_whole(&text);
    buffer_finish(&text);
    if (!poll->is_asking) {
        return; // a handler turned it off
    }
    if (json_count(events) == 0 && !poll->is_first &&
            clock_monotonic_ms() - poll->asked_ms < LONGPOLL_AGAIN_MS) {
        ask_later(poll); // another process of this device asks, too: not each the other away
    }
    json_read_bool(json_get(root, "reset"), &is_reset);
    json_read_string(json_get(root, "cursor"), &cursor);
    if (!is_whole || cursor.size == 0 || cursor.size > CURSOR_BYTES_MAX) {
        ask_later(poll);
        return;
    }
    snprintf(poll->seen, sizeof(poll->seen), "%.*s", (int)cursor.size, cursor.data);
    poll->is_first = false;
    poll->on_events_end(poll->context, bytes_of(poll->seen), is_reset);
}

static void on_got(struct web_exchange *exchange, int status, struct bytes body, const char *reason)
{
    struct longpoll *poll = exchange->context;
    char why[100];

    if (status == 0) {
        broken(poll, reason);
        return;
    }
    struct json *root =
            is_of_server(body) ? json_parse(body.data, body.size, why, sizeof(why)) : NULL;
    if (root == NULL) {
        snprintf(why, sizeof(why), "HTTP status %d instead of events", status);
        broken(poll, why);
        return;
    }
    if (json_get(root, "events") == NULL) {
        on_refused(poll, root);
    } else {
        pass_on(poll, root);
    }
    json_destroy(root);
}

void longpoll_move(struct longpoll *poll, const char *from)
{
    snprintf(poll->from, sizeof(poll->from), "%s", from);
}

void longpoll_listen(struct longpoll *poll, const char *from, const char *seen)
{
    longpoll_silence(poll);
    longpoll_move(poll, from);
    poll->is_first = true;
    snprintf(poll->seen, sizeof(poll->seen), "%s", seen);
    poll->get.context = poll;
    poll->get.done = on_got;
    poll->is_asking = true;
    poll->ask_at_ms = 0;
}

void longpoll_silence(struct longpoll *poll)
{
    poll->is_asking = false;
    web_exchange_cancel(&poll->get);
}

void longpoll_pause(struct longpoll *poll, bool is_paused)
{
    poll->is_paused = is_paused;
}

static bool wants_to_ask(const struct longpoll *poll)
{
    return poll->web != NULL && poll->is_asking && !poll->is_paused && poll->get.handle == NULL;
}

int64_t longpoll_deadline_ms(const struct longpoll *poll)
{
    return wants_to_ask(poll) ? poll->ask_at_ms : INT64_MAX;
}

void longpoll_step(struct longpoll *poll, int64_t now_ms)
{
    char path[240];

    if (!wants_to_ask(poll) || now_ms < poll->ask_at_ms) {
        return;
    }
    snprintf(path, sizeof(path), "/events?from=%s&seen=%s&wait=%d", poll->from, poll->seen,
            poll->is_first ? 0 : LONGPOLL_WAIT_S);
    const struct web_request question = {
        .path = path,
        .token = poll->token,
        .timeout_ms = LONGPOLL_WAIT_S * 1000 + LONGPOLL_GRACE_MS,
    };
    poll->asked_ms = now_ms;
    if (web_exchange_start(poll->web, &poll->get, &question) != ERR_OK) {
        broken(poll, "no memory");
    }
}

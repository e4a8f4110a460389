// SPDX-License-Identifier: MIT
#include "shared/client/client.h"

#include <stdlib.h>

#include "shared/client/call.h"
#include "shared/client/presence.h"
#include "shared/client/subscription.h"
#include "shared/clock.h"

#define POLL_SETTLES_MS 1000 // a poll session must be there before presence can be watched

struct client {
    const struct client_ops *ops;
    void *context;
    struct link link;
    struct calls calls;
    struct subscription subscription;
    struct presence presence;
    bool is_known; // session.resume was answered once
    bool is_refused;
};

static void on_up(void *context)
{
    struct client *client = context;

    client->is_known = true;
    calls_renew(&client->calls);
    subscription_up(&client->subscription);
    presence_up(&client->presence, client->link.state == LINK_POLL ? POLL_SETTLES_MS : 0);
    client->ops->up(client->context, link_transport(&client->link));
}

static void on_server_says(struct client *client, const struct json *params)
{
    struct bytes event;
    uint64_t wait_ms = 0;

    if (!json_read_string(json_get(params, "event"), &event)) {
        return;
    }
    if (bytes_equal(event, bytes_of("replaced"))) {
        subscription_replaced(&client->subscription);
    } else if (json_read_uint(json_get(params, "retry_after_ms"), &wait_ms)) {
        link_expect_close(&client->link, (int64_t)wait_ms);
    }
}

static void on_text(void *context, struct bytes text, const struct json *root)
{
    struct client *client = context;
    struct bytes method;

    if (!json_read_string(json_get(root, "method"), &method)) {
        calls_answer(&client->calls, root);
        return;
    }
    if (bytes_equal(method, bytes_of("server"))) {
        on_server_says(client, json_get(root, "params"));
    }
    subscription_take(&client->subscription, method, text, root);
}

static void on_events_end(void *context, struct bytes cursor, bool is_reset)
{
    struct client *client = context;

    subscription_events_end(&client->subscription, cursor, is_reset);
}

static void on_events_off(void *context, struct bytes kind)
{
    struct client *client = context;

    subscription_events_off(&client->subscription, kind);
}

static void on_down(void *context, const char *why)
{
    struct client *client = context;

    subscription_down(&client->subscription);
    client->ops->down(client->context, why, client_retry_in_ms(client));
}

static void on_refused(void *context, const char *why)
{
    struct client *client = context;

    client->is_refused = true;
    subscription_down(&client->subscription);
    calls_fail(&client->calls, ERR_UNAUTHORIZED, why);
    client->ops->refused(client->context, why);
}

enum err client_create(const struct client_options *options, struct client **out)
{
    struct client *client = calloc(1, sizeof(*client));

    *out = client;
    if (client == NULL) {
        return ERR_MEMORY;
    }
    client->ops = options->ops;
    client->context = options->context;
    calls_init(&client->calls);
    link_init(&client->link, options->web, options->token);
    client->link.context = client;
    client->link.on_up = on_up;
    client->link.on_text = on_text;
    client->link.on_events_end = on_events_end;
    client->link.on_events_off = on_events_off;
    client->link.on_down = on_down;
    client->link.on_refused = on_refused;
    client->link.is_never_ws = options->is_never_ws;
    subscription_init(&client->subscription);
    client->subscription.link = &client->link;
    client->subscription.calls = &client->calls;
    client->subscription.ops = options->ops;
    client->subscription.context = options->context;
    presence_init(&client->presence);
    client->presence.calls = &client->calls;
    client->presence.ops = options->ops;
    client->presence.context = options->context;
    return ERR_OK;
}

void client_destroy(struct client *client)
{
    if (client == NULL) {
        return;
    }
    link_close(&client->link);
    calls_finish(&client->calls);
    subscription_finish(&client->subscription);
    presence_finish(&client->presence);
    free(client);
}

void client_start(struct client *client)
{
    link_start(&client->link);
}

void client_retry_now(struct client *client)
{
    link_retry_now(&client->link);
}

const struct link_identity *client_identity(const struct client *client)
{
    return client->is_known ? &client->link.identity : NULL;
}

bool client_is_up(const struct client *client)
{
    return link_is_up(&client->link);
}

const char *client_transport(const struct client *client)
{
    return link_transport(&client->link);
}

int64_t client_retry_in_ms(const struct client *client)
{
    int64_t wait_ms = client->link.retry_at_ms - clock_monotonic_ms();

    return wait_ms > 0 ? wait_ms : 0;
}

enum call_kind client_call_kind(struct bytes method)
{
    static const char *const once[] = { "account.password", "account.register", "device.create",
        "session.login", "session.logout", "message.send", "message.edit", "message.delete" };

    for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
        if (bytes_equal(method, bytes_of(once[i]))) {
            return CALL_ONCE;
        }
    }
    return method.size > 6 && memcmp(method.data, "admin.", 6) == 0 ? CALL_ONCE : CALL_AGAIN;
}

bool client_call(struct client *client, const char *method, struct bytes params,
        enum call_kind kind, client_answered *done, void *context)
{
    char reason[160];

    if (strncmp(method, "presence.", 9) == 0) {
        struct json *root = json_parse(params.data, params.size, reason, sizeof(reason));
        presence_note(&client->presence, bytes_of(method), root);
        json_destroy(root);
    }
    if (calls_add(&client->calls, method, params, kind, done, context) == NULL) {
        return false;
    }
    if (client->is_refused) {
        calls_fail(&client->calls, ERR_UNAUTHORIZED, "the server does not know this token");
    }
    return true;
}

unsigned client_open_calls(const struct client *client)
{
    return client->calls.count;
}

void client_tell(struct client *client, const char *method, struct bytes params)
{
    struct buffer text = { 0 };

    if (client->link.state == LINK_POLL) { // each request has an answer there
        (void)!client_call(client, method, params, CALL_ONCE, NULL, NULL);
        return;
    }
    if (!link_is_free(&client->link)) {
        return;
    }
    buffer_print(&text, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":", method);
    buffer_add(&text, params.data, params.size);
    buffer_add_byte(&text, '}');
    if (buffer_is_whole(&text)) {
        link_send(&client->link, (struct bytes){ text.data, (uint32_t)text.bytes });
    }
    buffer_finish(&text);
}

bool client_subscribe(struct client *client, struct bytes from, struct bytes events,
        client_answered *done, void *context)
{
    return subscription_begin(&client->subscription, from, events, done, context);
}

bool client_acknowledge(struct client *client, struct bytes cursor, client_answered *done,
        void *context)
{
    return subscription_acknowledge(&client->subscription, cursor, done, context);
}

void client_own_from(struct client *client, uint64_t counter)
{
    client->subscription.own_from = counter;
}

void client_pause(struct client *client, bool is_paused)
{
    link_pause(&client->link, is_paused);
}

// Sends what the connection takes.
static void pump(struct client *client)
{
    struct call *call;

    while (link_is_free(&client->link) && (call = calls_next(&client->calls)) != NULL) {
        if (call->needs_subscription && !subscription_is_settled(&client->subscription)) {
            return;
        }
        call->is_sent = true;
        link_send(&client->link, (struct bytes){ call->text.data, (uint32_t)call->text.bytes });
    }
}

static void step(struct client *client, short revents)
{
    int64_t now_ms = clock_monotonic_ms();

    pump(client);
    link_step(&client->link, revents, now_ms);
    if (link_is_up(&client->link)) {
        subscription_step(&client->subscription, now_ms);
        presence_step(&client->presence, now_ms);
    }
    pump(client);
}

static int wait_ms(const struct client *client, int timeout_ms)
{
    int64_t soonest_ms = link_deadline_ms(&client->link);

    if (link_is_up(&client->link)) {
        const int64_t others[] = { client->subscription.again_at_ms, client->presence.due_at_ms };
        for (size_t i = 0; i < 2; i++) {
            soonest_ms = others[i] < soonest_ms ? others[i] : soonest_ms;
        }
    }
    if (soonest_ms == INT64_MAX) {
        return timeout_ms;
    }
    int64_t rest_ms = soonest_ms - clock_monotonic_ms();
    rest_ms = rest_ms < 0 ? 0 : rest_ms > 3600 * 1000 ? 3600 * 1000 : rest_ms;
    return timeout_ms >= 0 && timeout_ms < rest_ms ? timeout_ms : (int)rest_ms;
}

void client_wait(struct client *client, struct pollfd *own, size_t count, int timeout_ms)
{
    struct pollfd all[8];

    CHECK(count < sizeof(all) / sizeof(all[0]));
    step(client, 0); // what was called since the last wait goes out before it
    all[0] = link_watch(&client->link);
    for (size_t i = 0; i < count; i++) {
        all[i + 1] = own[i];
    }
    web_wait(client->link.web, all, count + 1, wait_ms(client, timeout_ms));
    for (size_t i = 0; i < count; i++) {
        own[i].revents = all[i + 1].revents;
    }
    step(client, all[0].revents);
}

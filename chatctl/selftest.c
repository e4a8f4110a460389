// SPDX-License-Identifier: MIT
#include "selftest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/client/client.h"
#include "shared/client/web.h"
#include "shared/clock.h"
#include "shared/random.h"

#define TURN_MS 20

struct end {
    struct web *web;
    struct client *client;
    struct state *state;
};

struct state {
    struct end sender, receiver;
    char text[60];
    char why[200]; // the last thing that went wrong
    bool is_subscribed, is_stored, has_come;
};

static void on_up(void *context, const char *transport)
{
    (void)context;
    (void)transport;
}

static void on_down(void *context, const char *why, int64_t retry_in_ms)
{
    struct end *end = context;

    (void)retry_in_ms;
    snprintf(end->state->why, sizeof(end->state->why), "%s", why);
}

static void on_refused(void *context, const char *why)
{
    on_down(context, why, 0);
}

static void on_event(void *context, struct bytes text, const struct json *root)
{
    struct end *end = context;
    struct bytes found = { 0 };

    (void)text;
    end->state->has_come |= json_read_string(json_get(json_get(root, "params"), "text"), &found) &&
            bytes_equal(found, bytes_of(end->state->text));
}

static void on_reset(void *context, const char *cursor)
{
    (void)context;
    (void)cursor;
}

static const struct client_ops ops = { on_up, on_down, on_refused, on_event, on_reset };

static void note(struct state *state, const struct json *answer, bool *is_done)
{
    struct bytes message = { "", 0 };

    *is_done = json_get(answer, "result") != NULL;
    if (!*is_done) {
        (void)json_read_string(json_get(json_get(answer, "error"), "message"), &message);
        snprintf(state->why, sizeof(state->why), "%.*s", (int)message.size, message.data);
    }
}

static void on_subscribed(void *context, const struct json *answer)
{
    struct state *state = context;

    note(state, answer, &state->is_subscribed);
}

static void on_stored(void *context, const struct json *answer)
{
    struct state *state = context;

    note(state, answer, &state->is_stored);
}

static bool open_end(struct end *end, const struct selftest *test, struct state *state,
        const char *token)
{
    const struct web_options web_options = { .server = test->server,
        .fingerprint = test->fingerprint };
    struct client_options options = {
        .token = token,
        .ops = &ops,
        .context = end,
        .is_never_ws = test->is_poll,
    };

    end->state = state;
    if (web_create(&web_options, &end->web) != ERR_OK) {
        return false;
    }
    options.web = end->web;
    if (client_create(&options, &end->client) != ERR_OK) {
        return false;
    }
    client_start(end->client);
    return true;
}

static void close_end(struct end *end)
{
    client_destroy(end->client);
    web_destroy(end->web);
}

// Both ends in turn, until it is so or the time is up.
static bool wait_for(struct state *state, const bool *is_so, int64_t until_ms)
{
    while (!*is_so && clock_monotonic_ms() < until_ms) {
        client_wait(state->sender.client, NULL, 0, TURN_MS);
        client_wait(state->receiver.client, NULL, 0, TURN_MS);
    }
    return *is_so;
}

static const char *run(const struct selftest *test, struct state *state)
{
    int64_t until_ms = clock_monotonic_ms() + test->timeout_ms;
    struct buffer params = { 0 };
    const char *transport = test->is_poll ? "poll" : "ws";

    if (!open_end(&state->sender, test, state, test->sender_token) ||
            !open_end(&state->receiver, test, state, test->receiver_token) ||
            !client_subscribe(state->receiver.client, bytes_of("now"), (struct bytes){ 0 },
                    on_subscribed, state)) {
        return "cannot begin";
    }
    if (!wait_for(state, &state->is_subscribed, until_ms)) {
        return "the receiver can't subscribe";
    }
    buffer_print(&params, "{\"to\":\"%s\",\"text\":\"%s\",\"counter\":%" PRIu64 "}", test->receiver,
            state->text, (uint64_t)clock_wall_ms());
    bool is_sent = client_call(state->sender.client, "message.send",
            (struct bytes){ params.data, (uint32_t)params.bytes }, CALL_AGAIN, on_stored, state);
    buffer_finish(&params);
    if (!is_sent || !wait_for(state, &state->is_stored, until_ms)) {
        return "the message was not stored";
    }
    if (!wait_for(state, &state->has_come, until_ms)) {
        return "the message was stored, but did not come";
    }
    // What the client fell back to is not what was to be tested.
    if (strcmp(client_transport(state->sender.client), transport) != 0 ||
            strcmp(client_transport(state->receiver.client), transport) != 0) {
        return "only the other way of connecting works";
    }
    return NULL;
}

bool selftest_run(const struct selftest *test, char *reason, size_t reason_bytes)
{
    struct state state = { 0 };

    snprintf(state.text, sizeof(state.text), "self-test %" PRIu64, random_id());
    const char *wrong = run(test, &state);
    close_end(&state.sender);
    close_end(&state.receiver);
    if (wrong != NULL) {
        snprintf(reason, reason_bytes, "%s%s%s", wrong, state.why[0] == '\0' ? "" : ": ",
                state.why);
    }
    return wrong == NULL;
}

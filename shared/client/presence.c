// SPDX-License-Identifier: MIT
#include "shared/client/presence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"

#define AGAIN_MS 5000

void presence_init(struct presence *presence)
{
    presence->due_at_ms = INT64_MAX;
}

void presence_finish(struct presence *presence)
{
    free(presence->watched);
}

static uint32_t find(const struct presence *presence, struct bytes user)
{
    uint32_t i = 0;

    while (i < presence->count && !bytes_equal(name_bytes(&presence->watched[i]), user)) {
        i++;
    }
    return i;
}

static void watch(struct presence *presence, struct bytes user)
{
    if (presence->watched == NULL) {
        presence->watched = malloc(WATCHES_MAX * sizeof(presence->watched[0]));
    }
    if (presence->watched != NULL && name_is_valid(user) && presence->count < WATCHES_MAX &&
            find(presence, user) == presence->count) {
        presence->watched[presence->count++] = name_of(user);
    }
}

static void unwatch(struct presence *presence, struct bytes user)
{
    uint32_t i = find(presence, user);

    if (i < presence->count) {
        presence->watched[i] = presence->watched[--presence->count];
    }
}

void presence_note(struct presence *presence, struct bytes method, const struct json *params)
{
    const struct json *users = json_get(params, "users");
    bool is_watch = bytes_equal(method, bytes_of("presence.watch"));
    bool is_unwatch = bytes_equal(method, bytes_of("presence.unwatch"));
    struct bytes text;

    for (size_t i = 0; (is_watch || is_unwatch) && i < json_count(users); i++) {
        if (!json_read_string(json_at(users, i), &text)) {
            continue;
        }
        if (is_watch) {
            watch(presence, text);
        } else {
            unwatch(presence, text);
        }
    }
    if (bytes_equal(method, bytes_of("presence.set")) &&
            json_read_string(json_get(params, "state"), &text)) {
        snprintf(presence->state, sizeof(presence->state), "%.*s", (int)text.size, text.data);
    }
}

void presence_up(struct presence *presence, int64_t wait_ms)
{
    bool is_needed = presence->count > 0 || presence->state[0] != '\0';

    presence->due_at_ms = is_needed ? clock_monotonic_ms() + wait_ms : INT64_MAX;
}

// The states may have changed meanwhile: each is told as if the server had.
static void on_watched(void *context, const struct json *answer)
{
    struct presence *presence = context;
    const struct json *states = json_get(json_get(answer, "result"), "presence");
    char reason[160];

    if (states == NULL) {
        presence->due_at_ms = clock_monotonic_ms() + AGAIN_MS;
        return;
    }
    for (size_t i = 0; i < json_count(states); i++) {
        struct buffer text = { 0 };
        buffer_add_literal(&text, "{\"jsonrpc\":\"2.0\",\"method\":\"presence\",\"params\":");
        json_dump(json_at(states, i), &text);
        buffer_add_byte(&text, '}');
        struct json *root = buffer_is_whole(&text)
                ? json_parse(text.data, text.bytes, reason, sizeof(reason))
                : NULL;
        if (root != NULL) {
            presence->ops->event(presence->context,
                    (struct bytes){ text.data, (uint32_t)text.bytes }, root);
        }
        json_destroy(root);
        buffer_finish(&text);
    }
}

static bool ask(struct presence *presence, const char *method, const struct buffer *params,
        client_answered *done)
{
    return buffer_is_whole(params) &&
            calls_add(presence->calls, method,
                    (struct bytes){ params->data, (uint32_t)params->bytes }, CALL_ONCE, done,
                    presence) != NULL;
}

static bool watch_again(struct presence *presence)
{
    bool is_asked = true;

    for (uint32_t i = 0; i < presence->count && is_asked;) {
        struct buffer params = { 0 };
        buffer_add_literal(&params, "{\"users\":[");
        for (uint32_t j = 0; j < USERS_PER_REQUEST_MAX && i < presence->count; j++, i++) {
            buffer_print(&params, "%s\"%s\"", j > 0 ? "," : "", presence->watched[i].text);
        }
        buffer_add_literal(&params, "]}");
        is_asked = ask(presence, "presence.watch", &params, on_watched);
        buffer_finish(&params);
    }
    return is_asked;
}

void presence_step(struct presence *presence, int64_t now_ms)
{
    bool is_told = true;

    if (now_ms < presence->due_at_ms) {
        return;
    }
    presence->due_at_ms = INT64_MAX;
    if (presence->state[0] != '\0') {
        struct buffer params = { 0 };
        buffer_add_literal(&params, "{\"state\":");
        json_add_string(&params, bytes_of(presence->state));
        buffer_add_byte(&params, '}');
        is_told = ask(presence, "presence.set", &params, NULL);
        buffer_finish(&params);
    }
    if (!is_told || !watch_again(presence)) {
        presence->due_at_ms = now_ms + AGAIN_MS;
    }
}

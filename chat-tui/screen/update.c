// SPDX-License-Identifier: MIT
#include "update.h"

#include "shared/client/views.h"
#include <stdio.h>
#include <string.h>

static uint64_t number(const struct json *object, const char *key)
{
    uint64_t value = 0;

    json_read_uint(json_get(object, key), &value);
    return value;
}

static struct bytes text_of(const struct json *object, const char *key)
{
    struct bytes text = { "", 0 };

    json_read_string(json_get(object, key), &text);
    return text;
}

static struct conversation *peer_of(struct model *model, const struct json *object)
{
    return model_get(model, text_of(object, "peer"));
}

void update_head(struct model *model, const struct json *head)
{
    const struct head_view view = views_head(head);

    model_head(model, &view);
}

void update_heads(struct model *model, const struct json *result)
{
    const struct json *heads = json_get(result, "conversations");

    for (size_t i = 0; i < json_count(heads); i++) {
        update_head(model, json_at(heads, i));
    }
}

static void update_receipt(struct model *model, const struct json *params)
{
    struct conversation *conversation = peer_of(model, params);

    if (conversation == NULL) {
        return;
    }
    if (bytes_equal(text_of(params, "by"), name_bytes(&model->user))) {
        model_own_read(conversation, number(params, "read_seq"));
    } else {
        model_delivered(conversation, number(params, "delivered_seq"));
        model_peer_read(conversation, number(params, "read_seq"));
    }
}

static void update_presence(struct model *model, const struct json *presence)
{
    static const struct {
        const char *word;
        enum shown_presence state;
    } states[] = {
        { "online", PRESENCE_ONLINE },
        { "away", PRESENCE_AWAY },
        { "offline", PRESENCE_OFFLINE },
    };
    struct conversation *conversation = model_find(model, text_of(presence, "user"));
    struct bytes last_seen = text_of(presence, "last_seen");

    if (conversation == NULL) {
        return;
    }
    conversation->presence = PRESENCE_UNKNOWN;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (bytes_equal(text_of(presence, "state"), bytes_of(states[i].word))) {
            conversation->presence = states[i].state;
        }
    }
    snprintf(conversation->last_seen, sizeof(conversation->last_seen), "%.*s", (int)last_seen.size,
            last_seen.data);
}

void update_presences(struct model *model, const struct json *result)
{
    const struct json *states = json_get(result, "presence");

    for (size_t i = 0; i < json_count(states); i++) {
        update_presence(model, json_at(states, i));
    }
}

void update_whois(struct model *model, const struct json *result, int64_t until_ms)
{
    const struct json *presence = json_at(json_get(result, "presence"), 0);
    struct bytes user = text_of(presence, "user"), state = text_of(presence, "state");
    struct bytes last_seen = text_of(presence, "last_seen");

    update_presences(model, result);
    // The server may say unknown on purpose: not who exists, only who has written to whom.
    model_notice(model, until_ms, "%.*s: %.*s%s%.*s", (int)user.size, user.data, (int)state.size,
            state.data, last_seen.size > 0 ? ", last seen " : "", (int)last_seen.size,
            last_seen.data);
}

static void update_typing(struct model *model, const struct json *params, int64_t now_ms)
{
    // Who only begins to write has no conversation yet.
    struct conversation *conversation = model_find(model, text_of(params, "user"));
    bool is_on = false;

    json_read_bool(json_get(params, "on"), &is_on);
    if (conversation != NULL) {
        conversation->typing_until_ms = is_on ? now_ms + TYPING_SHOWN_MS : 0;
    }
}

static void update_message(struct model *model, const struct json *params)
{
    struct conversation *conversation = peer_of(model, params);
    const struct message_view incoming = views_message(params);

    if (conversation != NULL) {
        conversation->timeline.is_stale |= !model_add(model, conversation, &incoming);
    }
}

void update_notification(struct model *model, const struct json *root, int64_t now_ms)
{
    struct bytes method = text_of(root, "method");
    const struct json *params = json_get(root, "params");

    if (bytes_equal(method, bytes_of("message"))) {
        update_message(model, params);
    } else if (bytes_equal(method, bytes_of("receipt"))) {
        update_receipt(model, params);
    } else if (bytes_equal(method, bytes_of("conversation"))) {
        update_head(model, params);
    } else if (bytes_equal(method, bytes_of("presence"))) {
        update_presence(model, params);
    } else if (bytes_equal(method, bytes_of("typing"))) {
        update_typing(model, params, now_ms);
    }
}

// What the page is complete for: an answer that has more ends at its outermost message.
static void find_span(const struct json *result, struct page_bounds bounds, uint64_t *first,
        uint64_t *last)
{
    const struct json *messages = json_get(result, "messages");
    size_t count = json_count(messages);
    bool has_more = false;

    json_read_bool(json_get(result, "more"), &has_more);
    *first = bounds.after + 1;
    *last = bounds.before > 0 ? bounds.before - 1 : number(result, "head_seq");
    if (count > 0 && has_more && bounds.after > 0) {
        *last = number(json_at(messages, count - 1), "seq");
    } else if (count > 0 && has_more) {
        *first = number(json_at(messages, 0), "seq");
    }
}

bool update_page(struct model *model, struct conversation *conversation, const struct json *result,
        struct page_bounds bounds)
{
    const struct json *messages = json_get(result, "messages");
    uint64_t first, last;
    bool is_whole = true;

    find_span(result, bounds, &first, &last);
    model_page_begin(conversation, first > 0 ? first : 1, last,
            bounds.before == 0 && bounds.after == 0);
    for (size_t i = 0; i < json_count(messages); i++) {
        struct message_view incoming = views_message(json_at(messages, i));
        is_whole &= model_page_add(model, conversation, &incoming);
    }
    return is_whole;
}

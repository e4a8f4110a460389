// SPDX-License-Identifier: MIT
#include "shared/client/subscription.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/failpoint.h"

#define AGAIN_MS 1000
#define SKIPPED_MAX 64 // own messages in the window before they are acknowledged for the program

static bool start(struct subscription *subscription);

static void set_cursor(char out[CURSOR_BYTES_MAX + 1], struct bytes cursor)
{
    if (cursor.size <= CURSOR_BYTES_MAX) {
        memcpy(out, cursor.data, cursor.size);
        out[cursor.size] = '\0';
    }
}

static bool is_error(const struct json *answer)
{
    return json_get(answer, "error") != NULL;
}

static struct bytes kind_of(const struct json *answer)
{
    struct bytes kind = { "", 0 };

    json_read_string(json_get(json_get(json_get(answer, "error"), "data"), "kind"), &kind);
    return kind;
}

static void ask_again_later(struct subscription *subscription)
{
    subscription->again_at_ms = clock_monotonic_ms() + AGAIN_MS;
}

static void tell_asker(struct subscription *subscription, const struct json *answer)
{
    client_answered *done = subscription->done;

    subscription->is_fresh = false;
    subscription->done = NULL;
    if (done != NULL) {
        done(subscription->done_context, answer);
    }
}

static void be_off(struct subscription *subscription, const struct json *answer)
{
    subscription->state = SUBSCRIPTION_OFF;
    longpoll_silence(&subscription->link->poll);
    tell_asker(subscription, answer);
}

static void begin_at(struct subscription *subscription, struct bytes cursor)
{
    set_cursor(subscription->base, cursor);
    set_cursor(subscription->seen, cursor);
    subscription->is_outstanding = false;
    subscription->skipped_count = 0;
    subscription->owed[0] = '\0';
}

static void begin_again_at(struct subscription *subscription, struct bytes cursor)
{
    begin_at(subscription, cursor);
    subscription->ops->reset(subscription->context, subscription->seen);
}

// Over a WebSocket.
static void on_subscribed(void *context, const struct json *answer)
{
    struct subscription *subscription = context;
    const struct json *result = json_get(answer, "result");
    struct bytes cursor;
    bool is_reset = false;

    subscription->call = NULL;
    if (is_error(answer) && !subscription->is_fresh) {
        ask_again_later(subscription);
        return;
    }
    if (!json_read_string(json_get(result, "cursor"), &cursor)) {
        be_off(subscription, answer);
        return;
    }
    json_read_bool(json_get(result, "reset"), &is_reset);
    subscription->state = SUBSCRIPTION_ON;
    if (subscription->is_fresh) {
        begin_at(subscription, cursor);
        tell_asker(subscription, answer);
    } else if (is_reset) {
        begin_again_at(subscription, cursor);
    }
}

static void listen(struct subscription *subscription)
{
    longpoll_listen(&subscription->link->poll, subscription->base, subscription->seen);
}

// What a WebSocket would have answered.
static void compose(struct subscription *subscription, const struct json *listed, bool is_now)
{
    struct buffer *out = &subscription->answer;
    bool has_more = false;

    json_read_bool(json_get(listed, "more"), &has_more);
    buffer_clear(out);
    buffer_add_literal(out, "{\"result\":{\"cursor\":");
    json_add_string(out, bytes_of(subscription->seen));
    buffer_print(out,
            ",\"window\":%d,\"window_bytes\":%d,\"more\":%s%s,\"conversations\":", WINDOW_EVENTS,
            WINDOW_BYTES, has_more && !is_now ? "true" : "false",
            subscription->is_reset ? ",\"reset\":true" : "");
    if (is_now && !subscription->is_reset) {
        buffer_add_literal(out, "[]");
    } else {
        json_dump(json_get(listed, "conversations"), out);
    }
    buffer_add_literal(out, "}}");
}

static void on_listed(void *context, const struct json *answer)
{
    struct subscription *subscription = context;
    const struct json *listed = json_get(answer, "result");
    struct bytes cursor;

    subscription->call = NULL;
    if (is_error(answer) && bytes_equal(kind_of(answer), bytes_of("invalid")) &&
            !subscription->is_reset) {
        subscription->is_reset = true; // a cursor of before a restore
        if (!start(subscription)) {
            ask_again_later(subscription);
        }
        return;
    }
    if (!json_read_string(json_get(listed, "cursor"), &cursor)) {
        be_off(subscription, answer);
        return;
    }
    bool is_now = subscription->is_reset || strcmp(subscription->from, "now") == 0;
    if (is_now) {
        begin_at(subscription, cursor);
    } else if (strcmp(subscription->from, "unread") == 0) {
        begin_at(subscription, bytes_of(subscription->link->identity.cursor));
    } else {
        begin_at(subscription, bytes_of(subscription->from));
    }
    compose(subscription, listed, is_now);
    if (link_is_up(subscription->link) && subscription->link->state == LINK_POLL) {
        subscription->state = SUBSCRIPTION_PROBING;
        listen(subscription);
    } // else: the way changed, subscription_up() has asked or will
}

static bool ask(struct subscription *subscription, const char *method, const struct buffer *params,
        client_answered *done)
{
    struct call *call = !buffer_is_whole(params)
            ? NULL
            : calls_add(subscription->calls, method,
                      (struct bytes){ params->data, (uint32_t)params->bytes }, CALL_AGAIN, done,
                      subscription);

    subscription->call = call;
    return call != NULL;
}

static bool ask_ws(struct subscription *subscription)
{
    struct buffer params = { 0 };

    buffer_add_literal(&params, "{\"from\":");
    json_add_string(&params,
            bytes_of(subscription->is_fresh               ? subscription->from
                            : PLANTED("resubscribes_now") ? "now"
                                                          : subscription->base));
    if (!subscription->is_fresh && !PLANTED("resubscribes_now") && !PLANTED("forgets_seen")) {
        buffer_add_literal(&params, ",\"seen\":");
        json_add_string(&params, bytes_of(subscription->seen));
    }
    if (subscription->events.bytes > 0) {
        buffer_add_literal(&params, ",\"events\":");
        buffer_add(&params, subscription->events.data, subscription->events.bytes);
    }
    buffer_add_byte(&params, '}');
    bool is_asked = ask(subscription, "subscribe", &params, on_subscribed);
    buffer_finish(&params);
    return is_asked;
}

static bool ask_heads(struct subscription *subscription)
{
    struct buffer params = { 0 };
    bool is_now = strcmp(subscription->from, "now") == 0;

    buffer_print(&params, "{\"limit\":%d",
            is_now && !subscription->is_reset ? 1 : HEADS_PER_PAGE_MAX);
    if (!is_now && !subscription->is_reset) {
        bool is_unread = strcmp(subscription->from, "unread") == 0;
        buffer_add_literal(&params, ",\"changed_after\":");
        json_add_string(&params,
                bytes_of(is_unread ? subscription->link->identity.cursor : subscription->from));
    }
    buffer_add_byte(&params, '}');
    bool is_asked = ask(subscription, "conversation.list", &params, on_listed);
    buffer_finish(&params);
    return is_asked;
}

static void forget_call(struct subscription *subscription)
{
    if (subscription->call != NULL) {
        calls_drop(subscription->calls, subscription->call);
        subscription->call = NULL;
    }
}

// Asks the server, in the way that the connection allows.
static bool start(struct subscription *subscription)
{
    forget_call(subscription);
    subscription->again_at_ms = INT64_MAX;
    if (subscription->link->state == LINK_WS) {
        subscription->is_reset = false;
        return ask_ws(subscription);
    }
    if (subscription->is_fresh) {
        subscription->state = SUBSCRIPTION_ASKED;
        return ask_heads(subscription);
    }
    listen(subscription);
    return true;
}

void subscription_init(struct subscription *subscription)
{
    subscription->again_at_ms = INT64_MAX;
}

void subscription_finish(struct subscription *subscription)
{
    buffer_finish(&subscription->events);
    buffer_finish(&subscription->answer);
}

bool subscription_begin(struct subscription *subscription, struct bytes from, struct bytes events,
        client_answered *done, void *context)
{
    longpoll_silence(&subscription->link->poll);
    forget_call(subscription);
    subscription->state = SUBSCRIPTION_ASKED;
    subscription->is_fresh = true;
    subscription->is_reset = false;
    subscription->done = done;
    subscription->done_context = context;
    set_cursor(subscription->from, from);
    buffer_clear(&subscription->events);
    buffer_add(&subscription->events, events.data, events.size);
    return buffer_is_whole(&subscription->events) &&
            (!link_is_up(subscription->link) || start(subscription));
}

void subscription_up(struct subscription *subscription)
{
    if (subscription->state == SUBSCRIPTION_OFF) {
        return;
    }
    if (!start(subscription)) {
        ask_again_later(subscription);
    } else if (subscription->call != NULL) {
        // Before what waits already: acknowledgements need the subscription.
        calls_put_first(subscription->calls, subscription->call);
    }
}

void subscription_down(struct subscription *subscription)
{
    forget_call(subscription);
    subscription->again_at_ms = INT64_MAX;
}

// The first sign of life while probing: the asker's answer goes before the events.
static void probed(struct subscription *subscription)
{
    char reason[160];

    if (subscription->state != SUBSCRIPTION_PROBING) {
        return;
    }
    subscription->state = SUBSCRIPTION_ON;
    struct json *answer = buffer_is_whole(&subscription->answer)
            ? json_parse(subscription->answer.data, subscription->answer.bytes, reason,
                      sizeof(reason))
            : NULL;
    CHECK(answer != NULL); // we wrote it; or there is no memory, and no other answer to give
    tell_asker(subscription, answer);
    json_destroy(answer);
    buffer_finish(&subscription->answer);
}

static bool is_known_by_answer(const struct subscription *subscription, const struct json *params)
{
    struct bytes device;
    uint64_t counter = 0;

    return subscription->own_from > 0 && json_read_string(json_get(params, "device"), &device) &&
            bytes_equal(device, bytes_of(subscription->link->identity.device)) &&
            json_read_uint(json_get(params, "counter"), &counter) &&
            counter >= subscription->own_from;
}

// A WebSocket brings only the kinds asked for; long poll brings all.
static bool is_asked_for(const struct subscription *subscription, struct bytes method)
{
    char quoted[40];

    snprintf(quoted, sizeof(quoted), "\"%.*s\"", (int)method.size, method.data);
    return subscription->events.bytes == 0 ||
            memmem(subscription->events.data, subscription->events.bytes, quoted, strlen(quoted)) !=
            NULL;
}

static bool send_acknowledgement(struct subscription *subscription, const char *cursor,
        client_answered *done, void *context)
{
    struct buffer params = { 0 };

    buffer_add_literal(&params, "{\"cursor\":");
    json_add_string(&params, bytes_of(cursor));
    buffer_add_byte(&params, '}');
    struct call *call = !buffer_is_whole(&params)
            ? NULL
            : calls_add(subscription->calls, "ack",
                      (struct bytes){ params.data, (uint32_t)params.bytes }, CALL_AGAIN, done,
                      context);
    buffer_finish(&params);
    if (call != NULL) {
        call->needs_subscription = true;
    }
    return call != NULL;
}

static void move_base(struct subscription *subscription, const char *cursor)
{
    set_cursor(subscription->base, bytes_of(cursor));
    longpoll_move(&subscription->link->poll, cursor);
}

static void pay_owed(struct subscription *subscription);

static void on_paid(void *context, const struct json *answer)
{
    struct subscription *subscription = context;

    if (!is_error(answer)) {
        move_base(subscription, subscription->owing);
    }
    subscription->owing[0] = '\0';
    pay_owed(subscription);
}

// One at a time: while one is on its way, those behind it gather.
static void pay_owed(struct subscription *subscription)
{
    if (subscription->owed[0] == '\0' || subscription->owing[0] != '\0') {
        return;
    }
    memcpy(subscription->owing, subscription->owed, sizeof(subscription->owing));
    subscription->owed[0] = '\0';
    if (!send_acknowledgement(subscription, subscription->owing, on_paid, subscription)) {
        subscription->owing[0] = '\0'; // the next one covers it
    }
}

static void pass_over(struct subscription *subscription)
{
    subscription->skipped_count++;
    if (!subscription->is_outstanding && subscription->skipped_count >= SKIPPED_MAX) {
        subscription->skipped_count = 0;
        memcpy(subscription->owed, subscription->seen, sizeof(subscription->owed));
        pay_owed(subscription);
    }
}

void subscription_take(struct subscription *subscription, struct bytes method, struct bytes text,
        const struct json *root)
{
    const struct json *params = json_get(root, "params");
    struct bytes cursor;

    probed(subscription);
    if (!json_read_string(json_get(params, "cursor"), &cursor)) {
        subscription->ops->event(subscription->context, text, root); // a passing one
        return;
    }
    if (subscription->state != SUBSCRIPTION_ON) {
        return;
    }
    set_cursor(subscription->seen, cursor);
    if (is_known_by_answer(subscription, params) || !is_asked_for(subscription, method)) {
        pass_over(subscription);
        return;
    }
    set_cursor(subscription->passed_on, cursor);
    subscription->is_outstanding = true;
    subscription->skipped_count = 0;
    subscription->ops->event(subscription->context, text, root);
}

struct acknowledgement {
    struct subscription *subscription;
    client_answered *done;
    void *context;
    char cursor[CURSOR_BYTES_MAX + 1];
};

static void on_acknowledged(void *context, const struct json *answer)
{
    struct acknowledgement *acknowledgement = context;

    if (!is_error(answer)) {
        move_base(acknowledgement->subscription, acknowledgement->cursor);
    }
    acknowledgement->done(acknowledgement->context, answer);
    free(acknowledgement);
}

bool subscription_acknowledge(struct subscription *subscription, struct bytes cursor,
        client_answered *done, void *context)
{
    char upto[CURSOR_BYTES_MAX + 1] = "";

    set_cursor(upto, cursor);
    if (strcmp(upto, subscription->passed_on) == 0 && subscription->is_outstanding) {
        subscription->is_outstanding = false;
        if (subscription->skipped_count > 0) { // what was passed over behind it goes along
            memcpy(upto, subscription->seen, sizeof(upto));
            subscription->skipped_count = 0;
        }
    }
    if (done == NULL) {
        memcpy(subscription->owed, upto, sizeof(upto));
        pay_owed(subscription);
        return true;
    }
    struct acknowledgement *acknowledgement = calloc(1, sizeof(*acknowledgement));
    if (acknowledgement == NULL) {
        return false;
    }
    acknowledgement->subscription = subscription;
    acknowledgement->done = done;
    acknowledgement->context = context;
    memcpy(acknowledgement->cursor, upto, sizeof(upto));
    if (!send_acknowledgement(subscription, upto, on_acknowledged, acknowledgement)) {
        free(acknowledgement);
        return false;
    }
    return true;
}

void subscription_events_end(struct subscription *subscription, struct bytes cursor, bool is_reset)
{
    probed(subscription);
    if (is_reset) {
        begin_again_at(subscription, cursor);
        longpoll_move(&subscription->link->poll, subscription->base);
    } else {
        set_cursor(subscription->seen, cursor);
    }
}

void subscription_events_off(struct subscription *subscription, struct bytes kind)
{
    static const char replaced[] =
            "{\"jsonrpc\":\"2.0\",\"method\":\"server\",\"params\":{\"event\":\"replaced\"}}";
    char reason[160];

    probed(subscription);
    subscription->state = SUBSCRIPTION_OFF;
    if (bytes_equal(kind, bytes_of("conflict"))) {
        struct json *root = json_parse(replaced, strlen(replaced), reason, sizeof(reason));
        subscription->ops->event(subscription->context, bytes_of(replaced), root);
        json_destroy(root);
    }
}

void subscription_replaced(struct subscription *subscription)
{
    subscription->state = SUBSCRIPTION_OFF;
    longpoll_silence(&subscription->link->poll);
}

bool subscription_is_settled(const struct subscription *subscription)
{
    bool is_polling = subscription->link->state == LINK_POLL;

    return subscription->state == SUBSCRIPTION_OFF ||
            (subscription->call == NULL && (!is_polling || !subscription->link->poll.is_first));
}

void subscription_step(struct subscription *subscription, int64_t now_ms)
{
    if (now_ms >= subscription->again_at_ms && !start(subscription)) {
        ask_again_later(subscription);
    }
}

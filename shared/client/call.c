// SPDX-License-Identifier: MIT
#include "shared/client/call.h"

#include "shared/client/error_object.h"

#include <stdlib.h>

void calls_init(struct calls *calls)
{
    list_init(&calls->open);
}

void calls_drop(struct calls *calls, struct call *call)
{
    list_leave(&call->of_calls);
    calls->count--;
    buffer_finish(&call->text);
    free(call);
}

void calls_finish(struct calls *calls)
{
    LIST_EACH(node, &calls->open) {
        calls_drop(calls, LIST_OF(node, struct call, of_calls));
    }
}

struct call *calls_add(struct calls *calls, const char *method, struct bytes params,
        enum call_kind kind, client_answered *done, void *context)
{
    struct call *call = calloc(1, sizeof(*call));

    if (call == NULL) {
        return NULL;
    }
    list_init(&call->of_calls);
    list_append(&calls->open, &call->of_calls);
    calls->count++;
    call->id = ++calls->last_id;
    call->kind = kind;
    call->done = done;
    call->context = context;
    buffer_add_literal(&call->text, "{\"jsonrpc\":\"2.0\",\"id\":");
    json_add_uint(&call->text, call->id);
    buffer_add_literal(&call->text, ",\"method\":");
    json_add_string(&call->text, bytes_of(method));
    buffer_add_literal(&call->text, ",\"params\":");
    buffer_add(&call->text, params.data, params.size);
    buffer_add_byte(&call->text, '}');
    if (!buffer_is_whole(&call->text)) {
        calls_drop(calls, call);
        return NULL;
    }
    return call;
}

struct call *calls_next(const struct calls *calls)
{
    // Those that were sent come first, but for the few that calls_renew() took back.
    for (struct list *node = calls->open.previous; node != &calls->open; node = node->previous) {
        if (LIST_OF(node, struct call, of_calls)->is_sent) {
            node = node->next;
            return node == &calls->open ? NULL : LIST_OF(node, struct call, of_calls);
        }
    }
    return list_is_empty(&calls->open) ? NULL : LIST_OF(calls->open.next, struct call, of_calls);
}

static void answer(struct calls *calls, struct call *call, const struct json *root)
{
    client_answered *done = call->done;
    void *context = call->context;

    calls_drop(calls, call);
    if (done != NULL) {
        done(context, root);
    }
}

void calls_answer(struct calls *calls, const struct json *root)
{
    uint64_t id = 0;

    if (!json_read_uint(json_get(root, "id"), &id)) {
        return;
    }
    LIST_EACH(node, &calls->open) {
        struct call *call = LIST_OF(node, struct call, of_calls);
        if (call->id == id) {
            answer(calls, call, root);
            return;
        }
    }
}

static void fail(struct calls *calls, struct call *call, enum err err, const char *message,
        bool is_unknown)
{
    struct buffer text = { 0 };
    char reason[160];

    buffer_add_literal(&text, "{\"error\":");
    error_object_add(&text, err, message, is_unknown);
    buffer_add_byte(&text, '}');
    struct json *root = buffer_is_whole(&text)
            ? json_parse(text.data, text.bytes, reason, sizeof(reason))
            : NULL;
    buffer_finish(&text);
    CHECK(root != NULL); // the one way out is memory, and there is no other answer to give
    answer(calls, call, root);
    json_destroy(root);
}

// The analyzer does not see that a dropped call has left the list.
// NOLINTBEGIN(clang-analyzer-unix.Malloc)
static struct call *first_lost(const struct calls *calls)
{
    LIST_EACH(node, &calls->open) {
        struct call *call = LIST_OF(node, struct call, of_calls);
        if (call->is_sent && call->kind == CALL_ONCE) {
            return call;
        }
    }
    return NULL;
}

void calls_renew(struct calls *calls)
{
    struct call *lost;

    LIST_EACH(node, &calls->open) {
        struct call *call = LIST_OF(node, struct call, of_calls);
        call->is_sent = call->is_sent && call->kind == CALL_ONCE;
    }
    while ((lost = first_lost(calls)) != NULL) { // its handler may change the list
        fail(calls, lost, ERR_UNAVAILABLE,
                "the connection was lost before the answer: it may or may not have been done",
                true);
    }
}

void calls_put_first(struct calls *calls, struct call *call)
{
    list_leave(&call->of_calls);
    list_append(calls->open.next, &call->of_calls);
}

void calls_fail(struct calls *calls, enum err err, const char *message)
{
    while (!list_is_empty(&calls->open)) {
        struct call *call = LIST_OF(calls->open.next, struct call, of_calls);
        fail(calls, call, err, message, call->is_sent);
    }
}
// NOLINTEND(clang-analyzer-unix.Malloc)

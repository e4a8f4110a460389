// SPDX-License-Identifier: MIT
#include "session/call.h"

#include <stdio.h>
#include <stdlib.h>

#include "session/handlers.h"
#include "session/poll.h"
#include "session/session.h"
#include "shared/clock.h"
#include "shared/failpoint.h"
#include "shared/limits.h"

static void (*const handlers[METHOD_COUNT])(struct call *call) = {
#define METHOD(identifier, name, access, required, optional)                                       \
    [METHOD_##identifier] = handle_##identifier,
#include "shared/methods.def"
#undef METHOD
};

// What makes others receive something or is stored: each counts against its user's rate.
static const bool writes[METHOD_COUNT] = {
    [METHOD_CONTACT_BLOCK] = true,
    [METHOD_CONTACT_UNBLOCK] = true,
    [METHOD_DEVICE_CREATE] = true,
    [METHOD_MESSAGE_DELETE] = true,
    [METHOD_MESSAGE_EDIT] = true,
    [METHOD_MESSAGE_SEND] = true,
    [METHOD_RECEIPT_READ] = true,
    [METHOD_TYPING] = true,
};

const char call_no_room[] = "more than a user of this server may have stored: delete something";

void caller_init(struct caller *caller, struct service *service, const char *source)
{
    *caller = (struct caller){ .service = service, .source = source };
    list_init(&caller->calls);
}

void caller_finish(struct caller *caller)
{
    LIST_EACH(node, &caller->calls) {
        struct call *call = LIST_OF(node, struct call, of_caller);
        call->caller = NULL;
        list_leave(&call->of_caller);
    }
    caller->call_count = 0;
}

const char *call_usual_message(enum err err)
{
    static const char *const messages[ERR_COUNT] = {
        [ERR_UNAUTHORIZED] = "log in first: session.resume with a token, or session.login",
        [ERR_FORBIDDEN] = "not allowed",
        [ERR_NOT_FOUND] = "there is no such user, device or message",
        [ERR_EXISTS] = "this name is taken",
        [ERR_TOO_LARGE] = "too large",
        [ERR_BUSY] = "the server is busy: try again in a moment",
        [ERR_UNAVAILABLE] = "this user's partition is out of service; the server's log says why",
        [ERR_CONFLICT] = "this counter was used for another message",
        [ERR_INTERNAL] = "internal error",
        [ERR_MEMORY] = "the server is out of memory: try again in a moment",
        [ERR_IO] = "the server cannot write to its disk",
        [ERR_DISK_FULL] = "the server's disk is full: nothing was stored, try again later",
        [ERR_DAMAGED] = "this user's data is damaged; the server's log says where",
    };

    return messages[err] != NULL ? messages[err] : err_kind(err);
}

static void end_storing(struct call *call)
{
    if (call->storing > 0) {
        meter_store_end(call->service->meter, name_bytes(&call->identity.user), call->storing);
    }
}

static void end(struct call *call, struct frame *frame, enum err err)
{
    struct caller *caller = call->caller;

    end_storing(call);
    if (caller != NULL) {
        list_leave(&call->of_caller);
        caller->call_count--;
        if (call->is_blocking) {
            caller->is_blocked = false;
        }
        if (call->request.id != NULL || caller->session == NULL) {
            caller->answer(caller, frame, err);
            frame = NULL;
        }
        caller->relieved(caller);
    }
    frame_release(frame);
    request_finish(&call->request);
    free(call);
}

const struct call *call_of_proposal(const struct proposal *proposal)
{
    if (proposal->done != call_on_appended) {
        return NULL;
    }
    return (const struct call *)(const void *)((const char *)proposal -
            offsetof(struct call, proposal));
}

struct feed *call_feed(const struct call *call)
{
    if (call->caller == NULL) {
        return NULL;
    }
    if (call->caller->session != NULL) {
        return &call->caller->session->feed;
    }
    return poll_feed(call->service->sessions->polls, &call->identity);
}

void call_block(struct call *call)
{
    call->is_blocking = true;
    if (call->caller != NULL) {
        call->caller->is_blocked = true;
    }
}

void call_begin_result(const struct call *call, struct buffer *out)
{
    encode_begin_result(out, call->request.id);
}

void call_reply(struct call *call, struct buffer *out)
{
    end(call, encode_end(out), ERR_OK);
}

void call_reply_empty(struct call *call)
{
    struct buffer out = { 0 };

    if (call->request.id != NULL || call->caller == NULL || call->caller->session == NULL) {
        call_begin_result(call, &out);
        buffer_add_literal(&out, "{}");
    }
    call_reply(call, &out);
}

void call_fail_with(struct call *call, enum err err, const struct error_details *details)
{
    end(call, encode_error(call->request.id, err, details), err);
}

void call_fail(struct call *call, enum err err, const char *message)
{
    const struct error_details details = {
        .message = message != NULL ? message : call_usual_message(err),
        .retry_after_ms = err_is_retryable(err) ? 1000 : 0,
    };

    call_fail_with(call, err, &details);
}

static enum err check_access(const struct caller *caller, const struct request *request)
{
    switch (method_access(request->method)) {
    case ACCESS_ANYONE:
        return ERR_OK;
    case ACCESS_DEVICE:
        return caller->is_authenticated ? ERR_OK : ERR_UNAUTHORIZED;
    case ACCESS_ADMIN:
        return caller->is_admin ? ERR_OK : ERR_FORBIDDEN;
    }
    return ERR_FORBIDDEN;
}

// A text that is no request at all is answered too, with id null (JSON-RPC 2.0, section 5).
static bool wants_answer(const struct request *request, enum err err)
{
    return request->id != NULL || err == ERR_PARSE || err == ERR_REQUEST;
}

static void refuse(struct caller *caller, struct call *call, enum err err, const char *reason,
        uint64_t retry_after_ms)
{
    const struct error_details details = {
        .message = reason[0] != '\0' ? reason : call_usual_message(err),
        .retry_after_ms = retry_after_ms,
    };

    if (wants_answer(&call->request, err) || caller->session == NULL) {
        caller->answer(caller, encode_error(call->request.id, err, &details), err);
    }
    request_finish(&call->request);
    free(call);
}

// What it will add to what its user has stored: an edit's text is there twice, in its entry and in
// its target. A delete may always be made: it makes room.
static uint32_t bytes_to_store(const struct request *request)
{
    uint32_t text_bytes = request->params.text.size;

    if (request->method == METHOD_MESSAGE_SEND) {
        return STORED_ENTRY_BYTES + text_bytes;
    }
    return request->method == METHOD_MESSAGE_EDIT ? STORED_ENTRY_BYTES + 2 * text_bytes : 0;
}

// With a counter it may be the retry of one that was stored, and must not be told otherwise: that
// only the partition knows.
static enum err check_room(struct caller *caller, struct call *call, char *reason)
{
    uint32_t bytes = bytes_to_store(&call->request);

    if (bytes == 0) {
        return ERR_OK;
    }
    if (meter_store_begin(caller->service->meter, name_bytes(&caller->identity.user), bytes)) {
        call->storing = bytes;
        return ERR_OK;
    }
    call->is_over_quota = true;
    if (call->request.params.counter != 0) {
        return ERR_OK;
    }
    snprintf(reason, REASON_BYTES, "%s", call_no_room);
    return ERR_TOO_LARGE;
}

void call_begin(struct caller *caller, const char *text, size_t bytes)
{
    char reason[REASON_BYTES];
    struct call *call = calloc(1, sizeof(*call));

    if (call == NULL) {
        caller->answer(caller, NULL, ERR_MEMORY);
        return;
    }
    uint64_t wait_ms = 0;
    enum err err = request_parse(text, bytes, &call->request, reason);
    if (err == ERR_OK) {
        err = check_access(caller, &call->request);
        if (err == ERR_FORBIDDEN) {
            strcpy(reason, "admin.* is for the admin socket, and for admin_users over POST /rpc");
        }
    }
    if (err == ERR_OK && caller->is_draining) {
        err = ERR_UNAVAILABLE;
        strcpy(reason, "the server is stopping: connect again in a moment");
    }
    if (err == ERR_OK && writes[call->request.method]) {
        wait_ms = meter_take(caller->service->meter, name_bytes(&caller->identity.user),
                call->request.params.text.size, clock_monotonic_ms());
        wait_ms = wait_ms == 0 && FAILPOINT("call.too_fast") ? 20 : wait_ms;
    }
    if (wait_ms > 0) {
        err = ERR_RATE_LIMITED;
        strcpy(reason, "more than a user of this server may write: wait, then send it again");
    }
    if (err == ERR_OK) {
        err = check_room(caller, call, reason);
    }
    if (err != ERR_OK) {
        refuse(caller, call, err, reason, wait_ms);
        return;
    }
    call->caller = caller;
    call->service = caller->service;
    call->identity = caller->identity;
    list_init(&call->of_caller);
    list_append(&caller->calls, &call->of_caller);
    caller->call_count++;
    handlers[call->request.method](call);
}

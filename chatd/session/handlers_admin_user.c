// SPDX-License-Identifier: MIT
// admin.user.show, .devices, .passwd, .disable, .enable, .delete: one account.

#include "session/handlers.h"

#include <inttypes.h>
#include <stdlib.h>

#include "service/accounts.h"
#include "session/feed.h"
#include "session/keep.h"
#include "session/session_set.h"
#include "shared/clock.h"
#include "shared/limits.h"

static const char *const state_words[] = { "active", "disabled", "deleted", "invited" };

// One read of an account, for whatever is told of it.
struct inspection {
    struct read read;
    struct call *call;
    struct account_page page;
    uint64_t conversation_count;
};

static void run_inspection(struct read *read, struct partition *partition)
{
    struct inspection *inspection = TASK_OF(read, struct inspection, read);
    struct bytes user = inspection->call->request.params.user;
    uint64_t head_useq;

    read->err = read_account(partition, user, &inspection->page);
    if (read->err == ERR_OK) {
        read->err = read_backlog(partition, user, 0, &inspection->conversation_count, &head_useq);
    }
}

static void inspect(struct call *call, void (*done)(struct read *read))
{
    struct inspection *inspection = calloc(1, sizeof(*inspection));
    enum err err = inspection == NULL ? ERR_MEMORY : ERR_OK;

    if (err == ERR_OK) {
        inspection->call = call;
        inspection->read.run = run_inspection;
        inspection->read.done = done;
        err = service_read(call->service, call->request.params.user, &inspection->read);
    }
    if (err != ERR_OK) {
        free(inspection);
        call_fail(call, err, NULL);
    }
}

static void end(struct inspection *inspection, struct buffer *out)
{
    enum err err = inspection->read.err;

    if (err == ERR_OK) {
        call_reply(inspection->call, out);
    } else {
        call_fail(inspection->call, err, err == ERR_NOT_FOUND ? "there is no such user" : NULL);
    }
    arena_finish(&inspection->page.arena);
    free(inspection);
}

struct presence_question {
    struct bytes user;
    enum presence_state state;
    unsigned session_count;
};

static void find_presence(void *context, struct bytes user, enum presence_state state,
        unsigned session_count)
{
    struct presence_question *question = context;

    if (bytes_equal(user, question->user)) {
        question->state = state;
        question->session_count = session_count;
    }
}

static void add_presence(struct buffer *out, const struct inspection *inspection)
{
    struct presence_question question = {
        .user = name_bytes(&inspection->page.name),
        .state = PRESENCE_OFFLINE,
    };

    presence_each(inspection->call->service->presence, find_presence, &question);
    buffer_print(out, ",\"presence\":\"%s\",\"sessions\":%u",
            question.session_count > 0 && question.state == PRESENCE_OFFLINE
                    ? "invisible"
                    : presence_word(question.state),
            question.session_count);
}

static void add_devices_summary(struct buffer *out, const struct account_page *page)
{
    uint32_t revoked_count = 0;
    uint64_t last_seen = 0;

    for (uint32_t i = 0; i < page->device_count; i++) {
        const struct device *device = &page->devices[i];
        revoked_count += device->is_revoked;
        last_seen = device->last_seen > last_seen ? device->last_seen : last_seen;
    }
    buffer_print(out, ",\"devices\":%u,\"devices_revoked\":%u", page->device_count - revoked_count,
            revoked_count);
    if (last_seen > 0) {
        buffer_add_literal(out, ",\"last_seen\":");
        encode_ts(out, last_seen);
    }
}

static void add_reason(struct buffer *out, const char *kind, const char *message)
{
    if (out->data[out->bytes - 1] != '[') {
        buffer_add_byte(out, ',');
    }
    buffer_print(out, "{\"kind\":\"%s\",\"message\":\"%s\"", kind, message);
}

// What stands between this user and a session: everything is named, not only what comes first.
static void add_login(struct buffer *reasons, const struct inspection *inspection)
{
    static const char *const state_reasons[] = {
        [USER_ACTIVE] = NULL,
        [USER_DISABLED] = "the account is disabled: passwords and tokens are refused",
        [USER_DELETED] = "the account was deleted, for ever",
        [USER_INVITED] = "the name is reserved by an invite that was not used yet",
    };
    const struct account_page *page = &inspection->page;
    uint64_t wait_ms = throttle_wait_ms(inspection->call->service->names, name_bytes(&page->name),
            clock_monotonic_ms());

    if (state_reasons[page->state] != NULL) {
        add_reason(reasons, state_words[page->state], state_reasons[page->state]);
        buffer_add_byte(reasons, '}');
    }
    if (page->secret.size == 0 && page->state != USER_DELETED) {
        add_reason(reasons, "no_password",
                "there is no password: only the tokens of its devices work");
        buffer_add_byte(reasons, '}');
    }
    if (wait_ms > 0) {
        add_reason(reasons, "rate_limited", "too many wrong passwords: the name has to wait");
        buffer_print(reasons, ",\"retry_after_ms\":%" PRIu64 "}", wait_ms);
    }
    if (page->device_count >= DEVICES_PER_USER_MAX) {
        add_reason(reasons, "too_large", "no further device: the limit is reached");
        buffer_add_byte(reasons, '}');
    }
}

static void on_show(struct read *read)
{
    struct inspection *inspection = TASK_OF(read, struct inspection, read);
    const struct account_page *page = &inspection->page;
    struct cell *cell = inspection->call->service->cell;
    struct buffer out = { 0 }, reasons = { 0 };

    if (read->err == ERR_OK) {
        call_begin_result(inspection->call, &out);
        buffer_print(&out, "{\"user\":\"%s\",\"state\":\"%s\",\"created\":", page->name.text,
                state_words[page->state]);
        encode_ts(&out, page->created);
        buffer_print(&out, ",\"partition\":%u,\"has_password\":%s,\"conversations\":%" PRIu64,
                cell_partition_of(cell, name_bytes(&page->name)),
                page->secret.size > 0 && page->state != USER_INVITED ? "true" : "false",
                inspection->conversation_count);
        buffer_print(&out, ",\"stored_bytes\":%" PRIu64 ",\"keep\":", page->stored_bytes);
        keep_add(&out, page->retention);
        add_devices_summary(&out, page);
        add_presence(&out, inspection);
        buffer_add_byte(&reasons, '[');
        add_login(&reasons, inspection);
        buffer_print(&out,
                ",\"login\":{\"possible\":%s,\"reasons\":", reasons.bytes == 1 ? "true" : "false");
        buffer_add(&out, reasons.data, reasons.bytes);
        buffer_add_literal(&out, "]}}");
        buffer_finish(&reasons);
    }
    end(inspection, &out);
}

void handle_ADMIN_USER_SHOW(struct call *call)
{
    inspect(call, on_show);
}

struct connection_question {
    uint64_t device;
    bool is_connected;
};

static void find_connection(struct subscriber *subscriber, void *context)
{
    struct connection_question *question = context;

    question->is_connected |=
            TASK_OF(subscriber, struct feed, subscriber)->identity.device == question->device;
}

static void add_device(struct buffer *out, const struct inspection *inspection,
        const struct device *device)
{
    struct connection_question question = { .device = device->id };

    hub_each(inspection->call->service->hub, name_bytes(&inspection->page.name), find_connection,
            &question);
    buffer_add_literal(out, "{\"device\":");
    encode_device(out, device->id);
    buffer_add_literal(out, ",\"label\":");
    json_add_string(out, (struct bytes){ device->label, device->label_bytes });
    buffer_add_literal(out, ",\"created\":");
    encode_ts(out, device->created);
    if (device->last_seen > 0) {
        buffer_add_literal(out, ",\"last_seen\":");
        encode_ts(out, device->last_seen);
    }
    buffer_print(out, ",\"consumer\":%s,\"revoked\":%s,\"connected\":%s}",
            device->is_consumer ? "true" : "false", device->is_revoked ? "true" : "false",
            question.is_connected ? "true" : "false");
}

static void on_devices(struct read *read)
{
    struct inspection *inspection = TASK_OF(read, struct inspection, read);
    struct buffer out = { 0 };

    if (read->err == ERR_OK) {
        call_begin_result(inspection->call, &out);
        buffer_add_literal(&out, "{\"devices\":[");
        for (uint32_t i = 0; i < inspection->page.device_count; i++) {
            if (i > 0) {
                buffer_add_byte(&out, ',');
            }
            add_device(&out, inspection, &inspection->page.devices[i]);
        }
        buffer_add_literal(&out, "]}");
    }
    end(inspection, &out);
}

void handle_ADMIN_USER_DEVICES(struct call *call)
{
    inspect(call, on_devices);
}

static const char *why_not_changed(enum err err)
{
    return err == ERR_NOT_FOUND ? "there is no such user, or it was deleted"
            : err == ERR_INVALID
            ? "this name is only reserved by an invite: it can be registered or deleted"
            : NULL;
}

static void on_changed(void *context, const struct account_result *result)
{
    struct call *call = context;

    if (result->err != ERR_OK) {
        call_fail(call, result->err, why_not_changed(result->err));
        return;
    }
    call_reply_empty(call);
}

void handle_ADMIN_USER_PASSWD(struct call *call)
{
    const struct params *params = &call->request.params;
    const struct account_request request = {
        .user = params->user,
        .password = params->password,
        .done = on_changed,
        .context = call,
    };

    if (params->password.size < PASSWORD_BYTES_MIN) {
        call_fail(call, ERR_INVALID, "a password has at least 8 bytes");
        return;
    }
    enum err err = accounts_reset_password(call->service, &request);
    if (err != ERR_OK) {
        call_fail(call, err, NULL);
    }
}

static void reply_state(struct call *call, enum user_state state,
        const struct account_result *result)
{
    struct buffer out = { 0 };

    if (result->err != ERR_OK) {
        call_fail(call, result->err, why_not_changed(result->err));
        return;
    }
    call_begin_result(call, &out);
    buffer_print(&out, "{\"user\":\"%s\",\"state\":\"%s\"}", result->identity.user.text,
            state_words[state]);
    call_reply(call, &out);
}

static void on_enabled(void *context, const struct account_result *result)
{
    reply_state(context, USER_ACTIVE, result);
}

static void on_disabled(void *context, const struct account_result *result)
{
    reply_state(context, USER_DISABLED, result);
}

static void on_deleted(void *context, const struct account_result *result)
{
    struct call *call = context;

    if (result->err == ERR_OK) {
        retention_wake(call->service->retention); // nobody can read that copy any more
        session_set_need_tick(call->service->sessions);
    }
    reply_state(call, USER_DELETED, result);
}

static void set_state(struct call *call, enum user_state state,
        void (*done)(void *context, const struct account_result *result))
{
    const struct account_request request = {
        .user = call->request.params.user,
        .done = done,
        .context = call,
    };
    enum err err = accounts_set_state(call->service, &request, state);

    if (err != ERR_OK) {
        call_fail(call, err, NULL);
    }
}

void handle_ADMIN_USER_ENABLE(struct call *call)
{
    set_state(call, USER_ACTIVE, on_enabled);
}

void handle_ADMIN_USER_DISABLE(struct call *call)
{
    set_state(call, USER_DISABLED, on_disabled);
}

void handle_ADMIN_USER_DELETE(struct call *call)
{
    set_state(call, USER_DELETED, on_deleted);
}

// SPDX-License-Identifier: MIT
// account.*, session.*, device.create, device.revoke, admin.user.revoke

#include "session/handlers.h"

#include <inttypes.h>
#include <stdlib.h>

#include "service/accounts.h"
#include "session/session.h"
#include "shared/limits.h"

static const char too_many_devices[] =
        "as many devices as a user may have: device.list shows them, device.revoke ends one";

static void on_registered(void *context, const struct account_result *result)
{
    struct call *call = context;
    struct buffer out = { 0 };

    bool is_wrong_invite = (call->request.params.present & P_INVITE) != 0 &&
            (result->err == ERR_FORBIDDEN || result->err == ERR_NOT_FOUND);
    if (result->err != ERR_OK) {
        call_fail(call, is_wrong_invite ? ERR_FORBIDDEN : result->err,
                is_wrong_invite ? "this invite is not for this name, or was used" : NULL);
        return;
    }
    call_begin_result(call, &out);
    buffer_print(&out, "{\"user\":\"%s\"}", result->identity.user.text);
    call_reply(call, &out);
}

void handle_ACCOUNT_REGISTER(struct call *call)
{
    const struct params *params = &call->request.params;
    const struct account_request request = {
        .user = params->user,
        .password = params->password,
        .invite = params->invite,
        .done = on_registered,
        .context = call,
    };

    bool has_invite = (params->present & P_INVITE) != 0;
    enum registration needed = has_invite ? REGISTRATION_INVITE : REGISTRATION_OPEN;
    if (call->service->registration < needed) {
        call_fail(call, ERR_FORBIDDEN,
                call->service->registration == REGISTRATION_INVITE
                        ? "registration on this server is by invite: ask its admin for one"
                        : "registration is closed on this server: ask its admin for an account");
        return;
    }
    if (params->password.size < PASSWORD_BYTES_MIN) {
        call_fail(call, ERR_INVALID, "params.password must be a string of 8 to 1024 bytes");
        return;
    }
    call_block(call);
    enum err err = accounts_add(call->service, &request);
    if (err != ERR_OK) {
        call_fail(call, err, NULL);
    }
}

static void fail_throttled(struct call *call, const struct account_request *request)
{
    const struct error_details details = {
        .message = "too many wrong passwords for this name or from this address: wait, then try "
                   "again",
        .retry_after_ms = accounts_wait_ms(call->service, request),
    };

    call_fail_with(call, ERR_RATE_LIMITED, &details);
}

static void on_password(void *context, const struct account_result *result)
{
    struct call *call = context;

    if (result->err != ERR_OK) {
        call_fail(call, result->err,
                result->err == ERR_UNAUTHORIZED ? "the old password is wrong" : NULL);
        return;
    }
    call_reply_empty(call);
}

void handle_ACCOUNT_PASSWORD(struct call *call)
{
    const struct params *params = &call->request.params;
    const struct account_request request = {
        .user = name_bytes(&call->identity.user),
        .password = params->old_password,
        .source = bytes_of(call->caller->source),
        .done = on_password,
        .context = call,
    };

    if (params->new_password.size < PASSWORD_BYTES_MIN) {
        call_fail(call, ERR_INVALID, "params.new must be a string of 8 to 1024 bytes");
        return;
    }
    enum err err = accounts_set_password(call->service, &request, params->new_password,
            call->identity.device);
    if (err == ERR_RATE_LIMITED) {
        fail_throttled(call, &request);
    } else if (err != ERR_OK) {
        call_fail(call, err, NULL);
    }
}

// A WebSocket becomes this device's; an HTTP exchange only learns the token.
static enum err admit(struct call *call, const struct account_result *result)
{
    if (call->caller == NULL || call->caller->session == NULL) {
        return ERR_OK;
    }
    return session_admit(call->caller->session, &result->identity);
}

static void add_identity(struct buffer *out, const struct identity *identity)
{
    buffer_print(out, "\"user\":\"%s\",\"device\":", identity->user.text);
    encode_device(out, identity->device);
}

static void on_logged_in(void *context, const struct account_result *result)
{
    struct call *call = context;
    struct buffer out = { 0 };
    enum err err = result->err == ERR_OK ? admit(call, result) : result->err;

    if (err == ERR_FORBIDDEN) {
        err = ERR_UNAUTHORIZED; // disabled while the password was verified
    }
    if (err != ERR_OK) {
        call_fail(call, err,
                err == ERR_UNAUTHORIZED        ? "wrong user name or password"
                        : err == ERR_TOO_LARGE ? too_many_devices
                                               : NULL);
        return;
    }
    call_begin_result(call, &out);
    buffer_print(&out, "{\"token\":\"%s\",", result->token);
    add_identity(&out, &result->identity);
    buffer_add_byte(&out, '}');
    call_reply(call, &out);
}

void handle_SESSION_LOGIN(struct call *call)
{
    const struct params *params = &call->request.params;
    const struct account_request request = {
        .user = params->user,
        .password = params->password,
        .label = params->device,
        .source = bytes_of(call->caller->source),
        .done = on_logged_in,
        .context = call,
    };

    call_block(call);
    enum err err = accounts_login(call->service, &request);
    if (err == ERR_RATE_LIMITED) {
        fail_throttled(call, &request);
    } else if (err != ERR_OK) {
        call_fail(call, err, NULL);
    }
}

static void on_resumed(void *context, const struct account_result *result)
{
    struct call *call = context;
    char cursor[CURSOR_TEXT_BYTES];
    struct buffer out = { 0 };
    enum err err = result->err == ERR_OK ? admit(call, result) : result->err;

    if (err != ERR_OK) {
        call_fail(call, err,
                err == ERR_UNAUTHORIZED ? "this token is not valid: log in again" : NULL);
        return;
    }
    call_begin_result(call, &out);
    buffer_add_byte(&out, '{');
    add_identity(&out, &result->identity);
    encode_cursor(cursor, call->service->generation, result->acked_useq);
    buffer_print(&out, ",\"server\":\"%s\",\"cursor\":\"%s\",\"counter\":%" PRIu64 "}",
            call->service->server_name, cursor, result->counter);
    call_reply(call, &out);
}

void handle_SESSION_RESUME(struct call *call)
{
    call_block(call);
    enum err err = accounts_resume(call->service, call->request.params.token, on_resumed, call);
    if (err != ERR_OK) {
        call_fail(call, err,
                err == ERR_UNAUTHORIZED ? "this token is not valid: log in again" : NULL);
    }
}

static void on_revoked(struct proposal *proposal, const struct applied *applied)
{
    struct call *call = TASK_OF(proposal, struct call, proposal);

    if (applied->outcome != ERR_OK) {
        call_fail(call, applied->outcome, NULL);
        return;
    }
    call_reply_empty(call);
}

static void revoke(struct call *call, struct bytes user, uint64_t device)
{
    call->proposal.done = on_revoked;
    enum err err = accounts_revoke(call->service, user, device, &call->proposal);
    if (err != ERR_OK) {
        call_fail(call, err, NULL);
    }
}

void handle_SESSION_LOGOUT(struct call *call)
{
    revoke(call, name_bytes(&call->identity.user), call->identity.device);
}

static void revoke_named(struct call *call, struct bytes user)
{
    struct bytes text = call->request.params.device;
    char digits[LABEL_BYTES_MAX + 1] = "";
    char *end;

    memcpy(digits, text.data, text.size);
    uint64_t device = strtoull(digits, &end, 16);
    if (*end != '\0' || device == 0) {
        call_fail(call, ERR_NOT_FOUND, "there is no such device");
        return;
    }
    revoke(call, user, device);
}

void handle_DEVICE_REVOKE(struct call *call)
{
    revoke_named(call, name_bytes(&call->identity.user));
}

void handle_ADMIN_USER_REVOKE(struct call *call)
{
    revoke_named(call, call->request.params.user);
}

static void on_device_made(void *context, const struct account_result *result)
{
    struct call *call = context;
    struct buffer out = { 0 };

    if (result->err != ERR_OK) {
        call_fail(call, result->err, result->err == ERR_TOO_LARGE ? too_many_devices : NULL);
        return;
    }
    call_begin_result(call, &out);
    buffer_add_literal(&out, "{\"device\":");
    encode_device(&out, result->identity.device);
    buffer_print(&out, ",\"token\":\"%s\"}", result->token);
    call_reply(call, &out);
}

void handle_DEVICE_CREATE(struct call *call)
{
    const struct account_request request = {
        .user = name_bytes(&call->identity.user),
        .label = call->request.params.label,
        .is_consumer = call->request.params.is_consumer,
        .done = on_device_made,
        .context = call,
    };
    enum err err = accounts_add_device(call->service, &request);

    if (err != ERR_OK) {
        call_fail(call, err, NULL);
    }
}

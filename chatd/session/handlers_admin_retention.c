// SPDX-License-Identifier: MIT
// admin.retention.*, and how long one user's messages are kept.

#include "session/handlers.h"

#include <inttypes.h>
#include <stdlib.h>

#include "service/retention.h"
#include "session/keep.h"
#include "session/session_set.h"

static void reply_with_status(struct call *call)
{
    struct retention_status status;
    struct buffer out = { 0 };

    retention_get_status(call->service->retention, &status);
    call_begin_result(call, &out);
    buffer_add_literal(&out, "{\"keep\":");
    keep_add(&out, 1 + status.retention_s);
    buffer_print(&out,
            ",\"sweeping\":%s,\"partition\":%u,\"sweeps\":%" PRIu64 ",\"expired\":%" PRIu64
            ",\"bytes\":%" PRIu64 ",\"last_expired\":%" PRIu64 ",\"last_bytes\":%" PRIu64,
            status.is_sweeping ? "true" : "false", status.partition, status.sweeps, status.expired,
            status.bytes, status.last_expired, status.last_bytes);
    if (status.last_ended_ms != 0) {
        buffer_add_literal(&out, ",\"last_ended\":");
        encode_ts(&out, (uint64_t)status.last_ended_ms);
    }
    buffer_add_byte(&out, '}');
    call_reply(call, &out);
}

void handle_ADMIN_RETENTION_SHOW(struct call *call)
{
    reply_with_status(call);
}

void handle_ADMIN_RETENTION_RUN(struct call *call)
{
    retention_wake(call->service->retention);
    session_set_need_tick(call->service->sessions);
    reply_with_status(call);
}

struct setting {
    struct proposal proposal;
    struct call *call;
    uint64_t retention;
};

static void on_set(struct proposal *proposal, const struct applied *applied)
{
    struct setting *setting = TASK_OF(proposal, struct setting, proposal);
    struct call *call = setting->call;
    struct buffer out = { 0 };

    if (applied->outcome != ERR_OK) {
        call_fail(call, applied->outcome,
                applied->outcome == ERR_NOT_FOUND ? "there is no such user" : NULL);
    } else {
        retention_wake(call->service->retention);
        session_set_need_tick(call->service->sessions);
        call_begin_result(call, &out);
        buffer_print(&out, "{\"user\":\"%.*s\",\"keep\":", (int)call->request.params.user.size,
                call->request.params.user.data);
        keep_add(&out, setting->retention);
        buffer_add_byte(&out, '}');
        call_reply(call, &out);
    }
    free(setting);
}

void handle_ADMIN_USER_RETENTION(struct call *call)
{
    const struct params *params = &call->request.params;
    struct setting *setting = calloc(1, sizeof(*setting));

    if (setting == NULL) {
        call_fail(call, ERR_MEMORY, NULL);
        return;
    }
    setting->call = call;
    setting->proposal.done = on_set;
    if (!keep_parse(params->keep, &setting->retention)) {
        free(setting);
        call_fail(call, ERR_INVALID,
                "params.keep must be default, forever, or a number and s, m, h, d, w or y");
        return;
    }
    const struct record record = {
        .type = RECORD_RETENTION,
        .user = params->user,
        .flags = setting->retention,
    };
    enum err err = cell_propose(call->service->cell, &record, &setting->proposal);
    if (err != ERR_OK) {
        free(setting);
        call_fail(call, err, NULL);
    }
}

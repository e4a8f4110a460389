// SPDX-License-Identifier: MIT
// admin.*: long work on the partitions' files. A call starts a job and is answered at once; how it
// goes is asked with admin.job.show.

#include "session/handlers.h"

#include <inttypes.h>

static void add_times(struct buffer *out, const struct job_status *status)
{
    buffer_add_literal(out, ",\"started\":");
    encode_ts(out, (uint64_t)status->started_ms);
    if (!status->is_running) {
        buffer_add_literal(out, ",\"ended\":");
        encode_ts(out, (uint64_t)status->ended_ms);
    }
}

static void add_findings(struct buffer *out, const struct job_status *status)
{
    uint32_t kept =
            status->finding_count < JOB_FINDINGS_MAX ? status->finding_count : JOB_FINDINGS_MAX;

    buffer_print(out, ",\"finding_count\":%u,\"findings\":[", status->finding_count);
    for (uint32_t i = 0; i < kept; i++) {
        buffer_print(out, "%s{\"partition\":%u,\"text\":", i == 0 ? "" : ",",
                status->findings[i].partition);
        json_add_string(out, bytes_of(status->findings[i].text));
        buffer_add_byte(out, '}');
    }
    buffer_add_byte(out, ']');
}

static void add_job(struct buffer *out, const struct job_status *status)
{
    static const char *const kinds[] = { "move", "verify", "backup" };

    buffer_print(out, "{\"number\":%" PRIu64, status->number);
    if (status->number == 0) {
        buffer_add_literal(out, ",\"state\":\"none\"}");
        return;
    }
    buffer_print(out,
            ",\"kind\":\"%s\",\"state\":\"%s\",\"partition\":%u,\"partitions\":%u,"
            "\"partitions_done\":%u,\"files\":%u,\"file_bytes\":%" PRIu64
            ",\"file_bytes_done\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"pause_us_max\":%" PRIu64,
            kinds[status->kind],
            status->is_running              ? "running"
                    : status->err == ERR_OK ? "done"
                                            : "failed",
            status->partition, status->partitions, status->partitions_done, status->files,
            status->file_bytes, status->file_bytes_done, status->bytes, status->pause_us_max);
    if (status->kind == JOB_BACKUP && status->log_first != 0) {
        buffer_print(out, ",\"log_first\":%" PRIu64 ",\"log_last\":%" PRIu64, status->log_first,
                status->log_last);
    }
    if (status->path[0] != '\0') {
        buffer_add_literal(out, ",\"path\":");
        json_add_string(out, bytes_of(status->path));
    }
    if (status->reason[0] != '\0') {
        buffer_add_literal(out, ",\"reason\":");
        json_add_string(out, bytes_of(status->reason));
    }
    add_times(out, status);
    add_findings(out, status);
    buffer_add_byte(out, '}');
}

static void reply_with_job(struct call *call)
{
    struct job_status status;
    struct buffer out = { 0 };

    job_get_status(call->service->cell, &status);
    call_begin_result(call, &out);
    add_job(&out, &status);
    call_reply(call, &out);
}

static void start(struct call *call, struct job_request *request)
{
    const struct params *params = &call->request.params;
    char reason[600] = "";

    request->bytes_per_second = (params->present & P_RATE) != 0 ? params->rate : JOB_RATE_DEFAULT;
    snprintf(request->path, sizeof(request->path), "%.*s", (int)params->path.size,
            params->path.data == NULL ? "" : params->path.data);
    enum err err = job_start(call->service->cell, request, reason, sizeof(reason));
    if (err != ERR_OK) {
        call_fail(call, err, reason);
        return;
    }
    reply_with_job(call);
}

void handle_ADMIN_BACKUP_CREATE(struct call *call)
{
    struct job_request request = {
        .kind = JOB_BACKUP,
        .last = (uint16_t)(call->service->partition_count - 1),
    };

    start(call, &request);
}

void handle_ADMIN_PARTITION_MOVE(struct call *call)
{
    uint16_t partition = (uint16_t)call->request.params.partition;
    struct job_request request = { .kind = JOB_MOVE, .first = partition, .last = partition };

    start(call, &request);
}

void handle_ADMIN_PARTITION_VERIFY(struct call *call)
{
    const struct params *params = &call->request.params;
    bool is_one = (params->present & P_PARTITION) != 0;
    struct job_request request = {
        .kind = JOB_VERIFY,
        .first = is_one ? (uint16_t)params->partition : 0,
        .last = is_one ? (uint16_t)params->partition
                       : (uint16_t)(call->service->partition_count - 1),
    };

    start(call, &request);
}

void handle_ADMIN_JOB_SHOW(struct call *call)
{
    reply_with_job(call);
}

void handle_ADMIN_JOB_CANCEL(struct call *call)
{
    job_cancel(call->service->cell);
    reply_with_job(call);
}

// SPDX-License-Identifier: MIT
#include "job.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "output.h"
#include "progress.h"
#include "shared/clock.h"

#define PATIENCE_MS 60000 // a server that is being started again
#define ASK_MS_FIRST 10
#define ASK_MS_MOST 250

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

// A call that outlives a restart of the server.
static enum exit_code ask(const struct rpc *rpc, const char *method, const struct buffer *params,
        struct job_result *result)
{
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    struct rpc_failure failure;

    for (;;) {
        enum exit_code code =
                rpc_ask(rpc, method, params, &result->root, &result->status, &failure);
        if (code == EXIT_OK) {
            return code;
        }
        bool is_away = code == EXIT_UNREACHABLE;
        if (!is_away || clock_monotonic_ms() > until) {
            progress_end();
            complain(rpc->is_json, failure.kind, "%s", failure.message);
            return code;
        }
        result->is_lost = true; // it will be another one's life
        wait_ms(ASK_MS_MOST);
    }
}

static void show(const char *what, const struct json *status)
{
    uint64_t partitions = output_uint(status, "partitions");

    if (partitions > 1) {
        progress_count(what, output_uint(status, "partitions_done"), partitions);
    } else {
        progress_bytes(what, output_uint(status, "file_bytes_done"),
                output_uint(status, "file_bytes"));
    }
}

bool job_add_rate(const struct rpc *rpc, const char *rate, bool is_free, struct buffer *params)
{
    const char *comma = params->data[params->bytes - 1] == '{' ? "" : ",";
    char *end = NULL;
    double megabytes = rate == NULL ? 0 : strtod(rate, &end);

    if (rate != NULL && (end == rate || *end != '\0' || !(megabytes >= 0 && megabytes <= 1e6))) {
        complain(rpc->is_json, "usage", "--rate needs megabytes a second, such as 50; 0: no limit");
        return false;
    }
    if (rate != NULL || is_free) {
        buffer_print(params, "%s\"rate\":%.0f", comma, megabytes * 1e6);
    }
    return true;
}

enum exit_code job_run(const struct rpc *rpc, const char *method, const struct buffer *params,
        const char *what, struct job_result *result)
{
    long pause_ms = ASK_MS_FIRST;

    *result = (struct job_result){ 0 };
    enum exit_code code = rpc_call(rpc, method, params, &result->root, &result->status);
    while (code == EXIT_OK) {
        uint64_t number = output_uint(result->status, "number");
        struct bytes state = output_text(result->status, "state");
        if (result->is_lost || !bytes_equal(state, bytes_of("running"))) {
            break;
        }
        show(what, result->status);
        json_destroy(result->root);
        result->root = NULL;
        wait_ms(pause_ms);
        pause_ms = pause_ms * 2 < ASK_MS_MOST ? pause_ms * 2 : ASK_MS_MOST;
        code = ask(rpc, "admin.job.show", NULL, result);
        if (code == EXIT_OK && output_uint(result->status, "number") != number) {
            result->is_lost = true;
        }
    }
    progress_end();
    return code;
}

enum exit_code job_outcome(const struct rpc *rpc, const struct job_result *result)
{
    struct bytes reason = output_text(result->status, "reason");

    if (result->is_lost) {
        complain(rpc->is_json, "unavailable",
                "the server was started again before the work was done; begin it once more");
        return EXIT_FAILED;
    }
    if (!bytes_equal(output_text(result->status, "state"), bytes_of("done"))) {
        complain(rpc->is_json, "failed", "%.*s", (int)reason.size, reason.data);
        return EXIT_FAILED;
    }
    return EXIT_OK;
}

enum exit_code job_print(const struct rpc *rpc, const struct json *status)
{
    const struct json *findings = json_get(status, "findings");
    struct bytes state = output_text(status, "state");
    struct bytes kind = output_text(status, "kind");
    struct bytes reason = output_text(status, "reason");

    if (rpc->is_json) {
        output_json(status);
        return EXIT_OK;
    }
    if (bytes_equal(state, bytes_of("none"))) {
        printf("no job since the server was started\n");
        return EXIT_OK;
    }
    printf("%.*s %.*s: partition %" PRIu64 ", %" PRIu64 " of %" PRIu64 " done, %s read",
            (int)kind.size, kind.data, (int)state.size, state.data,
            output_uint(status, "partition"), output_uint(status, "partitions_done"),
            output_uint(status, "partitions"), output_size(output_uint(status, "bytes")));
    if (reason.size > 0) {
        fputs("; ", stdout);
        output_label(reason);
    }
    putchar('\n');
    for (size_t i = 0; i < json_count(findings); i++) {
        const struct json *finding = json_at(findings, i);
        printf("partition %" PRIu64 ": ", output_uint(finding, "partition"));
        output_label(output_text(finding, "text"));
        putchar('\n');
    }
    return EXIT_OK;
}

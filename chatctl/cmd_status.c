// SPDX-License-Identifier: MIT
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "output.h"

static void print_table(const struct json *status)
{
    const struct json *log = json_get(status, "log");
    const struct json *partitions = json_get(status, "partitions");
    struct bytes version = output_text(status, "version");
    bool is_full = false;

    printf("chatd        %.*s, pid %" PRIu64 ", up %" PRIu64 " s\n", (int)version.size,
            version.data, output_uint(status, "pid"), output_uint(status, "uptime_s"));
    printf("connections  %" PRIu64 " open, %" PRIu64 " authenticated, %" PRIu64 " subscribed\n",
            output_uint(status, "connections"), output_uint(status, "authenticated"),
            output_uint(status, "subscribed"));
    printf("log          index %" PRIu64 ", %s waiting to be flushed, last write %" PRIu64
           " us, slowest %" PRIu64 " us\n",
            output_uint(log, "index"), output_size(output_uint(log, "tail_bytes")),
            output_uint(log, "append_us_last"), output_uint(log, "append_us_max"));
    printf("partitions   %" PRIu64 ", %" PRIu64 " to be flushed, %" PRIu64
           " quarantined, %s in memory\n",
            output_uint(partitions, "count"), output_uint(partitions, "dirty"),
            output_uint(partitions, "quarantined"),
            output_size(output_uint(partitions, "memory_bytes")));
    (void)json_read_bool(json_get(status, "disk_full"), &is_full);
    if (is_full) {
        printf("DISK FULL    sends are refused until there is room\n");
    }
}

// What has been done since the question before, one second ago.
struct rates {
    uint64_t requests, pushed, records;
    bool has_before;
};

static void print_rates(struct rates *rates, const struct json *status)
{
    const struct rates now = {
        .requests = output_uint(status, "requests"),
        .pushed = output_uint(status, "events_pushed"),
        .records = output_uint(json_get(status, "log"), "records"),
        .has_before = true,
    };

    if (rates->has_before) {
        printf("in a second  %" PRIu64 " requests, %" PRIu64 " records written, %" PRIu64
               " events pushed\n",
                now.requests - rates->requests, now.records - rates->records,
                now.pushed - rates->pushed);
    }
    *rates = now;
}

static enum exit_code show(const struct rpc *rpc, struct rates *rates)
{
    struct json *root;
    const struct json *result;
    enum exit_code code = rpc_call(rpc, "admin.status", NULL, &root, &result);

    if (code != EXIT_OK) {
        return code;
    }
    if (rpc->is_json) {
        output_json(result);
    } else {
        print_table(result);
        print_rates(rates, result);
    }
    json_destroy(root);
    return EXIT_OK;
}

enum exit_code status_show(const struct rpc *rpc, const struct arguments *arguments)
{
    struct rates rates = { 0 };
    enum exit_code code = show(rpc, &rates);

    while (arguments->is_watching && code == EXIT_OK) {
        fflush(stdout);
        sleep(1);
        output_next_picture(rpc->is_json);
        code = show(rpc, &rates);
    }
    return code;
}

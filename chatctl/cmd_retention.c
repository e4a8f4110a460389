// SPDX-License-Identifier: MIT
// How long messages are kept: the server's sweeps, and one user's own length.

#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "output.h"
#include "progress.h"

static void print_status(const struct rpc *rpc, const struct json *status)
{
    struct bytes keep = output_text(status, "keep"), ended = output_text(status, "last_ended");

    if (rpc->is_json) {
        output_json(status);
        return;
    }
    printf("messages are kept %s%.*s, unless a user has a length of its own\n",
            bytes_equal(keep, bytes_of("forever")) ? "" : "for ", (int)keep.size, keep.data);
    if (ended.size > 0) {
        printf("the last sweep ended %.*s: %" PRIu64 " entries expired, %s given back to the file "
               "system\n",
                (int)ended.size, ended.data, output_uint(status, "last_expired"),
                output_size(output_uint(status, "last_bytes")));
    }
    printf("since the start: %" PRIu64 " entries, %s (%" PRIu64 " bytes)\n",
            output_uint(status, "expired"), output_size(output_uint(status, "bytes")),
            output_uint(status, "bytes"));
}

enum exit_code retention_show(const struct rpc *rpc, const struct arguments *arguments)
{
    struct json *root;
    const struct json *status;
    enum exit_code code = rpc_call(rpc, "admin.retention.show", NULL, &root, &status);

    (void)arguments;
    if (code == EXIT_OK) {
        print_status(rpc, status);
        json_destroy(root);
    }
    return code;
}

enum exit_code retention_run(const struct rpc *rpc, const struct arguments *arguments)
{
    struct json *root;
    const struct json *status;
    enum exit_code code = rpc_call(rpc, "admin.retention.run", NULL, &root, &status);
    uint64_t sweeps = code == EXIT_OK ? output_uint(status, "sweeps") : 0;
    bool is_sweeping = false;

    (void)arguments;
    if (code == EXIT_OK) {
        // One that is under way began before this was asked: the one after it counts.
        (void)json_read_bool(json_get(status, "sweeping"), &is_sweeping);
        sweeps += is_sweeping ? 2 : 1;
    }
    while (code == EXIT_OK && output_uint(status, "sweeps") < sweeps) {
        progress_count("sweeping, entries expired", output_uint(status, "expired"), 0);
        json_destroy(root);
        nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
        code = rpc_call(rpc, "admin.retention.show", NULL, &root, &status);
    }
    progress_end();
    if (code == EXIT_OK) {
        print_status(rpc, status);
        json_destroy(root);
    }
    return code;
}

enum exit_code user_retention(const struct rpc *rpc, const struct arguments *arguments)
{
    const char *name = arguments->operands[0];
    struct buffer params = { 0 };
    struct json *root;
    const struct json *result;

    if (arguments->is_dry_run) {
        output_done(rpc->is_json, "{\"dry_run\":true,\"user\":\"%s\"}",
                "%s's messages would be kept that long", name);
        return EXIT_OK;
    }
    buffer_add_literal(&params, "{\"user\":");
    json_add_string(&params, bytes_of(name));
    buffer_add_literal(&params, ",\"keep\":");
    json_add_string(&params, bytes_of(arguments->operands[1]));
    buffer_add_byte(&params, '}');
    enum exit_code code = rpc_call(rpc, "admin.user.retention", &params, &root, &result);
    buffer_finish(&params);
    if (code != EXIT_OK) {
        return code;
    }
    if (rpc->is_json) {
        output_json(result);
    } else {
        struct bytes keep = output_text(result, "keep");
        printf("%s's copies of messages are kept: %.*s\n", name, (int)keep.size, keep.data);
    }
    json_destroy(root);
    return EXIT_OK;
}

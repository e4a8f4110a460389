// SPDX-License-Identifier: MIT
// "job show" and "job cancel".

#include <time.h>

#include "command.h"
#include "job.h"
#include "output.h"

static enum exit_code ask_and_print(const struct rpc *rpc, const char *method)
{
    struct json *root;
    const struct json *status;
    enum exit_code code = rpc_call(rpc, method, NULL, &root, &status);

    if (code == EXIT_OK) {
        code = job_print(rpc, status);
        json_destroy(root);
    }
    return code;
}

enum exit_code job_show(const struct rpc *rpc, const struct arguments *arguments)
{
    enum exit_code code = ask_and_print(rpc, "admin.job.show");

    while (code == EXIT_OK && arguments->is_watching) {
        nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
        output_next_picture(rpc->is_json);
        code = ask_and_print(rpc, "admin.job.show");
    }
    return code;
}

enum exit_code job_cancel(const struct rpc *rpc, const struct arguments *arguments)
{
    return ask_and_print(rpc, arguments->is_dry_run ? "admin.job.show" : "admin.job.cancel");
}

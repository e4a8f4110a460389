// SPDX-License-Identifier: MIT
// A job of the server (admin.job.show), from its start to its end.

#pragma once

#include "rpc.h"

struct job_result {
    bool is_lost; // the server was started again meanwhile: the job is no more, and may be begun
                  // again
    struct json *root;         // json_destroy()
    const struct json *status; // lent from root
};

// Calls the method, which starts a job, and shows its progress until it has ended. A server that is
// not there for a while is waited for. On failure the reason has been printed.
enum exit_code job_run(const struct rpc *rpc, const char *method, const struct buffer *params,
        const char *what, struct job_result *result) MUST_USE;

// Adds "rate" to params, an object that is open, of what --rate says. Not given (NULL) it is the
// server's usual one, or no limit when is_free. False: said what is wrong.
bool job_add_rate(const struct rpc *rpc, const char *rate, bool is_free,
        struct buffer *params) MUST_USE;

// "failed": why, and the exit code.
enum exit_code job_outcome(const struct rpc *rpc, const struct job_result *result);

enum exit_code job_print(const struct rpc *rpc, const struct json *status);

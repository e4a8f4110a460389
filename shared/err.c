// SPDX-License-Identifier: MIT
#include "shared/err.h"

#include "shared/check.h"

static const struct {
    const char *kind;
    int code;
    int http;
    bool is_retryable;
} errors[ERR_COUNT] = {
#define X(name, kind, code, http, retryable) [ERR_##name] = { kind, code, http, retryable },
    ERR_TABLE(X)
#undef X
            [ERR_OK] = { "ok", 0, 200, false },
};

const char *err_kind(enum err err)
{
    CHECK(err < ERR_COUNT);
    return errors[err].kind;
}

int err_code(enum err err)
{
    CHECK(err < ERR_COUNT);
    return errors[err].code;
}

int err_http_status(enum err err)
{
    CHECK(err < ERR_COUNT);
    return errors[err].http;
}

bool err_is_retryable(enum err err)
{
    CHECK(err < ERR_COUNT);
    return errors[err].is_retryable;
}

// SPDX-License-Identifier: MIT
#include "rpc.h"

#include <stdio.h>
#include <string.h>

#define TIMEOUT_MS 30000

struct asked {
    struct json *answer;
    bool is_done;
    char *reason;
    size_t reason_bytes;
};

static void on_done(struct web_exchange *exchange, int status, struct bytes body,
        const char *reason)
{
    struct asked *asked = exchange->context;

    asked->is_done = true;
    if (status == 0) {
        snprintf(asked->reason, asked->reason_bytes, "%s", reason);
        return;
    }
    asked->answer = json_parse(body.data, body.size, asked->reason, asked->reason_bytes);
    if (asked->answer == NULL) {
        snprintf(asked->reason, asked->reason_bytes,
                "it answers with HTTP status %d, but not as chatd does", status);
    }
}

struct json *rpc_ask(struct web *web, const char *token, const char *method,
        const struct buffer *params, char *reason, size_t reason_bytes)
{
    struct asked asked = { .reason = reason, .reason_bytes = reason_bytes };
    struct web_exchange exchange = { .context = &asked, .done = on_done };
    struct buffer body = { 0 };

    buffer_print(&body, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":", method);
    buffer_add(&body, params->data, params->bytes);
    buffer_add_byte(&body, '}');
    const struct web_request request = { "/rpc", token, { body.data, (uint32_t)body.bytes },
        TIMEOUT_MS };
    if (!buffer_is_whole(&body) || web_exchange_start(web, &exchange, &request) != ERR_OK) {
        snprintf(reason, reason_bytes, "no memory");
        asked.is_done = true;
    }
    while (!asked.is_done) {
        web_wait(web, NULL, 0, -1);
    }
    if (body.data != NULL) {
        explicit_bzero(body.data, body.bytes);
    }
    buffer_finish(&body);
    web_exchange_cancel(&exchange);
    return asked.answer;
}

// SPDX-License-Identifier: MIT
#include "session/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/accounts.h"
#include "session/call.h"

struct exchange {
    struct caller caller;
    struct net_link *link;
    struct session_set *set;
    struct frame *body; // waits for the token to be verified
    struct waiting *waiting;
};

// Outlives the exchange when the client leaves while its token is being verified.
struct waiting {
    struct exchange *exchange;
};

static void send_answer(struct caller *caller, struct frame *frame, enum err err)
{
    struct exchange *exchange = (struct exchange *)(void *)caller;

    net_link_answer(exchange->link, frame == NULL ? 500 : err_http_status(err), "application/json",
            frame, NULL);
}

static void ignore(struct caller *caller)
{
    (void)caller;
}

static void answer_text(struct exchange *exchange, int status, const char *json)
{
    net_link_answer(exchange->link, status, "application/json", frame_copy(json, strlen(json)),
            NULL);
}

static void fail(struct exchange *exchange, enum err err, const char *message)
{
    const struct error_details details = { .message = message };

    send_answer(&exchange->caller, encode_error(NULL, err, &details), err);
}

static void on_token(void *context, const struct account_result *result)
{
    struct waiting *waiting = context;
    struct exchange *exchange = waiting->exchange;

    free(waiting);
    if (exchange == NULL) {
        return;
    }
    exchange->waiting = NULL;
    if (result->err != ERR_OK) {
        fail(exchange, result->err, "this token is not valid: log in again");
        return;
    }
    exchange->caller.identity = result->identity;
    exchange->caller.is_authenticated = true;
    call_begin(&exchange->caller, exchange->body->data, exchange->body->bytes);
}

static void verify_token(struct exchange *exchange, const char *token)
{
    struct waiting *waiting = calloc(1, sizeof(*waiting));

    if (waiting == NULL || exchange->body == NULL) {
        free(waiting);
        fail(exchange, ERR_MEMORY, "out of memory");
        return;
    }
    waiting->exchange = exchange;
    exchange->waiting = waiting;
    enum err err = accounts_resume(exchange->set->service, bytes_of(token), on_token, waiting);
    if (err != ERR_OK) {
        free(waiting);
        exchange->waiting = NULL;
        fail(exchange, err, "this token is not valid: log in again");
    }
}

static void begin_rpc(struct exchange *exchange, const struct net_request *request)
{
    static const char bearer[] = "Bearer ";

    if (strcmp(request->method, "POST") != 0) {
        fail(exchange, ERR_REQUEST, "use POST with one JSON-RPC request as the body");
        return;
    }
    exchange->caller.is_admin = request->listener == NET_ADMIN;
    exchange->caller.is_draining = exchange->set->is_draining;
    exchange->set->requests++;
    if (request->authorization[0] == '\0') {
        call_begin(&exchange->caller, request->body, request->body_bytes);
    } else if (strncmp(request->authorization, bearer, sizeof(bearer) - 1) != 0) {
        fail(exchange, ERR_UNAUTHORIZED, "the Authorization header must be \"Bearer TOKEN\"");
    } else {
        exchange->body = frame_copy(request->body, request->body_bytes);
        verify_token(exchange, request->authorization + sizeof(bearer) - 1);
    }
}

void *exchange_begin(void *context, struct net_link *link, const struct net_request *request)
{
    struct session_set *set = context;
    struct exchange *exchange = calloc(1, sizeof(*exchange));

    if (exchange == NULL) {
        return NULL;
    }
    caller_init(&exchange->caller, set->service);
    exchange->caller.answer = send_answer;
    exchange->caller.relieved = ignore;
    exchange->link = link;
    exchange->set = set;
    if (strcmp(request->path, "/rpc") == 0) {
        begin_rpc(exchange, request);
    } else if (strcmp(request->path, "/healthz") == 0) {
        answer_text(exchange, 200, "{\"status\":\"ok\"}\n");
    } else if (strcmp(request->path, "/readyz") == 0 && !set->is_draining) {
        answer_text(exchange, 200, "{\"status\":\"ready\"}\n");
    } else if (strcmp(request->path, "/readyz") == 0) {
        answer_text(exchange, 503, "{\"status\":\"stopping\"}\n");
    } else {
        answer_text(exchange, 404, "{\"status\":\"no such path: /ws, /rpc, /healthz, /readyz\"}\n");
    }
    return exchange;
}

void exchange_gone(void *peer)
{
    struct exchange *exchange = peer;

    if (exchange == NULL) {
        return;
    }
    if (exchange->waiting != NULL) {
        exchange->waiting->exchange = NULL;
    }
    caller_finish(&exchange->caller);
    frame_release(exchange->body);
    free(exchange);
}

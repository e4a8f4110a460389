// SPDX-License-Identifier: MIT
#include "session/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/accounts.h"
#include "session/call.h"
#include "session/metrics.h"
#include "session/poll.h"
#include "shared/limits.h"

struct exchange {
    struct caller caller;
    struct net_link *link;
    struct session_set *set;
    struct frame *body; // waits for the token to be verified
    struct waiting *waiting;
    void (*authenticated)(struct exchange *exchange); // what goes on then
    struct poll_question question;
    char from[CURSOR_BYTES_MAX];
    bool acknowledges; // everything up to from
    char seen[CURSOR_BYTES_MAX];
    unsigned wait_s;
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

static const char *not_admitted(enum err err)
{
    return err == ERR_UNAUTHORIZED ? "this token is not valid: log in again"
                                   : call_usual_message(err);
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
        fail(exchange, result->err, not_admitted(result->err));
        return;
    }
    exchange->caller.identity = result->identity;
    exchange->caller.is_authenticated = true;
    net_link_trust(exchange->link);
    exchange->caller.is_admin |= service_is_admin(exchange->set->service, &result->identity);
    exchange->authenticated(exchange);
}

static void verify_token(struct exchange *exchange, const char *token)
{
    struct waiting *waiting = calloc(1, sizeof(*waiting));

    if (waiting == NULL) {
        fail(exchange, ERR_MEMORY, "out of memory");
        return;
    }
    waiting->exchange = exchange;
    exchange->waiting = waiting;
    enum err err = accounts_resume(exchange->set->service, bytes_of(token), on_token, waiting);
    if (err != ERR_OK) {
        free(waiting);
        exchange->waiting = NULL;
        fail(exchange, err, not_admitted(err));
    }
}

// The token of "Authorization: Bearer TOKEN"; NULL after saying what is wrong with the header.
static const char *bearer_of(struct exchange *exchange, const struct net_request *request)
{
    static const char bearer[] = "Bearer ";

    if (strncmp(request->authorization, bearer, sizeof(bearer) - 1) != 0) {
        fail(exchange, ERR_UNAUTHORIZED, "the Authorization header must be \"Bearer TOKEN\"");
        return NULL;
    }
    return request->authorization + sizeof(bearer) - 1;
}

static void run_rpc(struct exchange *exchange)
{
    call_begin(&exchange->caller, exchange->body->data, exchange->body->bytes);
}

static void begin_rpc(struct exchange *exchange, const struct net_request *request)
{
    if (strcmp(request->method, "POST") != 0) {
        fail(exchange, ERR_REQUEST, "use POST with one JSON-RPC request as the body");
        return;
    }
    exchange->caller.is_admin = request->listener == NET_ADMIN;
    exchange->caller.is_draining = exchange->set->is_draining;
    exchange->set->requests++;
    if (request->authorization[0] == '\0') {
        call_begin(&exchange->caller, request->body, request->body_bytes);
        return;
    }
    const char *token = bearer_of(exchange, request);
    if (token == NULL) {
        return;
    }
    exchange->body = frame_copy(request->body, request->body_bytes);
    exchange->authenticated = run_rpc;
    if (exchange->body == NULL) {
        fail(exchange, ERR_MEMORY, "out of memory");
        return;
    }
    verify_token(exchange, token);
}

static void on_events(struct poll_question *question, enum err err, struct frame *body)
{
    struct exchange *exchange =
            (struct exchange *)(void *)((char *)question - offsetof(struct exchange, question));

    if (err == ERR_OK) {
        send_answer(&exchange->caller, body, ERR_OK);
    } else {
        fail(exchange, err,
                err == ERR_CONFLICT ? "another subscription of this device has taken over"
                                    : call_usual_message(err));
    }
}

static void ask_events(struct exchange *exchange)
{
    const struct poll_place place = {
        .from = bytes_of(exchange->from),
        .acknowledges = exchange->acknowledges,
        .seen = bytes_of(exchange->seen),
    };

    exchange->question.answer = on_events;
    enum err err = poll_ask(exchange->set->polls, &exchange->caller.identity, &place,
            exchange->wait_s, &exchange->question);
    if (err != ERR_OK) {
        fail(exchange, err,
                err == ERR_PARAMS
                        ? "cursor (or from) must be 0 or a cursor of an answer, seen one that is "
                          "not before it"
                        : call_usual_message(err));
    }
}

// A parameter of the query, up to the next '&'. Without one the value stays; false: it is too long.
static bool read_query(const char *query, const char *name, char *value, size_t value_bytes)
{
    size_t name_size = strlen(name);

    while (query != NULL && *query != '\0') {
        query += *query == '&' || *query == '?';
        if (strncmp(query, name, name_size) == 0 && query[name_size] == '=') {
            size_t bytes = strcspn(query + name_size + 1, "&");
            snprintf(value, value_bytes, "%.*s", (int)bytes, query + name_size + 1);
            return bytes < value_bytes;
        }
        query = strchr(query, '&');
    }
    return true;
}

// False: the parameters are not what they should be. Whether the cursors are any good the poll
// says.
static bool read_places(struct exchange *exchange, const char *query)
{
    char wait[16];
    char *end = wait;

    snprintf(wait, sizeof(wait), "%d", POLL_WAIT_S_DEFAULT);
    if (!read_query(query, "wait", wait, sizeof(wait)) ||
            !read_query(query, "cursor", exchange->from, sizeof(exchange->from))) {
        return false;
    }
    exchange->acknowledges = exchange->from[0] != '\0';
    if (!exchange->acknowledges &&
            !read_query(query, "from", exchange->from, sizeof(exchange->from))) {
        return false;
    }
    exchange->wait_s = (unsigned)strtoul(wait, &end, 10);
    memcpy(exchange->seen, exchange->from, sizeof(exchange->seen));
    return read_query(query, "seen", exchange->seen, sizeof(exchange->seen)) &&
            exchange->from[0] != '\0' && *end == '\0' && exchange->wait_s <= POLL_WAIT_S_MAX;
}

static void begin_events(struct exchange *exchange, const struct net_request *request)
{
    if (strcmp(request->method, "GET") != 0 || exchange->set->is_draining) {
        fail(exchange, exchange->set->is_draining ? ERR_UNAVAILABLE : ERR_REQUEST,
                "GET /events?cursor=CURSOR&wait=SECONDS");
        return;
    }
    if (!read_places(exchange, request->query)) {
        fail(exchange, ERR_PARAMS,
                "GET /events?cursor=CURSOR&seen=CURSOR&wait=SECONDS: cursor (or from) is 0 or that of "
                "the last answer, wait is 0 to 55");
        return;
    }
    const char *token = bearer_of(exchange, request);
    if (token != NULL) {
        exchange->authenticated = ask_events;
        verify_token(exchange, token);
    }
}

static void begin_metrics(struct exchange *exchange)
{
    struct buffer out = { 0 };

    metrics_write(exchange->set, &out);
    struct frame *body = buffer_is_whole(&out) ? frame_copy(out.data, out.bytes) : NULL;
    net_link_answer(exchange->link, body == NULL ? 500 : 200, "text/plain; version=0.0.4", body,
            NULL);
    buffer_finish(&out);
}

void *exchange_begin(void *context, struct net_link *link, const struct net_request *request)
{
    struct session_set *set = context;
    struct exchange *exchange = calloc(1, sizeof(*exchange));

    if (exchange == NULL) {
        return NULL;
    }
    caller_init(&exchange->caller, set->service, net_link_source(link));
    exchange->caller.answer = send_answer;
    exchange->caller.relieved = ignore;
    exchange->link = link;
    exchange->set = set;
    if (strcmp(request->path, "/rpc") == 0) {
        begin_rpc(exchange, request);
    } else if (strcmp(request->path, "/events") == 0 && request->listener == NET_PUBLIC) {
        begin_events(exchange, request);
    } else if (strcmp(request->path, "/metrics") == 0 && request->is_local) {
        begin_metrics(exchange);
    } else if (strcmp(request->path, "/healthz") == 0) {
        answer_text(exchange, 200, "{\"status\":\"ok\"}\n");
    } else if (strcmp(request->path, "/readyz") == 0 && !set->is_draining) {
        answer_text(exchange, 200, "{\"status\":\"ready\"}\n");
    } else if (strcmp(request->path, "/readyz") == 0) {
        answer_text(exchange, 503, "{\"status\":\"stopping\"}\n");
    } else {
        answer_text(exchange, 404,
                "{\"status\":\"no such path: /ws, /rpc, /events, /healthz, /readyz\"}\n");
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
    poll_gone(&exchange->question);
    caller_finish(&exchange->caller);
    frame_release(exchange->body);
    free(exchange);
}

// SPDX-License-Identifier: MIT
#include "tests/load/crew.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/load/procstat.h"

enum { WINDOW_EVENTS_DEFAULT = 256, ERRORS_PRINTED = 5 };

static struct crew *crew_of(const struct session *session)
{
    return (struct crew *)session->client.loop;
}

void crew_error(struct crew *crew, const struct session *session, const char *what,
        struct json_span detail)
{
    if (crew->errors++ < ERRORS_PRINTED) {
        fprintf(stderr, "chat-load: user %s: %s %.*s\n", session->token->user, what,
                (int)(detail.bytes < 400 ? detail.bytes : 400), detail.at == NULL ? "" : detail.at);
    }
}

void crew_note_cursor(struct session *session, struct json_span cursor)
{
    struct json_span text = json_text(cursor);

    if (text.at == NULL || text.bytes > CURSOR_BYTES_MAX) {
        crew_error(crew_of(session), session, "a cursor that is no short string:", cursor);
        return;
    }
    memcpy(session->cursor, text.at, text.bytes);
    session->cursor[text.bytes] = '\0';
}

void crew_ack(struct session *session, bool wants_answer)
{
    char *start = ws_client_reserve(&session->client, 256 + CURSOR_BYTES_MAX);
    char *at = put_text(start, "{\"jsonrpc\":\"2.0\",\"method\":\"ack\",\"params\":{\"cursor\":\"");

    at = put_text(at, session->cursor);
    at = put_text(at, "\"}");
    if (wants_answer) {
        at = put_text(at, ",\"id\":");
        at = put_number(at, CREW_ID_ACK);
    }
    at = put_text(at, "}");
    ws_client_commit(&session->client, (size_t)(at - start));
}

static void on_opened(struct ws_client *client)
{
    struct session *session = (struct session *)client;
    char *start = ws_client_reserve(client, 256 + TOKEN_BYTES_MAX);
    char *at = put_text(start,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.resume\",\"params\":{\"token\":\"");

    at = put_text(at, session->token->token);
    at = put_text(at, "\"}}");
    ws_client_commit(client, (size_t)(at - start));
}

static void subscribe(struct session *session, const char *from)
{
    char *start = ws_client_reserve(&session->client, 256 + CURSOR_BYTES_MAX);
    char *at = put_text(start,
            "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"subscribe\",\"params\":{\"from\":\"");

    at = put_text(at, from);
    at = put_text(at, "\"}}");
    ws_client_commit(&session->client, (size_t)(at - start));
}

static void become_ready(struct crew *crew, struct session *session)
{
    session->state = SESSION_READY;
    crew->ready++;
    histogram_add(&crew->logins, clock_ns() - session->opened_ns);
}

static void on_resumed(struct crew *crew, struct session *session, struct json_span result)
{
    session->counter = json_number(json_member(result, "counter"));
    if (!json_is(json_text(json_member(result, "user")), session->token->user)) {
        crew_error(crew, session, "resumed as somebody else:", result);
    }
    if (crew->from == NULL) {
        become_ready(crew, session);
    } else {
        subscribe(session, crew->from);
    }
}

// The window is told as a number of events, or as an object with "events".
static void on_subscribed(struct crew *crew, struct session *session, struct json_span result)
{
    struct json_span window = json_member(result, "window");
    uint64_t events = json_number(window);

    if (events == 0) {
        events = json_number(json_member(window, "events"));
    }
    session->window_events = events > 0 ? (unsigned)events : WINDOW_EVENTS_DEFAULT;
    crew_note_cursor(session, json_member(result, "cursor"));
    become_ready(crew, session);
}

static void on_message(struct ws_client *client, const char *text, size_t bytes)
{
    struct session *session = (struct session *)client;
    struct crew *crew = crew_of(session);
    struct json_rpc rpc;

    if (!json_rpc_scan(text, bytes, &rpc)) {
        crew_error(crew, session, "not a JSON object:", (struct json_span){ text, bytes });
        return;
    }
    if (rpc.has_id && rpc.id < CREW_ID_FREE) {
        if (rpc.result.at == NULL) {
            crew_error(crew, session, "refused:", (struct json_span){ text, bytes });
            ws_client_close(client, "login refused");
        } else if (rpc.id == CREW_ID_RESUME) {
            on_resumed(crew, session, rpc.result);
        } else if (rpc.id == CREW_ID_SUBSCRIBE) {
            on_subscribed(crew, session, rpc.result);
        } else if (rpc.id == CREW_ID_ACK) {
            crew->acked++;
        }
        return;
    }
    if (json_is(rpc.method, "server")) {
        crew_error(crew, session, "the server says", rpc.params);
    }
    if (crew->message != NULL) {
        crew->message(crew->context, session, &rpc);
    }
}

static void on_closed(struct ws_client *client, const char *why)
{
    struct session *session = (struct session *)client;
    struct crew *crew = crew_of(session);

    session->state = SESSION_GONE;
    crew->gone++;
    if (!crew->is_closing) {
        crew_error(crew, session, why, (struct json_span){ NULL, 0 });
    }
}

static struct token *next_token(struct crew *crew, unsigned *capacity)
{
    if (crew->token_count == *capacity) {
        *capacity = *capacity == 0 ? 1024 : 2 * *capacity;
        struct token *grown = realloc(crew->tokens, *capacity * sizeof *grown);
        CHECK(grown != NULL);
        crew->tokens = grown;
    }
    return &crew->tokens[crew->token_count];
}

static bool load_tokens(struct crew *crew, const char *path)
{
    char line[NAME_BYTES_MAX + TOKEN_BYTES_MAX + 16];
    unsigned capacity = 0;
    FILE *file = path == NULL ? NULL : fopen(path, "re");

    if (file == NULL) {
        fprintf(stderr, "chat-load: --tokens %s can't be opened\n", path == NULL ? "?" : path);
        return false;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        struct token *token = next_token(crew, &capacity);
        if (sscanf(line, "%32[^\t\n]\t%255[^\t\n]", token->user, token->token) == 2) {
            crew->token_count++;
        }
    }
    fclose(file);
    if (crew->token_count == 0) {
        fprintf(stderr, "chat-load: %s has no user<TAB>token lines\n", path);
    }
    return crew->token_count > 0;
}

bool crew_open(struct crew *crew, const char *server, const char *tokens, unsigned count)
{
    const struct ws_handlers handlers = { on_opened, on_message, on_closed };

    memset(crew, 0, sizeof *crew);
    if (!ws_loop_open(&crew->loop, server, handlers)) {
        fprintf(stderr, "chat-load: --server wants a numeric HOST:PORT, not %s\n", server);
        return false;
    }
    if (!load_tokens(crew, tokens)) {
        return false;
    }
    crew->parallel = 256;
    crew->count = count == 0 ? crew->token_count : count;
    crew->sessions = calloc(crew->count, sizeof *crew->sessions);
    CHECK(crew->sessions != NULL);
    for (unsigned i = 0; i < crew->count; i++) {
        crew->sessions[i].index = i;
        crew->sessions[i].token = &crew->tokens[i % crew->token_count];
    }
    return true;
}

void crew_close(struct crew *crew)
{
    crew->is_closing = true;
    for (unsigned i = 0; i < crew->count; i++) {
        ws_client_close(&crew->sessions[i].client, "done");
    }
    ws_loop_turn(&crew->loop, 0);
    ws_loop_close(&crew->loop);
    free(crew->sessions);
    free(crew->tokens);
}

bool crew_muster(struct crew *crew, double seconds)
{
    uint64_t until = clock_ns() + (uint64_t)(seconds * 1e9);

    while (crew->ready < crew->count) {
        while (crew->started < crew->count &&
                crew->started - crew->ready - crew->gone < crew->parallel) {
            struct session *session = &crew->sessions[crew->started++];
            session->opened_ns = clock_ns();
            session->state = SESSION_OPENING;
            if (!ws_client_open(&crew->loop, &session->client)) {
                fprintf(stderr, "chat-load: no connection %u: %s\n", crew->started,
                        strerror(errno));
                return false;
            }
        }
        ws_loop_turn(&crew->loop, 100000000);
        if (crew->gone > 0 || crew->errors > 0 || clock_ns() > until) {
            fprintf(stderr, "chat-load: %u of %u sessions ready, %u lost\n", crew->ready,
                    crew->count, crew->gone);
            return false;
        }
    }
    return true;
}

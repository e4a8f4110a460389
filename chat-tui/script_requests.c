// SPDX-License-Identifier: MIT
// What the script asks: a line becomes a request, which is answered here, by the server, or by the
// outbox.
#include <stdio.h>
#include <string.h>

#include "script_state.h"
#include "shared/limits.h"
#include "shared/name.h"

static void close_request(struct script *script, struct request *request, uint64_t written_at)
{
    script->open_count--;
    script->open_bytes -= request->bytes;
    request->written_at = written_at;
    list_append(&script->answered, &request->of_script);
}

static void on_answer(void *context, const struct json *answer)
{
    struct request *request = context;
    struct script *script = request->script;
    struct buffer line = { 0 };
    uint64_t written_at = script->output.written;

    if (request->id.bytes > 0) {
        request_write_answer(request, answer, &line);
        CHECK(buffer_is_whole(&line));
        written_at =
                output_line(&script->output, (struct bytes){ line.data, (uint32_t)line.bytes });
        buffer_finish(&line);
    }
    close_request(script, request, written_at);
}

static void refuse(struct request *request, enum err err, const char *message)
{
    struct script *script = request->script;
    struct buffer line = { 0 };
    uint64_t written_at = script->output.written;

    if (request->id.bytes > 0) {
        request_write_error(&request->id, err, message, &line);
        CHECK(buffer_is_whole(&line));
        written_at =
                output_line(&script->output, (struct bytes){ line.data, (uint32_t)line.bytes });
        buffer_finish(&line);
    }
    close_request(script, request, written_at);
}

static void take_subscribe(struct request *request, const struct json *params)
{
    struct buffer events = { 0 };
    struct bytes from;

    if (!json_read_string(json_get(params, "from"), &from) || from.size == 0 ||
            from.size > CURSOR_BYTES_MAX) {
        refuse(request, ERR_PARAMS, "params.from must be \"now\", \"unread\" or a cursor");
        return;
    }
    const struct json *kinds = json_get(params, "events");
    if (kinds != NULL && !json_value_is_array(kinds)) {
        refuse(request, ERR_PARAMS, "params.events must be an array of event names");
        return;
    }
    if (kinds != NULL) {
        json_dump(kinds, &events);
    }
    bool is_asked = buffer_is_whole(&events) &&
            client_subscribe(request->script->client, from,
                    (struct bytes){ events.data, (uint32_t)events.bytes }, on_answer, request);
    buffer_finish(&events);
    if (!is_asked) {
        refuse(request, ERR_MEMORY, "out of memory");
    }
}

static void take_ack(struct request *request, const struct json *params)
{
    bool is_answered = request->id.bytes > 0;
    struct bytes cursor;

    if (!json_read_string(json_get(params, "cursor"), &cursor) || cursor.size == 0 ||
            cursor.size > CURSOR_BYTES_MAX) {
        refuse(request, ERR_PARAMS, "params.cursor must be a cursor");
    } else if (!client_acknowledge(request->script->client, cursor, is_answered ? on_answer : NULL,
                       request)) {
        refuse(request, ERR_MEMORY, "out of memory");
    } else if (!is_answered) {
        close_request(request->script, request, request->script->output.written);
    }
}

static void take_plain(struct request *request, const struct request_line *line,
        const struct buffer *params)
{
    struct client *client = request->script->client;
    struct bytes text = { params->data, (uint32_t)params->bytes };
    char method[64];

    snprintf(method, sizeof(method), "%.*s", (int)line->method.size, line->method.data);
    if (request->id.bytes == 0 && bytes_equal(line->method, bytes_of("typing"))) {
        client_tell(client, method, text);
        close_request(request->script, request, request->script->output.written);
    } else if (!client_call(client, method, text, client_call_kind(line->method), on_answer,
                       request)) {
        refuse(request, ERR_MEMORY, "out of memory");
    }
}

static void take_change(struct request *request, const struct request_line *line,
        const struct buffer *params)
{
    struct script *script = request->script;
    bool is_send = bytes_equal(line->method, bytes_of("message.send"));
    struct bytes peer;

    if (json_get(line->params, "counter") != NULL || json_get(line->params, "after") != NULL) {
        refuse(request, ERR_PARAMS,
                "params.counter and params.after are the outbox's: leave them out here");
        return;
    }
    if (!json_read_string(json_get(line->params, is_send ? "to" : "peer"), &peer) ||
            !name_is_valid(peer)) {
        take_plain(request, line, params); // the server says what is wrong
        return;
    }
    const struct outbox_row row = {
        .method = line->method,
        .peer = peer,
        .params = { params->data, (uint32_t)params->bytes },
        .request = { request->id.data, (uint32_t)request->id.bytes },
    };
    if (sender_submit(script->sender, &row, on_answer, request, &request->sending) != ERR_OK) {
        script_fail_disk(script);
    }
}

static void take_request(struct request *request, const struct request_line *line)
{
    struct buffer params = { 0 };

    if (line->params == NULL) {
        buffer_add_literal(&params, "{}");
    } else {
        json_dump(line->params, &params);
    }
    if (!buffer_is_whole(&params)) {
        refuse(request, ERR_MEMORY, "out of memory");
    } else if (bytes_equal(line->method, bytes_of("subscribe"))) {
        take_subscribe(request, line->params);
    } else if (bytes_equal(line->method, bytes_of("ack"))) {
        take_ack(request, line->params);
    } else if (line->method.size > 8 && memcmp(line->method.data, "message.", 8) == 0) {
        take_change(request, line, &params);
    } else if (bytes_equal(line->method, bytes_of("session.resume")) ||
            bytes_equal(line->method, bytes_of("session.login"))) {
        refuse(request, ERR_INVALID, "the session is chat-tui's: see \"ready\" for who you are");
    } else {
        take_plain(request, line, &params);
    }
    buffer_finish(&params);
}

void script_take_line(struct script *script, struct bytes text)
{
    char reason[200];
    struct request_line line = { 0 };
    struct buffer answer = { 0 };
    enum err err = ERR_PARSE;
    struct json *root = json_parse(text.data, text.size, reason, sizeof(reason));
    const char *wrong = root == NULL ? reason : request_read(root, &line, &err);
    struct request *request = wrong != NULL ? NULL : request_create(script, line.id, text.size);

    if (request != NULL) {
        script->open_count++;
        script->open_bytes += text.size;
        list_append(&script->open, &request->of_script);
        take_request(request, &line);
    } else {
        request_write_error(NULL, wrong != NULL ? err : ERR_MEMORY,
                wrong != NULL ? wrong : "out of memory", &answer);
        script_write(script, &answer);
    }
    json_destroy(root);
}

// SPDX-License-Identifier: MIT
#include "request.h"

#include <stdlib.h>

#include "shared/client/error_object.h"

const char *request_read(const struct json *root, struct request_line *line, enum err *err)
{
    struct bytes version = { "", 0 };
    uint64_t number;

    *line = (struct request_line){ .id = json_get(root, "id"), .params = json_get(root, "params") };
    *err = ERR_REQUEST;
    if (json_value_is_array(root)) {
        return "batches are not taken: one object a line";
    }
    json_read_string(json_get(root, "jsonrpc"), &version);
    if (!json_value_is_object(root) || !bytes_equal(version, bytes_of("2.0"))) {
        return "a request is an object with \"jsonrpc\":\"2.0\"";
    }
    if (!json_read_string(json_get(root, "method"), &line->method) || line->method.size == 0 ||
            line->method.size > 60) {
        return "a request names its method";
    }
    if (line->id != NULL && !json_value_is_string(line->id) && !json_value_is_null(line->id) &&
            !json_read_uint(line->id, &number)) {
        return "id must be a string, a whole number from 0 on or null";
    }
    if (line->params != NULL && !json_value_is_object(line->params)) {
        *err = ERR_PARAMS;
        return "params must be an object";
    }
    return NULL;
}

struct request *request_create(struct script *script, const struct json *id, size_t bytes)
{
    struct request *request = calloc(1, sizeof(*request));

    if (request == NULL) {
        return NULL;
    }
    request->script = script;
    request->bytes = bytes;
    list_init(&request->of_script);
    if (id != NULL) {
        json_dump(id, &request->id);
    }
    if (!buffer_is_whole(&request->id)) {
        request_destroy(request);
        return NULL;
    }
    return request;
}

void request_destroy(struct request *request)
{
    list_leave(&request->of_script);
    buffer_finish(&request->id);
    free(request);
}

static void add_head(struct buffer *out, const struct buffer *id)
{
    buffer_add_literal(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    if (id == NULL || id->bytes == 0) {
        buffer_add_literal(out, "null");
    } else {
        buffer_add(out, id->data, id->bytes);
    }
}

void request_write_answer(const struct request *request, const struct json *answer,
        struct buffer *out)
{
    const struct json *result = json_get(answer, "result");

    add_head(out, &request->id);
    if (result != NULL) {
        buffer_add_literal(out, ",\"result\":");
        json_dump(result, out);
    } else {
        buffer_add_literal(out, ",\"error\":");
        json_dump(json_get(answer, "error"), out);
    }
    buffer_add_byte(out, '}');
}

void request_write_error(const struct buffer *id, enum err err, const char *message,
        struct buffer *out)
{
    add_head(out, id);
    buffer_add_literal(out, ",\"error\":");
    error_object_add(out, err, message, false);
    buffer_add_byte(out, '}');
}

// SPDX-License-Identifier: MIT
#include "rpc.h"

#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "shared/err.h"

#define TIMEOUT_S 60L

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct buffer *body = context;

    buffer_add(body, data, size * count);
    return buffer_is_whole(body) ? size * count : 0;
}

static void complain(const struct rpc *rpc, const char *kind, struct bytes message)
{
    struct buffer line = { 0 };

    if (!rpc->is_json) {
        fprintf(stderr, "chatctl: %.*s\n", (int)message.size, message.data);
        return;
    }
    buffer_print(&line, "{\"error\":{\"kind\":\"%s\",\"message\":", kind);
    json_add_string(&line, message);
    buffer_add_literal(&line, "}}\n");
    fwrite(line.data, line.bytes, 1, stdout);
    buffer_finish(&line);
}

static enum exit_code exchange(const struct rpc *rpc, const struct buffer *request,
        struct buffer *answer)
{
    char reason[400];
    CURL *curl = curl_easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;

    if (curl != NULL) {
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, rpc->admin_socket);
        curl_easy_setopt(curl, CURLOPT_URL, "http://localhost/rpc");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->data);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request->bytes);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
        code = curl_easy_perform(curl);
    }
    curl_easy_cleanup(curl);
    if (code == CURLE_OK) {
        return EXIT_OK;
    }
    snprintf(reason, sizeof(reason),
            "cannot reach chatd at %s (%s): is it running, and may you use this socket? Its path is "
            "in chatd's \"ready\" line; give it with --admin-socket",
            rpc->admin_socket, curl_easy_strerror(code));
    complain(rpc, "unreachable", bytes_of(reason));
    return code == CURLE_OPERATION_TIMEDOUT ? EXIT_TIMEOUT : EXIT_UNREACHABLE;
}

static enum exit_code exit_code_of(struct bytes kind)
{
    static const struct {
        const char *kind;
        enum exit_code code;
    } codes[] = {
        { "unauthorized", EXIT_NOT_ALLOWED },
        { "forbidden", EXIT_NOT_ALLOWED },
        { "not_found", EXIT_NOT_FOUND },
        { "exists", EXIT_REFUSED },
        { "conflict", EXIT_REFUSED },
        { "invalid", EXIT_REFUSED },
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (bytes_equal(kind, bytes_of(codes[i].kind))) {
            return codes[i].code;
        }
    }
    return EXIT_FAILED;
}

static enum exit_code read_answer(const struct rpc *rpc, const struct buffer *answer,
        struct json **root, const struct json **result)
{
    char reason[200] = "";
    struct bytes message = bytes_of("chatd's answer is not understood"), kind = bytes_of("failed");

    *root = json_parse(answer->data, answer->bytes, reason, sizeof(reason));
    *result = json_get(*root, "result");
    if (*result != NULL) {
        return EXIT_OK;
    }
    const struct json *error = json_get(*root, "error");
    (void)json_read_string(json_get(error, "message"), &message);
    (void)json_read_string(json_get(json_get(error, "data"), "kind"), &kind);
    char word[32];
    snprintf(word, sizeof(word), "%.*s", (int)kind.size, kind.data);
    complain(rpc, word, message);
    enum exit_code code = exit_code_of(kind);
    json_destroy(*root);
    *root = NULL;
    return code;
}

enum exit_code rpc_call(const struct rpc *rpc, const char *method, const struct buffer *params,
        struct json **root, const struct json **result)
{
    struct buffer request = { 0 }, answer = { 0 };

    *root = NULL;
    *result = NULL;
    buffer_print(&request, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":", method);
    if (params == NULL) {
        buffer_add_literal(&request, "{}");
    } else {
        buffer_add(&request, params->data, params->bytes);
    }
    buffer_add_byte(&request, '}');
    enum exit_code code = exchange(rpc, &request, &answer);
    if (code == EXIT_OK) {
        code = read_answer(rpc, &answer, root, result);
    }
    explicit_bzero(request.data, request.bytes); // may hold a password
    buffer_finish(&request);
    buffer_finish(&answer);
    return code;
}

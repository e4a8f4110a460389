// SPDX-License-Identifier: MIT
#include "rpc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "output.h"
#include "shared/cli/address.h"
#include "shared/cli/token_file.h"
#include "shared/err.h"
#include "shared/limits.h"

static enum exit_code fail(struct rpc_failure *failure, enum exit_code code, const char *kind,
        const char *format, ...) __attribute__((format(printf, 4, 5)));

static enum exit_code fail(struct rpc_failure *failure, enum exit_code code, const char *kind,
        const char *format, ...)
{
    va_list list;

    failure->code = code;
    snprintf(failure->kind, sizeof(failure->kind), "%s", kind);
    va_start(list, format);
    vsnprintf(failure->message, sizeof(failure->message), format, list);
    va_end(list);
    return code;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct buffer *body = context;

    buffer_add(body, data, size * count);
    return buffer_is_whole(body) ? size * count : 0;
}

// False: *failure says why there is none.
static bool read_token(const char *path, char token[TOKEN_BUFFER_BYTES],
        struct rpc_failure *failure)
{
    static const enum exit_code codes[] = {
        [TOKEN_FILE_MISSING] = EXIT_NOT_FOUND,
        [TOKEN_FILE_UNREADABLE] = EXIT_FAILED,
        [TOKEN_FILE_PUBLIC] = EXIT_REFUSED,
        [TOKEN_FILE_EMPTY] = EXIT_FAILED,
    };
    char says[700];
    enum token_file_verdict verdict = token_file_read(path, token, says, sizeof(says));

    if (verdict != TOKEN_FILE_GOOD) {
        fail(failure, codes[verdict], "token_file", "%s", says);
    }
    return verdict == TOKEN_FILE_GOOD;
}

// The server's address and token into the handle. False: *failure says why not.
static bool aim_at_server(CURL *curl, const struct rpc *rpc, struct curl_slist **headers,
        struct rpc_failure *failure)
{
    char url[320], token[TOKEN_BUFFER_BYTES], header[TOKEN_BYTES_MAX + 40];
    struct address address;

    if (!address_parse(rpc->server, &address) || !address_keeps_secrets(&address)) {
        fail(failure, EXIT_USAGE, "usage",
                "--server must be https://HOST:PORT (or http:// on a loopback address): the token "
                "must not travel in plain text");
        return false;
    }
    if (!read_token(rpc->token_file, token, failure)) {
        return false;
    }
    snprintf(url, sizeof(url), "%s/rpc", address.url);
    snprintf(header, sizeof(header), "Authorization: Bearer %s", token);
    *headers = curl_slist_append(*headers, header);
    explicit_bzero(token, sizeof(token));
    explicit_bzero(header, sizeof(header));
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *headers);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    if (!address.is_tls) {
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    }
    if (rpc->ca_file != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, rpc->ca_file);
    }
    return true;
}

static enum exit_code explain(const struct rpc *rpc, CURLcode code, const char *detail,
        struct rpc_failure *failure)
{
    const char *why = *detail != '\0' ? detail : curl_easy_strerror(code);

    if (code == CURLE_OPERATION_TIMEDOUT) {
        return fail(failure, EXIT_TIMEOUT, "timeout", "no answer from chatd at %s within %g s",
                rpc->server != NULL ? rpc->server : rpc->admin_socket,
                (double)rpc->timeout_ms / 1000);
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
        return fail(failure, EXIT_UNREACHABLE, "unreachable",
                "the certificate of %s is not trusted (%s): for a self-signed one give its PEM file "
                "with --ca-file",
                rpc->server, why);
    }
    if (rpc->server != NULL) {
        return fail(failure, EXIT_UNREACHABLE, "unreachable",
                "cannot reach chatd at %s (%s): is it running, and is this its address?",
                rpc->server, why);
    }
    // curl would name a host and a port that nobody has asked for.
    why = access(rpc->admin_socket, W_OK) != 0 ? strerror(errno) : "nobody answers there";
    return fail(failure, EXIT_UNREACHABLE, "unreachable",
            "cannot reach chatd at %s (%s): is it running, and may you use this socket? Its path is "
            "in chatd's \"ready\" line; give it with --admin-socket",
            rpc->admin_socket, why);
}

static enum exit_code perform(CURL *curl, const struct rpc *rpc, const struct buffer *request,
        struct buffer *answer, struct rpc_failure *failure)
{
    struct curl_slist *headers = NULL;
    char detail[CURL_ERROR_SIZE] = "";

    if (rpc->server == NULL) {
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, rpc->admin_socket);
        curl_easy_setopt(curl, CURLOPT_URL, "http://localhost/rpc");
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    } else if (!aim_at_server(curl, rpc, &headers, failure)) {
        return failure->code;
    }
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->data);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request->bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, rpc->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    return code == CURLE_OK ? EXIT_OK : explain(rpc, code, detail, failure);
}

static enum exit_code exchange(const struct rpc *rpc, const struct buffer *request,
        struct buffer *answer, struct rpc_failure *failure)
{
    CURL *curl = curl_easy_init();
    enum exit_code code = curl == NULL ? fail(failure, EXIT_FAILED, "internal", "out of memory")
                                       : perform(curl, rpc, request, answer, failure);

    curl_easy_cleanup(curl);
    return code;
}

static enum exit_code read_answer(const struct buffer *answer, struct json **root,
        const struct json **result, struct rpc_failure *failure)
{
    char reason[200] = "", word[sizeof(failure->kind)];
    struct bytes message = bytes_of("the answer is not understood: is this a chatd?"),
                 kind = bytes_of("failed");

    *root = json_parse(answer->data, answer->bytes, reason, sizeof(reason));
    *result = json_get(*root, "result");
    if (*result != NULL) {
        return EXIT_OK;
    }
    const struct json *error = json_get(*root, "error");
    (void)json_read_string(json_get(error, "message"), &message);
    (void)json_read_string(json_get(json_get(error, "data"), "kind"), &kind);
    snprintf(word, sizeof(word), "%.*s", (int)kind.size, kind.data);
    fail(failure, exit_code_of(kind), word, "%.*s%s", (int)message.size, message.data,
            strcmp(word, "method") == 0 ? " (this chatd is older than chatctl)" : "");
    json_destroy(*root);
    *root = NULL;
    return failure->code;
}

enum exit_code rpc_ask(const struct rpc *rpc, const char *method, const struct buffer *params,
        struct json **root, const struct json **result, struct rpc_failure *failure)
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
    enum exit_code code = exchange(rpc, &request, &answer, failure);
    if (code == EXIT_OK) {
        code = read_answer(&answer, root, result, failure);
    }
    explicit_bzero(request.data, request.bytes); // may hold a password
    buffer_finish(&request);
    buffer_finish(&answer);
    return code;
}

enum exit_code rpc_call(const struct rpc *rpc, const char *method, const struct buffer *params,
        struct json **root, const struct json **result)
{
    struct rpc_failure failure;
    enum exit_code code = rpc_ask(rpc, method, params, root, result, &failure);

    if (code != EXIT_OK) {
        complain(rpc->is_json, failure.kind, "%s", failure.message);
    }
    return code;
}

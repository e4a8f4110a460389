// SPDX-License-Identifier: MIT
#include "rpc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

#include "output.h"
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

bool rpc_read_token(const char *path, char *token, size_t token_bytes, struct rpc_failure *failure)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = -1;

    if (fd < 0 || fstat(fd, &status) != 0) {
        fail(failure, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_FAILED, "token_file",
                "cannot read the token file %s: %s", path, strerror(errno));
    } else if ((status.st_mode & 077) != 0) {
        fail(failure, EXIT_REFUSED, "token_file",
                "others may use the token file %s (mode %04o): chmod 600 %s", path,
                (unsigned)status.st_mode & 07777, path);
    } else {
        bytes = read(fd, token, token_bytes - 1);
        if (bytes > 0) {
            token[bytes] = '\0';
            token[strcspn(token, " \t\r\n")] = '\0';
        }
        if (bytes <= 0 || *token == '\0' || bytes == (ssize_t)token_bytes - 1) {
            bytes = -1;
            fail(failure, EXIT_FAILED, "token_file",
                    "the token file %s must hold one token, as \"chatctl user add NAME --token\" "
                    "prints it",
                    path);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return bytes > 0;
}

// Plain text carries the token only within this machine.
static bool is_safe_url(const char *url)
{
    static const char *const safe[] = { "https://", "http://127.",
        "http://localhost:", "http://localhost/", "http://[::1]" };

    if (strchr(url, '@') != NULL) {
        return false; // what looks like the host may be a user name
    }
    for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++) {
        if (strncmp(url, safe[i], strlen(safe[i])) == 0) {
            // "http://127.example.org" is no loopback.
            size_t host = strspn(url + 7, "0123456789.");
            return i != 1 || strchr(":/", url[7 + host]) != NULL;
        }
    }
    return false;
}

// The server's address and token into the handle. False: *failure says why not.
static bool aim_at_server(CURL *curl, const struct rpc *rpc, struct curl_slist **headers,
        struct rpc_failure *failure)
{
    char url[600], token[TOKEN_BYTES_MAX + 2], header[TOKEN_BYTES_MAX + 40];

    if (!is_safe_url(rpc->server)) {
        fail(failure, EXIT_USAGE, "usage",
                "--server must be https://HOST:PORT (or http:// on a loopback address): the token "
                "must not travel in plain text");
        return false;
    }
    if (!rpc_read_token(rpc->token_file, token, sizeof(token), failure)) {
        return false;
    }
    size_t bytes = strlen(rpc->server);
    snprintf(url, sizeof(url), "%s%srpc", rpc->server, rpc->server[bytes - 1] == '/' ? "" : "/");
    snprintf(header, sizeof(header), "Authorization: Bearer %s", token);
    *headers = curl_slist_append(*headers, header);
    explicit_bzero(token, sizeof(token));
    explicit_bzero(header, sizeof(header));
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *headers);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    if (strncmp(rpc->server, "http:", 5) == 0) {
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

static enum exit_code exit_code_of(struct bytes kind)
{
    static const struct {
        const char *kind;
        enum exit_code code;
    } codes[] = {
        { "params", EXIT_USAGE },
        { "unauthorized", EXIT_NOT_ALLOWED },
        { "forbidden", EXIT_NOT_ALLOWED },
        { "not_found", EXIT_NOT_FOUND },
        { "exists", EXIT_REFUSED },
        { "conflict", EXIT_REFUSED },
        { "invalid", EXIT_REFUSED },
        { "too_large", EXIT_REFUSED },
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (bytes_equal(kind, bytes_of(codes[i].kind))) {
            return codes[i].code;
        }
    }
    return EXIT_FAILED;
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

// SPDX-License-Identifier: MIT
#include "net/request_check.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WEBSOCKET_KEY_BYTES 24 // 16 bytes in base64 (RFC 6455 section 4.1)
#define LENGTH_DIGITS_MAX 15

typedef const struct refusal *(
        check_function)(struct lws *wsi, const char *origins, struct request_head *head);

#define REFUSE(status, sentence)                                                                   \
    do {                                                                                           \
        static const struct refusal refusal_ = { status, sentence, NULL };                         \
        return &refusal_;                                                                          \
    } while (0)

static bool has_header(struct lws *wsi, enum lws_token_indexes header)
{
    char value[8];

    // An empty value has no length but is a header all the same.
    return lws_hdr_total_length(wsi, header) > 0 ||
            lws_hdr_copy_fragment(wsi, value, sizeof(value), header, 0) >= 0;
}

static const struct refusal *check_version(struct lws *wsi, const char *origins,
        struct request_head *head)
{
    char version[16];

    (void)origins;
    (void)head;
    if (lws_hdr_copy(wsi, version, sizeof(version), WSI_TOKEN_HTTP) <= 0 ||
            (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)) {
        REFUSE(505, "HTTP/1.1 only");
    }
    return NULL;
}

// Two of these leave it open which one counts, and to whom.
static const struct refusal *check_doubles(struct lws *wsi, const char *origins,
        struct request_head *head)
{
    static const enum lws_token_indexes singles[] = { WSI_TOKEN_HTTP_CONTENT_LENGTH,
        WSI_TOKEN_HTTP_TRANSFER_ENCODING, WSI_TOKEN_HOST, WSI_TOKEN_ORIGIN, WSI_TOKEN_UPGRADE,
        WSI_TOKEN_HTTP_AUTHORIZATION, WSI_TOKEN_KEY, WSI_TOKEN_VERSION };

    (void)origins;
    (void)head;
    for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++) {
        if (lws_hdr_fragment_length(wsi, singles[i], 1) > 0) {
            REFUSE(400, "a header is there twice");
        }
    }
    return NULL;
}

// RFC 9112 section 5.1: a server must refuse these, as another one on the way may read them
// without the space. libwebsockets knows them only as unknown headers.
static const struct refusal *check_spaced_names(struct lws *wsi, const char *origins,
        struct request_head *head)
{
    static const char *const names[] = { "content-length :", "content-length\t:",
        "transfer-encoding :", "transfer-encoding\t:", "host :", "origin :", "upgrade :" };

    (void)origins;
    (void)head;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (lws_hdr_custom_length(wsi, names[i], (int)strlen(names[i])) >= 0) {
            REFUSE(400, "a space between the name of a header and its colon");
        }
    }
    return NULL;
}

static const struct refusal *check_body_length(struct lws *wsi, const char *origins,
        struct request_head *head)
{
    char value[LENGTH_DIGITS_MAX + 1];

    (void)origins;
    head->length = REQUEST_LENGTH_NONE;
    if (has_header(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING)) {
        if (has_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH)) {
            REFUSE(400, "Transfer-Encoding and Content-Length exclude each other");
        }
        REFUSE(411, "send the body with Content-Length, not Transfer-Encoding");
    }
    if (!has_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH)) {
        return NULL;
    }
    if (lws_hdr_copy(wsi, value, sizeof(value), WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0 ||
            strspn(value, "0123456789") != strlen(value)) {
        REFUSE(400, "Content-Length is not a number");
    }
    head->length = 0;
    for (const char *digit = value; *digit != '\0'; digit++) {
        head->length = head->length * 10 + (*digit - '0');
    }
    return NULL;
}

static const struct refusal *check_host(struct lws *wsi, const char *origins,
        struct request_head *head)
{
    char version[16];

    (void)origins;
    (void)head;
    lws_hdr_copy(wsi, version, sizeof(version), WSI_TOKEN_HTTP);
    if (strcmp(version, "HTTP/1.1") == 0 && !has_header(wsi, WSI_TOKEN_HOST)) {
        REFUSE(400, "no Host header");
    }
    return NULL;
}

// Exact comparison with each entry of the comma separated list. "null" is an origin like others.
static bool is_listed(const char *list, const char *wanted)
{
    size_t wanted_bytes = strlen(wanted);
    const char *at = list;

    while (*at != '\0') {
        size_t bytes;

        at += strspn(at, ", \t");
        bytes = strcspn(at, ", \t");
        if (bytes > 0 && bytes == wanted_bytes && memcmp(at, wanted, bytes) == 0) {
            return true;
        }
        at += bytes;
    }
    return false;
}

// A browser tells by it which page is behind a request. Programs send none.
static const struct refusal *check_origin(struct lws *wsi, const char *origins,
        struct request_head *head)
{
    char origin[300];

    (void)head;
    if (!has_header(wsi, WSI_TOKEN_ORIGIN)) {
        return NULL;
    }
    if (lws_hdr_copy(wsi, origin, sizeof(origin), WSI_TOKEN_ORIGIN) <= 0 ||
            !is_listed(origins, origin)) {
        REFUSE(403, "this Origin is not allowed");
    }
    return NULL;
}

static const struct refusal *check_method(struct lws *wsi, const char *origins,
        struct request_head *head)
{
    static const struct refusal not_allowed = { 405, "GET and POST only", "Allow: GET, POST\r\n" };
    char *path = NULL;
    int path_bytes = 0;
    int method = lws_http_get_uri_and_method(wsi, &path, &path_bytes);

    (void)origins;
    if (method != LWSHUMETH_GET && method != LWSHUMETH_POST) {
        return &not_allowed;
    }
    head->is_post = method == LWSHUMETH_POST;
    head->method = head->is_post ? "POST" : "GET";
    if (path == NULL || path_bytes <= 0 || (size_t)path_bytes >= sizeof(head->path)) {
        REFUSE(414, "the path is too long");
    }
    memcpy(head->path, path, (size_t)path_bytes);
    head->path[path_bytes] = '\0';
    return NULL;
}

static const struct refusal *check_body_use(struct lws *wsi, const char *origins,
        struct request_head *head)
{
    (void)wsi;
    (void)origins;
    if (head->is_post && head->length == REQUEST_LENGTH_NONE) {
        REFUSE(411, "a POST needs Content-Length");
    }
    if (!head->is_post && head->length > 0) {
        REFUSE(400, "a GET has no body");
    }
    return NULL;
}

static bool is_token_parameter(const char *parameter)
{
    static const char *const names[] = { "token", "access_token" };
    size_t bytes = strcspn(parameter, "=");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (bytes == strlen(names[i]) && strncasecmp(parameter, names[i], bytes) == 0) {
            return true;
        }
    }
    return false;
}

static size_t encode(char *at, const char *decoded)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-._~=:/,@!*()$'";
    size_t used = 0;

    for (; *decoded != '\0'; decoded++) {
        if (strchr(plain, *decoded) != NULL) {
            at[used++] = *decoded;
        } else {
            used += (size_t)sprintf(at + used, "%%%02X", (unsigned)(unsigned char)*decoded);
        }
    }
    at[used] = '\0';
    return used;
}

// libwebsockets keeps the parameters decoded, as fragments: a hidden "%74oken" is found as well.
static const struct refusal *check_query(struct lws *wsi, const char *origins,
        struct request_head *head)
{
    char parameter[sizeof(head->query) / 3];
    size_t used = 0;

    (void)origins;
    head->query[0] = '\0';
    // The fragments, their separators and a NUL then fit into the query even if all is encoded.
    if ((size_t)lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) >= sizeof(parameter) - 64) {
        REFUSE(414, "the query is too long");
    }
    for (int i = 0; lws_hdr_copy_fragment(wsi, parameter, sizeof(parameter),
                            WSI_TOKEN_HTTP_URI_ARGS, i) >= 0;
            i++) {
        if (is_token_parameter(parameter)) {
            REFUSE(400, "a token does not belong into a URL: send it in the Authorization header");
        }
        if (i > 0) {
            head->query[used++] = '&';
        }
        used += encode(head->query + used, parameter);
    }
    return NULL;
}

static const struct refusal *check_forwarding(struct lws *wsi, const char *origins,
        struct request_head *head)
{
    static const char forwarded[] = "forwarded:"; // RFC 7239; libwebsockets does not know it

    (void)origins;
    head->is_forwarded = has_header(wsi, WSI_TOKEN_X_FORWARDED_FOR) ||
            has_header(wsi, WSI_TOKEN_HTTP_X_REAL_IP) || has_header(wsi, WSI_TOKEN_HTTP_VIA) ||
            lws_hdr_custom_length(wsi, forwarded, (int)sizeof(forwarded) - 1) >= 0;
    return NULL;
}

static const struct refusal *check_authorization(struct lws *wsi, const char *origins,
        struct request_head *head)
{
    (void)origins;
    if (lws_hdr_copy(wsi, head->authorization, sizeof(head->authorization),
                WSI_TOKEN_HTTP_AUTHORIZATION) < 0) {
        REFUSE(431, "the Authorization header is too long");
    }
    return NULL;
}

const struct refusal *request_check(struct lws *wsi, const char *origins, struct request_head *head)
{
    static check_function *const checks[] = { check_version, check_doubles, check_spaced_names,
        check_body_length, check_host, check_origin, check_method, check_body_use, check_query,
        check_forwarding, check_authorization };
    const struct refusal *refusal = NULL;

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && refusal == NULL; i++) {
        refusal = checks[i](wsi, origins, head);
    }
    return refusal;
}

static bool has_value(struct lws *wsi, enum lws_token_indexes header, const char *wanted)
{
    char value[64];

    return lws_hdr_copy(wsi, value, sizeof(value), header) > 0 && strcasecmp(value, wanted) == 0;
}

static const struct refusal *check_handshake(struct lws *wsi)
{
    static const struct refusal old_version = { 426, "WebSocket version 13 only",
        "Sec-WebSocket-Version: 13\r\n" };
    char subprotocols[128];

    if (!has_value(wsi, WSI_TOKEN_VERSION, "13")) {
        return &old_version;
    }
    if (lws_hdr_total_length(wsi, WSI_TOKEN_KEY) != WEBSOCKET_KEY_BYTES) {
        REFUSE(400, "Sec-WebSocket-Key is not 16 bytes in base64");
    }
    if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) > 0 &&
            (lws_hdr_copy(wsi, subprotocols, sizeof(subprotocols), WSI_TOKEN_PROTOCOL) <= 0 ||
                    !is_listed(subprotocols, "chat.v1"))) {
        REFUSE(400, "the only subprotocol is chat.v1");
    }
    return NULL;
}

const struct refusal *request_check_upgrade(struct lws *wsi, const char *origins, bool is_admin,
        struct request_head *head)
{
    const struct refusal *refusal = request_check(wsi, origins, head);

    if (refusal != NULL) {
        return refusal;
    }
    if (!has_value(wsi, WSI_TOKEN_UPGRADE, "websocket")) {
        REFUSE(400, "the only upgrade is to websocket");
    }
    if (head->is_post || !has_value(wsi, WSI_TOKEN_HTTP, "HTTP/1.1")) {
        REFUSE(400, "a WebSocket begins with GET and HTTP/1.1");
    }
    if (is_admin || strcmp(head->path, "/ws") != 0) {
        REFUSE(404, "there is no WebSocket at this path");
    }
    return check_handshake(wsi);
}

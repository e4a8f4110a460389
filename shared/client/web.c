// SPDX-License-Identifier: MIT
#include "shared/client/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#define BODY_BYTES_MAX (32 * 1024 * 1024)
#define OWN_MAX 8                 // descriptors of the caller in one wait
#define CONNECTING_MAX 8          // and of streams that are connecting
#define WAIT_MS_MAX (3600 * 1000) // libcurl has no "for ever"

// Streams have a multi handle of their own: before each new exchange libcurl looks for dead
// connections, and takes one with unread bytes, such as a WebSocket's, for dead.
struct web {
    CURLM *multi;
    CURLM *streams;
    unsigned connecting; // of the streams
    struct address address;
    char *ca_file;
    char fingerprint[FINGERPRINT_BYTES]; // "": verify as usual
    char seen[FINGERPRINT_BYTES];
};

// What a handle's private pointer leads to: either kind of owner begins with a tag.
struct owner {
    struct web_exchange *exchange;
    struct web_stream *stream;
};

// Debian's libcurl brings GnuTLS with it, for protocols that are not used here. Its start-up costs
// 0.8 MB, and it asks the program whether to leave that out: GNUTLS_SKIP_GLOBAL_INIT of gnutls.h.
// Exported to it by the linker, see CMakeLists.txt.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
int _gnutls_global_init_skip(void);
int _gnutls_global_init_skip(void)
{
    return 1;
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

// Plain HTTP needs none of what libcurl would load into OpenSSL: its configuration, and the texts
// of its errors, 0.3 MB. What has been decided here libcurl can't load later.
static void spare_tls(void)
{
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_SSL_STRINGS | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
                    OPENSSL_INIT_NO_LOAD_CONFIG,
            NULL);
}

enum err web_create(const struct web_options *options, struct web **out)
{
    struct web *web = calloc(1, sizeof(*web));

    *out = NULL;
    if (web == NULL || !address_parse(options->server, &web->address)) {
        enum err err = web == NULL ? ERR_MEMORY : ERR_INVALID;
        free(web);
        return err;
    }
    if (!web->address.is_tls) {
        spare_tls();
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        free(web);
        return ERR_MEMORY;
    }
    web->multi = curl_multi_init();
    web->streams = curl_multi_init();
    web->ca_file = options->ca_file == NULL ? NULL : strdup(options->ca_file);
    if (web->multi == NULL || web->streams == NULL ||
            (options->ca_file != NULL && web->ca_file == NULL)) {
        web_destroy(web);
        return ERR_MEMORY;
    }
    if (options->fingerprint != NULL) {
        snprintf(web->fingerprint, sizeof(web->fingerprint), "%s", options->fingerprint);
    }
    *out = web;
    return ERR_OK;
}

void web_destroy(struct web *web)
{
    if (web == NULL) {
        return;
    }
    curl_multi_cleanup(web->multi);
    curl_multi_cleanup(web->streams);
    curl_global_cleanup();
    free(web->ca_file);
    free(web);
}

const struct address *web_address(const struct web *web)
{
    return &web->address;
}

const char *web_fingerprint_seen(const struct web *web)
{
    return web->seen;
}

bool web_is_certificate_other(const struct web *web)
{
    return web->fingerprint[0] != '\0' && web->seen[0] != '\0' &&
            strcmp(web->seen, web->fingerprint) != 0;
}

static void note_certificate(struct web *web, X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned bytes = 0;

    web->seen[0] = '\0';
    if (certificate == NULL || X509_digest(certificate, EVP_sha256(), digest, &bytes) != 1) {
        return;
    }
    for (unsigned i = 0; i < bytes && 2 * i + 2 < sizeof(web->seen); i++) {
        snprintf(web->seen + 2 * (size_t)i, 3, "%02x", digest[i]);
    }
}

// Instead of OpenSSL's own walk along the chain: SSL_CTX_set_cert_verify_callback(3).
static int verify(X509_STORE_CTX *store, void *context)
{
    struct web *web = context;

    note_certificate(web, X509_STORE_CTX_get0_cert(store));
    if (web->fingerprint[0] == '\0') {
        return X509_verify_cert(store);
    }
    if (strcmp(web->seen, web->fingerprint) == 0) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

static CURLcode on_tls_context(CURL *handle, void *context, void *web)
{
    (void)handle;
    SSL_CTX_set_cert_verify_callback(context, verify, web);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return CURLE_OK;
}

static CURL *make_handle(struct web *web, const char *path, char *reason, long timeout_ms)
{
    char url[600];
    CURL *handle = curl_easy_init();
    struct owner *owner = calloc(1, sizeof(*owner));

    if (handle == NULL || owner == NULL) {
        curl_easy_cleanup(handle);
        free(owner);
        return NULL;
    }
    snprintf(url, sizeof(url), "%s%s", web->address.url, path);
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_PRIVATE, owner);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, on_tls_context);
    curl_easy_setopt(handle, CURLOPT_SSL_CTX_DATA, web);
    if (!web->address.is_tls) {
        curl_easy_setopt(handle, CURLOPT_NOPROXY, "*"); // plain text stays on this machine
    }
    if (web->ca_file != NULL) {
        curl_easy_setopt(handle, CURLOPT_CAINFO, web->ca_file);
    }
    if (web->fingerprint[0] != '\0') { // verify() does it: the name and the chain say nothing more
        curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return handle;
}

static struct owner *owner_of(CURL *handle)
{
    char *owner = NULL;

    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &owner);
    return (struct owner *)(void *)owner;
}

static void drop_handle(CURLM *multi, CURL *handle)
{
    struct owner *owner = owner_of(handle);

    curl_multi_remove_handle(multi, handle);
    curl_easy_cleanup(handle);
    free(owner);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct buffer *answer = context;

    if (answer->bytes + size * count > BODY_BYTES_MAX) {
        return 0;
    }
    buffer_add(answer, data, size * count);
    return buffer_is_whole(answer) ? size * count : 0;
}

enum err web_exchange_start(struct web *web, struct web_exchange *exchange,
        const struct web_request *request)
{
    CURL *handle = make_handle(web, request->path, exchange->reason, request->timeout_ms);

    if (handle == NULL) {
        return ERR_MEMORY;
    }
    owner_of(handle)->exchange = exchange;
    exchange->web = web;
    exchange->handle = handle;
    exchange->reason[0] = '\0';
    buffer_clear(&exchange->request);
    buffer_clear(&exchange->answer);
    if (request->body.data != NULL) {
        buffer_add(&exchange->request, request->body.data, request->body.size);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, (long)exchange->request.bytes);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, exchange->request.data);
    }
    if (request->token != NULL) {
        curl_easy_setopt(handle, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl_easy_setopt(handle, CURLOPT_XOAUTH2_BEARER, request->token);
    }
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange->answer);
    if (!buffer_is_whole(&exchange->request) ||
            curl_multi_add_handle(web->multi, handle) != CURLM_OK) {
        web_exchange_cancel(exchange);
        return ERR_MEMORY;
    }
    return ERR_OK;
}

void web_exchange_cancel(struct web_exchange *exchange)
{
    if (exchange->handle != NULL) {
        drop_handle(exchange->web->multi, exchange->handle);
        exchange->handle = NULL;
    }
    if (exchange->request.data != NULL) {
        explicit_bzero(exchange->request.data, exchange->request.bytes); // it may hold a password
    }
    buffer_finish(&exchange->request);
    buffer_finish(&exchange->answer);
}

enum err web_stream_open(struct web *web, struct web_stream *stream, long timeout_ms)
{
    CURL *handle = make_handle(web, "/ws", stream->reason, timeout_ms);

    if (handle == NULL) {
        return ERR_MEMORY;
    }
    owner_of(handle)->stream = stream;
    stream->web = web;
    stream->handle = handle;
    stream->fd = -1;
    stream->reason[0] = '\0';
    curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
    web->connecting++;
    if (curl_multi_add_handle(web->streams, handle) != CURLM_OK) {
        web_stream_close(stream);
        return ERR_MEMORY;
    }
    return ERR_OK;
}

void web_stream_close(struct web_stream *stream)
{
    if (stream->handle != NULL) {
        stream->web->connecting -= stream->fd < 0;
        drop_handle(stream->web->streams, stream->handle);
        stream->handle = NULL;
    }
    stream->fd = -1;
}

long web_stream_send(struct web_stream *stream, const char *data, size_t bytes)
{
    size_t sent = 0;
    CURLcode code = curl_easy_send(stream->handle, data, bytes, &sent);

    return code == CURLE_OK ? (long)sent : code == CURLE_AGAIN ? 0 : -1;
}

long web_stream_receive(struct web_stream *stream, char *data, size_t bytes)
{
    size_t received = 0;
    CURLcode code = curl_easy_recv(stream->handle, data, bytes, &received);

    if (code == CURLE_AGAIN) {
        return 0;
    }
    return code == CURLE_OK && received > 0 ? (long)received : -1;
}

// In the user's words; libcurl's say more where ours know nothing.
static const char *reason_of(const struct web *web, CURLcode code, const char *detail)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return "there is no such host";
    case CURLE_COULDNT_CONNECT:
        return "nobody answers there";
    case CURLE_OPERATION_TIMEDOUT:
        return "no answer in time";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
        return web_is_certificate_other(web)
                ? "its certificate is not the one that is remembered (chat-tui login says more)"
                : detail;
    default:
        return detail[0] != '\0' ? detail : curl_easy_strerror(code);
    }
}

static void finish_exchange(struct web_exchange *exchange, CURLcode code)
{
    struct buffer answer = exchange->answer;
    long status = 0;

    if (code == CURLE_OK) {
        curl_easy_getinfo((CURL *)exchange->handle, CURLINFO_RESPONSE_CODE, &status);
    }
    const char *reason = code == CURLE_OK ? "" : reason_of(exchange->web, code, exchange->reason);
    drop_handle(exchange->web->multi, exchange->handle);
    exchange->handle = NULL;
    exchange->answer = (struct buffer){ 0 }; // done may start the next one
    exchange->done(exchange, (int)status, (struct bytes){ answer.data, (uint32_t)answer.bytes },
            reason);
    buffer_finish(&answer);
}

static void finish_stream(struct web_stream *stream, CURLcode code)
{
    curl_socket_t fd = CURL_SOCKET_BAD;

    if (code == CURLE_OK) {
        curl_easy_getinfo((CURL *)stream->handle, CURLINFO_ACTIVESOCKET, &fd);
    }
    if (fd != CURL_SOCKET_BAD) {
        // From here on the deadlines are ours.
        curl_easy_setopt((CURL *)stream->handle, CURLOPT_TIMEOUT_MS, 0L);
        stream->fd = (int)fd;
        stream->web->connecting--;
        stream->opened(stream, NULL);
        return;
    }
    const char *reason = reason_of(stream->web, code, stream->reason);
    web_stream_close(stream);
    stream->opened(stream, reason);
}

// True: something was called back.
static bool dispatch(CURLM *multi)
{
    int left = 0, running = 0;
    CURLMsg *message = NULL;
    bool has_called = false;

    curl_multi_perform(multi, &running);
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        has_called = true;
        CURLcode code = message->data.result;
        struct owner *owner = owner_of(message->easy_handle);
        if (owner->exchange != NULL) {
            finish_exchange(owner->exchange, code);
        } else if (owner->stream->fd < 0) {
            finish_stream(owner->stream, code);
        }
    }
    return has_called;
}

// poll(2) and libcurl name the events alike, with other numbers.
static struct curl_waitfd waitfd_of(int fd, bool reads, bool writes)
{
    return (struct curl_waitfd){ fd,
        (short)((reads ? CURL_WAIT_POLLIN : 0) | (writes ? CURL_WAIT_POLLOUT : 0)), 0 };
}

// What the streams that are connecting wait for; shortens the time to what they allow.
static unsigned watch_connecting(struct web *web, struct curl_waitfd *waiting, unsigned room,
        int *timeout_ms)
{
    fd_set reads, writes, errors;
    int last = -1;
    long soonest_ms = -1;
    unsigned count = 0;

    FD_ZERO(&reads);
    FD_ZERO(&writes);
    FD_ZERO(&errors);
    curl_multi_fdset(web->streams, &reads, &writes, &errors, &last);
    curl_multi_timeout(web->streams, &soonest_ms);
    for (int fd = 0; fd <= last && count < room; fd++) {
        if (FD_ISSET(fd, &reads) || FD_ISSET(fd, &writes)) {
            waiting[count++] = waitfd_of(fd, FD_ISSET(fd, &reads), FD_ISSET(fd, &writes));
        }
    }
    // Without a descriptor libcurl looks a name up in a thread: curl_multi_fdset(3) says 100 ms.
    long longest_ms = last < 0 ? 100 : 1000;
    soonest_ms = soonest_ms < 0 || soonest_ms > longest_ms ? longest_ms : soonest_ms;
    *timeout_ms = *timeout_ms > soonest_ms ? (int)soonest_ms : *timeout_ms;
    return count;
}

void web_wait(struct web *web, struct pollfd *own, size_t count, int timeout_ms)
{
    struct curl_waitfd waiting[OWN_MAX + CONNECTING_MAX];
    int wait_ms = timeout_ms < 0 || timeout_ms > WAIT_MS_MAX ? WAIT_MS_MAX : timeout_ms;
    unsigned used = 0;

    CHECK(count <= OWN_MAX);
    // What was started since the last wait gets its first step, and with it its descriptors. What
    // ends in that step has none to wait for.
    bool has_called = dispatch(web->multi);
    if (dispatch(web->streams) || has_called) {
        wait_ms = 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (own[i].fd >= 0) {
            waiting[used++] = waitfd_of(own[i].fd, (own[i].events & POLLIN) != 0,
                    (own[i].events & POLLOUT) != 0);
        }
    }
    if (web->connecting > 0) {
        used += watch_connecting(web, waiting + used, CONNECTING_MAX, &wait_ms);
    }
    curl_multi_poll(web->multi, waiting, used, wait_ms, NULL);
    // libcurl does not pass on that the other end of a pipe is closed.
    (void)poll(own, count, 0);
    dispatch(web->multi);
    dispatch(web->streams);
}

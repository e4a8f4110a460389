// SPDX-License-Identifier: MIT
// What goes to and comes from a connection past libwebsockets, as the socket calls of the same
// meaning would: through TLS where there is TLS.
#include "net/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

static SSL *ssl_of(const struct net_link *link)
{
    return lws_is_ssl(link->wsi) ? lws_get_ssl(link->wsi) : NULL;
}

// libwebsockets 4.1.6 would go on trying to write what it has for a client that said goodbye, and
// spin when that client has also closed its socket. (In HTTP we are the ones who notice.)
static void on_alert(const SSL *ssl, int where, int value)
{
    struct net_link *link = SSL_get_app_data(ssl);

    if ((where & SSL_CB_READ_ALERT) == 0 || (value & 0xff) != SSL_AD_CLOSE_NOTIFY || link == NULL ||
            !link->is_ws) {
        return;
    }
    // Said right behind the close frame of a WebSocket, all is well.
    if (link->state != LINK_CLOSING || lws_partial_buffered(link->wsi)) {
        link_doom(link);
    }
}

void link_tls_equip(struct net *net, SSL_CTX *context)
{
    tls_equip(net->tls, context);
    SSL_CTX_set_info_callback(context, on_alert);
}

void link_tls_begin(struct net_link *link)
{
    SSL *ssl = ssl_of(link);

    if (ssl != NULL) {
        SSL_set_app_data(ssl, link);
    }
}

void link_tls_park(struct net_link *link)
{
    SSL *ssl = ssl_of(link);

    if (ssl != NULL) {
        // To OpenSSL it would be an error after which an answer can't be written any more.
        SSL_set_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
    }
}

void link_break(struct net_link *link)
{
    SSL *ssl = ssl_of(link);

    if (ssl != NULL) {
        // To libwebsockets an error after the goodbye of the client would look like a full socket.
        SSL_clear_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_set_shutdown(ssl, 0);
    }
    shutdown(lws_get_socket_fd(link->wsi), SHUT_RDWR);
}

// The result of an SSL call as that of a system call. Renegotiation is off, so writing never waits
// for something to read; it would spin.
static ssize_t ssl_result(SSL *ssl, int result, int retryable)
{
    int error = result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, result);

    ERR_clear_error();
    if (result > 0) {
        return result;
    }
    // A write that fails after the goodbye of the client gets this as well, and is broken.
    if (error == SSL_ERROR_ZERO_RETURN && retryable == SSL_ERROR_WANT_READ) {
        return 0;
    }
    errno = error == retryable ? EAGAIN : EIO;
    return -1;
}

// TLS has no gathered write. A write that has to be tried again must come with the same bytes: it
// does, as the caller continues from what was sent.
static ssize_t ssl_send(struct net_link *link, SSL *ssl, const struct iovec *pieces, size_t count)
{
    unsigned char *gathered = link->net->scratch;
    size_t used = 0;

    for (size_t i = 0; i < count && used < NET_SCRATCH_BYTES; i++) {
        size_t room = NET_SCRATCH_BYTES - used;
        size_t bytes = pieces[i].iov_len < room ? pieces[i].iov_len : room;

        memcpy(gathered + used, pieces[i].iov_base, bytes);
        used += bytes;
    }
    ERR_clear_error();
    return ssl_result(ssl, SSL_write(ssl, gathered, (int)used), SSL_ERROR_WANT_WRITE);
}

ssize_t link_send(struct net_link *link, struct iovec *pieces, size_t count)
{
    struct msghdr message = { .msg_iov = pieces, .msg_iovlen = count };
    SSL *ssl = ssl_of(link);

    if (ssl != NULL) {
        return ssl_send(link, ssl, pieces, count);
    }
    return sendmsg(lws_get_socket_fd(link->wsi), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t link_receive(struct net_link *link, void *bytes, size_t count)
{
    SSL *ssl = ssl_of(link);

    if (ssl == NULL) {
        return recv(lws_get_socket_fd(link->wsi), bytes, count, MSG_DONTWAIT);
    }
    ERR_clear_error();
    return ssl_result(ssl, SSL_read(ssl, bytes, (int)count), SSL_ERROR_WANT_READ);
}

ssize_t link_peek(struct net_link *link, void *bytes, size_t count)
{
    SSL *ssl = ssl_of(link);

    if (ssl == NULL) {
        return recv(lws_get_socket_fd(link->wsi), bytes, count, MSG_PEEK | MSG_DONTWAIT);
    }
    ERR_clear_error();
    return ssl_result(ssl, SSL_peek(ssl, bytes, (int)count), SSL_ERROR_WANT_READ);
}

bool link_send_end(struct net_link *link)
{
    SSL *ssl = ssl_of(link);

    if (ssl != NULL) {
        int result;

        ERR_clear_error();
        result = SSL_shutdown(ssl);
        // 0: said, but not yet answered. Nobody waits for the answer.
        if (result < 0 && ssl_result(ssl, result, SSL_ERROR_WANT_WRITE) < 0 && errno == EAGAIN) {
            return false;
        }
    }
    shutdown(lws_get_socket_fd(link->wsi), SHUT_WR);
    return true;
}

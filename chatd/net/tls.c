// SPDX-License-Identifier: MIT
// New certificates are tried in a context of their own, which then stays as their keeper: every
// handshake takes them from there. Loading them into the context of libwebsockets instead would
// leave the old one beside the new one when the kind of key changes.
#include "net/tls.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "shared/log.h"

struct tls {
    char *certificate_path;
    char *key_path;
    SSL_CTX *keeper; // holds the current certificate, its chain and its key, and does nothing else
};

// Without it OpenSSL would ask at the terminal.
static int no_passphrase(char *buffer, int bytes, int is_writing, void *context)
{
    (void)is_writing;
    if (bytes > 0) {
        buffer[0] = '\0';
    }
    *(bool *)context = true; // it was wanted
    return -1;
}

static enum err unreadable(const char *path, int error, char *reason, size_t reason_bytes)
{
    char text[128];

    snprintf(text, sizeof(text), "%s", strerror(error));
    if (text[0] >= 'A' && text[0] <= 'Z') {
        text[0] = (char)(text[0] - 'A' + 'a');
    }
    snprintf(reason, reason_bytes, "cannot read %s: %s", path, text);
    return ERR_NOT_FOUND;
}

// OpenSSL says only "system library" of a file that it can't open.
static enum err check_readable(const char *path, char *reason, size_t reason_bytes)
{
    FILE *file = fopen(path, "re");
    int error = errno;

    if (file == NULL) {
        return unreadable(path, error, reason, reason_bytes);
    }
    // A directory opens, and fails here.
    if (fgetc(file) == EOF && ferror(file)) {
        error = errno;
        fclose(file);
        return unreadable(path, error, reason, reason_bytes);
    }
    fclose(file);
    return ERR_OK;
}

static const char *openssl_reason(bool is_locked)
{
    unsigned long error = ERR_peek_error();
    const char *text = ERR_reason_error_string(error);

    if (is_locked) {
        return "it is protected by a passphrase";
    }
    if (ERR_GET_LIB(error) == ERR_LIB_OSSL_DECODER ||
            (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE)) {
        return "there is none in PEM format in it";
    }
    return text == NULL ? "OpenSSL does not say why" : text;
}

static enum err keeper_load(SSL_CTX *keeper, const struct tls *tls, char *reason,
        size_t reason_bytes)
{
    bool is_locked = false;

    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(keeper, no_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(keeper, &is_locked);
    if (SSL_CTX_use_certificate_chain_file(keeper, tls->certificate_path) != 1) {
        snprintf(reason, reason_bytes, "cannot use the certificate %s: %s", tls->certificate_path,
                openssl_reason(is_locked));
        return ERR_INVALID;
    }
    // Compares with the certificate if both are of one kind, the check below if they are not.
    if (SSL_CTX_use_PrivateKey_file(keeper, tls->key_path, SSL_FILETYPE_PEM) != 1 &&
            ERR_GET_LIB(ERR_peek_error()) != ERR_LIB_X509) {
        snprintf(reason, reason_bytes, "cannot use the key %s: %s", tls->key_path,
                openssl_reason(is_locked));
        return ERR_INVALID;
    }
    if (SSL_CTX_check_private_key(keeper) != 1) {
        snprintf(reason, reason_bytes, "the key %s does not belong to the certificate %s",
                tls->key_path, tls->certificate_path);
        return ERR_INVALID;
    }
    SSL_CTX_set_default_passwd_cb_userdata(keeper, NULL);
    return ERR_OK;
}

static void warn_of_dates(const struct tls *tls, SSL_CTX *keeper)
{
    const X509 *certificate = SSL_CTX_get0_certificate(keeper);

    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
        log_warn("tls_certificate_expired", "file=%s fix=\"get a new one, then SIGHUP\"",
                tls->certificate_path);
    } else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
        log_warn("tls_certificate_not_yet_valid", "file=%s fix=\"check the clock\"",
                tls->certificate_path);
    }
}

enum err tls_reload(struct tls *tls, char *reason, size_t reason_bytes)
{
    SSL_CTX *keeper;
    enum err err = check_readable(tls->certificate_path, reason, reason_bytes);

    if (err == ERR_OK) {
        err = check_readable(tls->key_path, reason, reason_bytes);
    }
    if (err != ERR_OK) {
        return err;
    }
    keeper = SSL_CTX_new(TLS_server_method());
    if (keeper == NULL) {
        snprintf(reason, reason_bytes, "cannot load the certificate: out of memory");
        return ERR_MEMORY;
    }
    err = keeper_load(keeper, tls, reason, reason_bytes);
    ERR_clear_error();
    if (err != ERR_OK) {
        SSL_CTX_free(keeper);
        return err;
    }
    warn_of_dates(tls, keeper);
    SSL_CTX_free(tls->keeper);
    tls->keeper = keeper;
    return ERR_OK;
}

enum err tls_create(const char *certificate, const char *key, char *reason, size_t reason_bytes,
        struct tls **tls_out)
{
    struct tls *tls = calloc(1, sizeof(*tls));
    enum err err = ERR_MEMORY;

    snprintf(reason, reason_bytes, "cannot load the certificate: out of memory");
    if (tls != NULL) {
        tls->certificate_path = strdup(certificate);
        tls->key_path = strdup(key);
        if (tls->certificate_path != NULL && tls->key_path != NULL) {
            err = tls_reload(tls, reason, reason_bytes);
        }
    }
    if (err != ERR_OK) {
        tls_destroy(tls);
        return err;
    }
    *tls_out = tls;
    return ERR_OK;
}

void tls_destroy(struct tls *tls)
{
    if (tls == NULL) {
        return;
    }
    SSL_CTX_free(tls->keeper);
    free(tls->certificate_path);
    free(tls->key_path);
    free(tls);
}

// OpenSSL asks for it in every handshake, before a cipher is chosen.
static int on_certificate_wanted(SSL *ssl, void *context)
{
    const struct tls *tls = context;
    STACK_OF(X509) *chain = NULL;

    SSL_CTX_get0_chain_certs(tls->keeper, &chain);
    return SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(tls->keeper),
            SSL_CTX_get0_privatekey(tls->keeper), chain, 1);
}

void tls_equip(struct tls *tls, SSL_CTX *context)
{
    CHECK(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
    // No tickets and no cache: nothing to grow, and no ticket key that would have to be renewed.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    // libwebsockets would look for a virtual host by that name; there is only this one.
    SSL_CTX_set_tlsext_servername_callback(context, NULL);
    SSL_CTX_set_cert_cb(context, on_certificate_wanted, tls);
}

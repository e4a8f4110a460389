// SPDX-License-Identifier: MIT
#include "new_certificate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define VALID_DAYS 3650
#define SERIAL_BYTES 16

static bool is_address(const char *name)
{
    unsigned char address[16];

    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

// "DNS:chat.example.org,IP:192.0.2.7" of "chat.example.org 192.0.2.7"; first is the first name.
static bool alternatives(const char *names, char *text, size_t bytes, char *first,
        size_t first_bytes)
{
    char copy[1000];
    char *rest = NULL;
    size_t used = 0;

    if (strlen(names) >= sizeof(copy)) {
        return false;
    }
    strcpy(copy, names);
    first[0] = '\0';
    for (char *name = strtok_r(copy, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
        int length = snprintf(text + used, bytes - used, "%s%s:%s", used == 0 ? "" : ",",
                is_address(name) ? "IP" : "DNS", name);
        if (length < 0 || (size_t)length >= bytes - used || strlen(name) >= first_bytes) {
            return false;
        }
        used += (size_t)length;
        if (first[0] == '\0') {
            strcpy(first, name);
        }
    }
    return used > 0;
}

static bool add_extension(X509 *certificate, int kind, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    bool is_added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool set_serial(X509 *certificate)
{
    unsigned char random[SERIAL_BYTES];

    if (RAND_bytes(random, sizeof(random)) != 1) {
        return false;
    }
    random[0] &= 0x7f; // RFC 5280, section 4.1.2.2: positive
    BIGNUM *number = BN_bin2bn(random, sizeof(random), NULL);
    bool is_set = number != NULL &&
            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return is_set;
}

static bool fill(X509 *certificate, EVP_PKEY *key, const char *first, const char *names)
{
    X509_NAME *subject = X509_get_subject_name(certificate);

    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
            X509_gmtime_adj(X509_getm_notBefore(certificate), -300) != NULL &&
            X509_time_adj_ex(X509_getm_notAfter(certificate), VALID_DAYS, 0, NULL) != NULL &&
            X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)first,
                    -1, -1, 0) == 1 &&
            X509_set_issuer_name(certificate, subject) == 1 &&
            X509_set_pubkey(certificate, key) == 1 &&
            add_extension(certificate, NID_subject_alt_name, names) &&
            add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
            add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
            X509_sign(certificate, key, EVP_sha256()) > 0;
}

// A file that was not there before. NULL: errno says why.
static FILE *create(const char *path, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

    return fd < 0 ? NULL : fdopen(fd, "w");
}

static bool close_written(FILE *file, bool is_written)
{
    is_written = is_written && fflush(file) == 0 && fsync(fileno(file)) == 0;
    return fclose(file) == 0 && is_written;
}

static bool write_both(X509 *certificate, EVP_PKEY *key, const char *certificate_path,
        const char *key_path, char *reason, size_t reason_bytes)
{
    FILE *file = create(key_path, 0600);

    if (file == NULL) {
        snprintf(reason, reason_bytes, "%s: %s", key_path, strerror(errno));
        return false;
    }
    if (!close_written(file, PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1)) {
        snprintf(reason, reason_bytes, "%s: %s", key_path, strerror(errno));
        (void)unlink(key_path);
        return false;
    }
    file = create(certificate_path, 0644);
    if (file == NULL) {
        snprintf(reason, reason_bytes, "%s: %s", certificate_path, strerror(errno));
        (void)unlink(key_path);
        return false;
    }
    if (!close_written(file, PEM_write_X509(file, certificate) == 1)) {
        snprintf(reason, reason_bytes, "%s: %s", certificate_path, strerror(errno));
        (void)unlink(key_path);
        (void)unlink(certificate_path);
        return false;
    }
    return true;
}

bool certificate_make(const char *names, const char *certificate_path, const char *key_path,
        char *reason, size_t reason_bytes)
{
    char listed[1200], first[256];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    bool is_good = key != NULL && certificate != NULL &&
            alternatives(names, listed, sizeof(listed), first, sizeof(first)) &&
            fill(certificate, key, first, listed);

    if (!is_good) {
        snprintf(reason, reason_bytes, "OpenSSL can't make a certificate for \"%s\"", names);
    } else {
        is_good = write_both(certificate, key, certificate_path, key_path, reason, reason_bytes);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return is_good;
}

bool certificate_fingerprint(const char *path, char fingerprint[CERTIFICATE_FINGERPRINT_BYTES])
{
    FILE *file = fopen(path, "re");
    X509 *certificate = file == NULL ? NULL : PEM_read_X509(file, NULL, NULL, NULL);
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned bytes = 0;
    bool is_read = certificate != NULL &&
            X509_digest(certificate, EVP_sha256(), sum, &bytes) == 1 && bytes == 32;

    for (unsigned i = 0; is_read && i < bytes; i++) {
        snprintf(fingerprint + 2 * (size_t)i, 3, "%02x", sum[i]);
    }
    X509_free(certificate);
    if (file != NULL) {
        fclose(file);
    }
    return is_read;
}

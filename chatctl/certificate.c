// SPDX-License-Identifier: MIT
#include "certificate.h"

#include <stdio.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

bool certificate_days_left(const char *path, int *days)
{
    FILE *file = fopen(path, "re");
    X509 *certificate = file == NULL ? NULL : PEM_read_X509(file, NULL, NULL, NULL);
    int seconds = 0;

    bool is_read = certificate != NULL &&
            ASN1_TIME_diff(days, &seconds, NULL, X509_get0_notAfter(certificate)) == 1;
    if (is_read && *days == 0 && seconds < 0) {
        *days = -1;
    }
    X509_free(certificate);
    if (file != NULL) {
        fclose(file);
    }
    return is_read;
}

// SPDX-License-Identifier: MIT
#include "trust.h"

#include <stdio.h>

void trust_explain(const struct profile *profile, const struct web *web, struct buffer *out)
{
    const char *seen = web_fingerprint_seen(web), *file = profile->fingerprint_file;
    char login[PATH_BYTES + 16];

    snprintf(login, sizeof(login), "%s/login", profile->directory);
    file = file[0] != '\0' ? file : login; // accepted in this run: it was written there
    buffer_print(out,
            "The certificate of %s is not the one that is remembered here.\n"
            "\n"
            "remembered: %s\n"
            "shown now:  %s\n"
            "\n"
            "Either the server's admin has put in a new one, or somebody stands between you and the "
            "server to read along. So nothing was sent there: no password, no token, no message.\n"
            "\n"
            "Ask the admin, but not through this connection, for the SHA-256 of the certificate "
            "(openssl x509 -noout -fingerprint -sha256). Only if it is the one that is shown now, "
            "write it into\n"
            "%s\n"
            "as the line\n"
            "fingerprint = %s\n"
            "in place of the old one, and start chat-tui again.\n",
            profile->server, profile->fingerprint, seen, file, seen);
}

void trust_complain(const struct profile *profile, const struct web *web)
{
    struct buffer text = { 0 };

    trust_explain(profile, web, &text);
    buffer_add_byte(&text, '\0');
    if (buffer_is_whole(&text)) {
        fprintf(stderr, "chat-tui: %s", text.data);
    }
    buffer_finish(&text);
}

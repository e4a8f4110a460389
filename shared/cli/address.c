// SPDX-License-Identifier: MIT
#include "shared/cli/address.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define AUTHORITY_BYTES_MAX 255

// "127.example.org" is no loopback.
static bool is_loopback(const char *authority)
{
    size_t host = strcspn(authority, ":");
    bool is_name = host == 9 && strncasecmp(authority, "localhost", 9) == 0;

    return is_name || strcmp(authority, "[::1]") == 0 || strncmp(authority, "[::1]:", 6) == 0 ||
            (strncmp(authority, "127.", 4) == 0 && strspn(authority, "0123456789.") == host);
}

bool address_parse(const char *text, struct address *address)
{
    static const struct {
        const char *scheme;
        bool is_tls;
    } schemes[] = {
        { "http://", false },
        { "https://", true },
        { "ws://", false },
        { "wss://", true },
        { "", false },
    };
    size_t i = 0;

    while (strncasecmp(text, schemes[i].scheme, strlen(schemes[i].scheme)) != 0) {
        i++;
    }
    const char *rest = text + strlen(schemes[i].scheme);
    size_t length = strcspn(rest, "/?#");
    if (length == 0 || length > AUTHORITY_BYTES_MAX || strpbrk(rest, "@ \t\r\n") != NULL ||
            strstr(rest, "://") != NULL) {
        return false;
    }
    address->is_tls = schemes[i].is_tls;
    int used = snprintf(address->url, sizeof(address->url), "%s://",
            address->is_tls ? "https" : "http");
    snprintf(address->url + used, sizeof(address->url) - (size_t)used, "%.*s", (int)length, rest);
    address->authority = address->url + used;
    address->is_local = is_loopback(address->authority);
    return true;
}

bool address_keeps_secrets(const struct address *address)
{
    return address->is_tls || address->is_local;
}

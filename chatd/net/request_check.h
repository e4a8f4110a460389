// SPDX-License-Identifier: MIT
// What the head of an HTTP request says, and whether it is one we take: libwebsockets lets through
// much that RFC 9112 or our own rules forbid.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libwebsockets.h>

#define REQUEST_LENGTH_NONE (-1)

struct request_head {
    const char *method;
    bool is_post;
    char path[1024];
    char query[3 * 2048 + 1]; // percent-encoded again: libwebsockets decodes it
    char authorization[1024];
    bool is_forwarded; // a proxy says that it asks for somebody else
    int64_t length;    // of the body, or REQUEST_LENGTH_NONE
};

struct refusal {
    int status;
    const char *sentence;
    const char *extra_header; // or NULL
};

// Return NULL when the request may go on, else why not. origins is the allow list.
const struct refusal *request_check(struct lws *wsi, const char *origins,
        struct request_head *head);
const struct refusal *request_check_upgrade(struct lws *wsi, const char *origins, bool is_admin,
        struct request_head *head);

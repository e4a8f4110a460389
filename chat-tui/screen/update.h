// SPDX-License-Identifier: MIT
// What the server says, put into the model. No sockets: JSON in, model changed.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "shared/json.h"

// A conversation's head, of subscribe, conversation.list or a `conversation` notification.
void update_head(struct model *model, const struct json *head);
// All heads of an answer's result.
void update_heads(struct model *model, const struct json *result);
// A notification of the server.
void update_notification(struct model *model, const struct json *root, int64_t now_ms);
// The states in an answer to presence.watch.
void update_presences(struct model *model, const struct json *result);

// The states in an answer to presence.get, told in the status line until then.
void update_whois(struct model *model, const struct json *result, int64_t until_ms);

// Which messages were asked for: those before a seq, or after one, or (both 0) the newest.
struct page_bounds {
    uint64_t before;
    uint64_t after;
};

// A page of history.get for this conversation. False: no memory.
bool update_page(struct model *model, struct conversation *conversation, const struct json *result,
        struct page_bounds bounds) MUST_USE;

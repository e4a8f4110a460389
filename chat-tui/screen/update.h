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
// A notification of the server. True: somebody else's message is new.
bool update_notification(struct model *model, const struct json *root, int64_t now_ms);
// The states in an answer to presence.watch.
void update_presences(struct model *model, const struct json *result);

// A page of history.get for this conversation, asked with before (0: the newest). False: no memory.
bool update_page(struct model *model, struct conversation *conversation, const struct json *result,
        uint64_t before) MUST_USE;

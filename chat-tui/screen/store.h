// SPDX-License-Identifier: MIT
// What the screen has on disk: the cache of conversations, and drafts. The model is painted from it
// before there is a network, and what the server says is put into it, one batch for each turn.
//
// Owner:  the app. Thread: one.
// Errors: none that the user must know: without a cache everything is read from the server. What
// goes
//         wrong with drafts is said.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "search.h"
#include "shared/json.h"
#include "update.h"

struct store;

// NULL: no memory.
struct store *store_open(const char *directory) MUST_USE;
void store_close(struct store *store);

// Heads, drafts and whose they are, as they were at the last time.
void store_paint(struct store *store, struct model *model);
// It has no place in the stream of events yet.
bool store_is_fresh(struct store *store);
// The user is known: what was of another one is gone. True: it was.
bool store_set_user(struct store *store, struct bytes user);
// Messages from the cache into the timeline. False: it has none there.
bool store_page(struct store *store, struct model *model, struct conversation *conversation,
        struct page_bounds bounds);
// So that this one is among them.
bool store_page_around(struct store *store, struct model *model, struct conversation *conversation,
        uint64_t seq);
// What the cache has of it in this conversation.
void store_search(struct store *store, const struct model *model, struct bytes peer,
        struct search *search);

// From the server.
void store_heads(struct store *store, struct model *model, const struct json *result);
void store_event(struct store *store, struct model *model, const struct json *root);
void store_history(struct store *store, struct conversation *conversation,
        const struct json *result);
// One's own message, edit or delete, from its answer.
void store_own(struct store *store, struct conversation *conversation,
        const struct message_view *message);
void store_reset(struct store *store);
// At the end of a turn, with the cursor that it came to, or "".
void store_commit(struct store *store, const char *cursor);

// False: it could not be kept, store_reason() says why.
bool store_draft(struct store *store, const struct conversation *conversation, struct bytes text);
const char *store_reason(const struct store *store);

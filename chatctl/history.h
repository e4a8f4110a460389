// SPDX-License-Identifier: MIT
// What the history commands and trace ask the server for.

#pragma once

#include "rpc.h"

// {"user":...,"peer":... without its end.
void history_add_pair(struct buffer *params, const char *user, const char *peer);

// admin.history.entries; as rpc_call().
enum exit_code history_ask_entries(const struct rpc *rpc, const char *user, const char *peer,
        uint64_t after, unsigned limit, struct json **root, const struct json **result) MUST_USE;

// Calls visit for each conversation of a user that has entries, by name (a history_copy of the
// wire, lent for the call); of one peer only unless that is NULL. Stops at visit's first code that
// is not EXIT_OK and returns it.
enum exit_code history_each_copy(const struct rpc *rpc, const char *user, const char *peer,
        enum exit_code (*visit)(void *context, const struct json *copy), void *context) MUST_USE;

// How many entries these conversations have, as far as their numbers tell.
enum exit_code history_count(const struct rpc *rpc, const char *user, const char *peer,
        uint64_t *entry_count) MUST_USE;

// SPDX-License-Identifier: MIT
#include "history.h"

#include <inttypes.h>
#include <stdio.h>

#include "output.h"
#include "shared/limits.h"

void history_add_pair(struct buffer *params, const char *user, const char *peer)
{
    buffer_add_literal(params, "{\"user\":");
    json_add_string(params, bytes_of(user));
    buffer_add_literal(params, ",\"peer\":");
    json_add_string(params, bytes_of(peer));
}

enum exit_code history_ask_entries(const struct rpc *rpc, const char *user, const char *peer,
        uint64_t after, unsigned limit, struct json **root, const struct json **result)
{
    struct buffer params = { 0 };

    history_add_pair(&params, user, peer);
    buffer_print(&params, ",\"after\":%" PRIu64 ",\"limit\":%u}", after, limit);
    enum exit_code code = rpc_call(rpc, "admin.history.entries", &params, root, result);
    buffer_finish(&params);
    return code;
}

// One page; *next is the name that the next one begins behind, "" when there is none.
static enum exit_code visit_page(const struct rpc *rpc, const struct buffer *params,
        char next[NAME_BYTES_MAX + 1],
        enum exit_code (*visit)(void *context, const struct json *copy), void *context)
{
    struct json *root;
    const struct json *result;
    enum exit_code code = rpc_call(rpc, "admin.history.conversations", params, &root, &result);

    if (code != EXIT_OK) {
        return code;
    }
    const struct json *list = json_get(result, "conversations");
    for (size_t i = 0; code == EXIT_OK && i < json_count(list); i++) {
        const struct json *copy = json_at(list, i);
        // A conversation may have no entries: it was only blocked, or retention took all.
        if (output_uint(copy, "head_seq") >= output_uint(copy, "floor_seq")) {
            code = visit(context, copy);
        }
    }
    struct bytes more = output_text(result, "continue");
    snprintf(next, NAME_BYTES_MAX + 1, "%.*s", (int)more.size, more.data);
    json_destroy(root);
    return code;
}

enum exit_code history_each_copy(const struct rpc *rpc, const char *user, const char *peer,
        enum exit_code (*visit)(void *context, const struct json *copy), void *context)
{
    char next[NAME_BYTES_MAX + 1] = "";
    enum exit_code code;

    do {
        struct buffer params = { 0 };
        if (peer != NULL) {
            history_add_pair(&params, user, peer);
        } else {
            buffer_add_literal(&params, "{\"user\":");
            json_add_string(&params, bytes_of(user));
        }
        if (next[0] != '\0') {
            buffer_print(&params, ",\"continue\":\"%s\"", next);
        }
        buffer_print(&params, ",\"limit\":%d}", HISTORY_LIMIT_MAX);
        code = visit_page(rpc, &params, next, visit, context);
        buffer_finish(&params);
    } while (code == EXIT_OK && next[0] != '\0');
    return code;
}

static enum exit_code add_count(void *context, const struct json *copy)
{
    *(uint64_t *)context += output_uint(copy, "head_seq") + 1 - output_uint(copy, "floor_seq");
    return EXIT_OK;
}

enum exit_code history_count(const struct rpc *rpc, const char *user, const char *peer,
        uint64_t *entry_count)
{
    *entry_count = 0;
    return history_each_copy(rpc, user, peer, add_count, entry_count);
}

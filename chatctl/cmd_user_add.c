// SPDX-License-Identifier: MIT
// user add, user invite: a name that nobody had.

#include "command.h"

#include <stdio.h>
#include <string.h>

#include "output.h"
#include "password.h"
#include "user.h"

// What --dry-run finds out: whether the name is free.
static enum exit_code try_name(const struct rpc *rpc, const char *name, bool may_exist)
{
    struct rpc_failure failure;
    struct json *root;
    const struct json *result;
    enum exit_code code = user_ask(rpc, name, &root, &result, &failure);

    if (code == EXIT_NOT_FOUND) {
        output_done(rpc->is_json, "{\"dry_run\":true,\"user\":\"%s\"}", "%s would be added", name);
        return EXIT_OK;
    }
    if (code != EXIT_OK) {
        complain(rpc->is_json, failure.kind, "%s", failure.message);
        return code;
    }
    bool is_active = bytes_equal(output_text(result, "state"), bytes_of("active"));
    json_destroy(root);
    if (may_exist && is_active) {
        output_done(rpc->is_json, "{\"dry_run\":true,\"user\":\"%s\"}",
                "%s exists: it would get a further device", name);
        return EXIT_OK;
    }
    complain(rpc->is_json, "exists", "this name is taken");
    return EXIT_REFUSED;
}

// The answer's one secret, or what was done.
static void print_secret(const struct json *result, const char *key, const char *name, bool is_json)
{
    struct bytes secret = output_text(result, key);

    if (is_json) {
        output_json(result);
    } else if (secret.size > 0) {
        printf("%.*s\n", (int)secret.size, secret.data);
    } else {
        printf("added %s\n", name);
    }
}

enum exit_code user_add(const struct rpc *rpc, const struct arguments *arguments)
{
    char password[PASSWORD_LINE_BYTES] = "";
    const char *name = arguments->operands[0];
    struct buffer params = { 0 };
    struct json *root;
    const struct json *result;

    if (arguments->is_dry_run) {
        return try_name(rpc, name, arguments->has_token);
    }
    if (arguments->has_password && !password_read(password, rpc->is_json)) {
        return EXIT_USAGE;
    }
    buffer_add_literal(&params, "{\"user\":");
    json_add_string(&params, bytes_of(name));
    if (arguments->has_password) {
        buffer_add_literal(&params, ",\"password\":");
        json_add_string(&params, bytes_of(password));
    }
    buffer_print(&params, ",\"tokens\":%s}", arguments->has_token ? "true" : "false");
    enum exit_code code = rpc_call(rpc, "admin.user.add", &params, &root, &result);
    explicit_bzero(password, sizeof(password));
    explicit_bzero(params.data, params.bytes);
    buffer_finish(&params);
    if (code == EXIT_OK) {
        print_secret(result, "token", name, rpc->is_json);
        if (!arguments->has_token && !arguments->has_password && !rpc->is_json) {
            fprintf(stderr, "it can't log in yet: chatctl user passwd %s, or user add %s --token\n",
                    name, name);
        }
        json_destroy(root);
    }
    return code;
}

enum exit_code user_invite(const struct rpc *rpc, const struct arguments *arguments)
{
    struct json *root;
    const struct json *result;

    if (arguments->is_dry_run) {
        return try_name(rpc, arguments->operands[0], false);
    }
    enum exit_code code =
            user_call(rpc, "admin.user.invite", arguments->operands[0], &root, &result);
    if (code == EXIT_OK) {
        print_secret(result, "invite", arguments->operands[0], rpc->is_json);
        json_destroy(root);
    }
    return code;
}

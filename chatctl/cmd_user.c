// SPDX-License-Identifier: MIT
// user show, passwd, disable, enable, delete: one account.

#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "password.h"
#include "user.h"

static void add_user(struct buffer *params, const char *name)
{
    buffer_add_literal(params, "{\"user\":");
    json_add_string(params, bytes_of(name));
}

enum exit_code user_call(const struct rpc *rpc, const char *method, const char *name,
        struct json **root, const struct json **result)
{
    struct buffer params = { 0 };

    add_user(&params, name);
    buffer_add_byte(&params, '}');
    enum exit_code code = rpc_call(rpc, method, &params, root, result);
    buffer_finish(&params);
    return code;
}

enum exit_code user_ask(const struct rpc *rpc, const char *name, struct json **root,
        const struct json **result, struct rpc_failure *failure)
{
    struct buffer params = { 0 };

    add_user(&params, name);
    buffer_add_byte(&params, '}');
    enum exit_code code = rpc_ask(rpc, "admin.user.show", &params, root, result, failure);
    buffer_finish(&params);
    return code;
}

// What to do about each reason that admin.user.show names; %s is the user.
static const struct {
    const char *kind;
    const char *remedy;
} remedies[] = {
    { "disabled", "chatctl user enable %s" },
    { "deleted", "none: choose another name" },
    { "invited", "it registers with its code; if that is lost, use another name" },
    { "no_password", "chatctl user passwd %s" },
    { "rate_limited", "wait, or set a new password: chatctl user passwd %s" },
    { "too_large", "its devices must do with the tokens that they have" },
};

static void print_remedy(struct bytes kind, struct bytes user)
{
    for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
        const char *remedy = remedies[i].remedy, *place = strstr(remedy, "%s");
        if (!bytes_equal(kind, bytes_of(remedies[i].kind))) {
            continue;
        }
        if (place == NULL) {
            printf("               to mend: %s\n", remedy);
        } else {
            printf("               to mend: %.*s%.*s\n", (int)(place - remedy), remedy,
                    (int)user.size, user.data);
        }
    }
}

static void print_login(const struct json *user)
{
    const struct json *reasons = json_get(json_get(user, "login"), "reasons");

    if (json_count(reasons) == 0) {
        printf("login          works, with the right password\n");
    }
    for (size_t i = 0; i < json_count(reasons); i++) {
        const struct json *reason = json_at(reasons, i);
        struct bytes message = output_text(reason, "message");
        uint64_t wait_ms = output_uint(reason, "retry_after_ms");
        printf("%-14s %.*s", i == 0 ? "login fails" : "", (int)message.size, message.data);
        if (wait_ms > 0) {
            printf(", another %" PRIu64 " s", (wait_ms + 999) / 1000);
        }
        printf("\n");
        print_remedy(output_text(reason, "kind"), output_text(user, "user"));
    }
}

static void print_user(const struct json *user)
{
    struct bytes name = output_text(user, "user"), state = output_text(user, "state"),
                 created = output_text(user, "created"), presence = output_text(user, "presence"),
                 last_seen = output_text(user, "last_seen");
    uint64_t session_count = output_uint(user, "sessions");
    uint64_t conversation_count = output_uint(user, "conversations");

    printf("user           %.*s\n", (int)name.size, name.data);
    printf("state          %.*s\n", (int)state.size, state.data);
    printf("created        %.*s\n", (int)created.size, created.data);
    if (session_count > 0) {
        printf("presence       %.*s, %" PRIu64 " session%s\n", (int)presence.size, presence.data,
                session_count, session_count == 1 ? "" : "s");
    } else {
        printf("presence       offline, last seen %.*s\n",
                last_seen.size > 0 ? (int)last_seen.size : 5,
                last_seen.size > 0 ? last_seen.data : "never");
    }
    printf("devices        %" PRIu64 ", and %" PRIu64 " revoked (chatctl user devices %.*s)\n",
            output_uint(user, "devices"), output_uint(user, "devices_revoked"), (int)name.size,
            name.data);
    printf("conversations  %s%" PRIu64 "\n", conversation_count > 1000 ? "more than " : "",
            conversation_count > 1000 ? 1000 : conversation_count);
    struct bytes keep = output_text(user, "keep");
    printf("own messages   %" PRIu64 " bytes stored\n", output_uint(user, "stored_bytes"));
    printf("retention      %.*s\n", (int)keep.size, keep.data);
    printf("partition      %" PRIu64 "\n", output_uint(user, "partition"));
    print_login(user);
}

enum exit_code user_show(const struct rpc *rpc, const struct arguments *arguments)
{
    struct json *root;
    const struct json *result;
    enum exit_code code = user_call(rpc, "admin.user.show", arguments->operands[0], &root, &result);

    if (code != EXIT_OK) {
        return code;
    }
    if (rpc->is_json) {
        output_json(result);
    } else {
        print_user(result);
    }
    json_destroy(root);
    return EXIT_OK;
}

// What would be refused, for --dry-run: the same answers as the change itself gives.
static enum exit_code try_change(const struct rpc *rpc, const char *name, bool is_deletion,
        const char *sentence)
{
    struct json *root;
    const struct json *result;
    enum exit_code code = user_call(rpc, "admin.user.show", name, &root, &result);

    if (code != EXIT_OK) {
        return code;
    }
    struct bytes state = output_text(result, "state");
    if (bytes_equal(state, bytes_of("deleted"))) {
        complain(rpc->is_json, "not_found", "this user was deleted");
        code = EXIT_NOT_FOUND;
    } else if (bytes_equal(state, bytes_of("invited")) && !is_deletion) {
        complain(rpc->is_json, "invalid", "this name is only reserved by an invite");
        code = EXIT_REFUSED;
    } else {
        output_done(rpc->is_json, "{\"dry_run\":true,\"user\":\"%s\"}", sentence, name);
    }
    json_destroy(root);
    return code;
}

static enum exit_code change(const struct rpc *rpc, const char *method, const char *name,
        const char *sentence)
{
    struct json *root;
    const struct json *result;
    enum exit_code code = user_call(rpc, method, name, &root, &result);

    if (code != EXIT_OK) {
        return code;
    }
    if (rpc->is_json) {
        output_json(result);
    } else {
        output_done(false, "", sentence, name);
    }
    json_destroy(root);
    return EXIT_OK;
}

enum exit_code user_disable(const struct rpc *rpc, const struct arguments *arguments)
{
    const char *name = arguments->operands[0];

    return arguments->is_dry_run
            ? try_change(rpc, name, false,
                      "%s would be disabled: its connections closed, its password and tokens refused")
            : change(rpc, "admin.user.disable", name,
                      "%s is disabled; messages to it are kept until it is enabled again");
}

enum exit_code user_enable(const struct rpc *rpc, const struct arguments *arguments)
{
    const char *name = arguments->operands[0];

    return arguments->is_dry_run
            ? try_change(rpc, name, false,
                      "%s would be enabled: its password and tokens work again")
            : change(rpc, "admin.user.enable", name, "%s is enabled");
}

enum exit_code user_delete(const struct rpc *rpc, const struct arguments *arguments)
{
    const char *name = arguments->operands[0];
    struct json *root;
    const struct json *result;

    if (arguments->is_dry_run) {
        return try_change(rpc, name, true, "%s would be deleted, for ever");
    }
    // Nobody should type a name only to hear that there is none.
    enum exit_code code = user_call(rpc, "admin.user.show", name, &root, &result);
    if (code != EXIT_OK) {
        return code;
    }
    json_destroy(root);
    if (!arguments->is_sure) {
        fprintf(stderr,
                "Deleting %s is for ever: its password and tokens are gone, its connections are "
                "closed,\nand the name is not given again. Its peers keep their conversations with "
                "it.\n\"chatctl user disable %s\" can be taken back.\n",
                name, name);
        if (!password_confirm_name(name)) {
            complain(rpc->is_json, "refused", "that was not the name: nothing was changed");
            return EXIT_REFUSED;
        }
    }
    return change(rpc, "admin.user.delete", name,
            "%s is deleted; its peers keep their conversations with it");
}

enum exit_code user_passwd(const struct rpc *rpc, const struct arguments *arguments)
{
    char password[PASSWORD_LINE_BYTES] = "";
    const char *name = arguments->operands[0];
    struct buffer params = { 0 };
    struct json *root;
    const struct json *result;

    if (arguments->is_dry_run) {
        return try_change(rpc, name, false,
                "%s would get a new password, and all its devices would have to log in again");
    }
    if (!password_read(password, rpc->is_json)) {
        return EXIT_USAGE;
    }
    add_user(&params, name);
    buffer_add_literal(&params, ",\"password\":");
    json_add_string(&params, bytes_of(password));
    buffer_add_byte(&params, '}');
    enum exit_code code = rpc_call(rpc, "admin.user.passwd", &params, &root, &result);
    explicit_bzero(password, sizeof(password));
    explicit_bzero(params.data, params.bytes);
    buffer_finish(&params);
    if (code == EXIT_OK) {
        output_done(rpc->is_json, "{\"user\":\"%s\",\"devices_revoked\":true}",
                "%s has a new password; all its devices must log in again with it", name);
        json_destroy(root);
    }
    return code;
}

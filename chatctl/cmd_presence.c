// SPDX-License-Identifier: MIT
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

static void print_line(const struct json *entry)
{
    struct bytes user = output_text(entry, "user"), state = output_text(entry, "state"),
                 last_seen = output_text(entry, "last_seen");

    printf("%-32.*s  %-8.*s  %.*s\n", (int)user.size, user.data, (int)state.size, state.data,
            (int)last_seen.size, last_seen.data);
}

static void print_answer(const struct json *result, bool is_json)
{
    const struct json *list = json_get(result, "presence");

    if (is_json) {
        output_json(result);
        return;
    }
    for (size_t i = 0; i < json_count(list); i++) {
        print_line(json_at(list, i));
    }
}

static void add_users(struct buffer *params, const struct arguments *arguments)
{
    buffer_add_literal(params, "{\"users\":[");
    for (int i = 0; i < arguments->operand_count; i++) {
        if (i > 0) {
            buffer_add_byte(params, ',');
        }
        json_add_string(params, bytes_of(arguments->operands[i]));
    }
    buffer_add_literal(params, "]}");
}

static enum exit_code ask(const struct rpc *rpc, const struct arguments *arguments,
        const char *method, struct json **root, const struct json **result)
{
    struct buffer params = { 0 };

    if (strcmp(method, "admin.presence.get") == 0) {
        add_users(&params, arguments);
    } else if (arguments->state != NULL) {
        buffer_add_literal(&params, "{\"state\":");
        json_add_string(&params, bytes_of(arguments->state));
        buffer_add_byte(&params, '}');
    }
    enum exit_code code = rpc_call(rpc, method, params.bytes > 0 ? &params : NULL, root, result);
    buffer_finish(&params);
    return code;
}

static enum exit_code ask_and_print(const struct rpc *rpc, const struct arguments *arguments,
        const char *method)
{
    struct json *root;
    const struct json *result;
    enum exit_code code = ask(rpc, arguments, method, &root, &result);

    if (code == EXIT_OK) {
        print_answer(result, arguments->is_json);
        json_destroy(root);
    }
    return code;
}

enum exit_code presence_get(const struct rpc *rpc, const struct arguments *arguments)
{
    return arguments->is_watching ? presence_follow(rpc, arguments)
                                  : ask_and_print(rpc, arguments, "admin.presence.get");
}

enum exit_code presence_list(const struct rpc *rpc, const struct arguments *arguments)
{
    return arguments->is_watching ? presence_follow(rpc, arguments)
                                  : ask_and_print(rpc, arguments, "admin.presence.list");
}

static enum exit_code count(const struct rpc *rpc)
{
    struct json *root;
    const struct json *result;
    enum exit_code code = rpc_call(rpc, "admin.presence.count", NULL, &root, &result);

    if (code != EXIT_OK) {
        return code;
    }
    if (rpc->is_json) {
        output_json(result);
    } else {
        printf("%" PRIu64 " online, %" PRIu64 " away, %" PRIu64 " invisible\n",
                output_uint(result, "online"), output_uint(result, "away"),
                output_uint(result, "invisible"));
    }
    json_destroy(root);
    return EXIT_OK;
}

enum exit_code presence_show_count(const struct rpc *rpc, const struct arguments *arguments)
{
    enum exit_code code = count(rpc);

    while (arguments->is_watching && code == EXIT_OK) {
        fflush(stdout);
        sleep(1);
        code = count(rpc);
    }
    return code;
}

static const struct json *find_user(const struct json *list, struct bytes user)
{
    for (size_t i = 0; i < json_count(list); i++) {
        if (bytes_equal(output_text(json_at(list, i), "user"), user)) {
            return json_at(list, i);
        }
    }
    return NULL;
}

// Prints what is in `now` and not the same in `before`; left: the state of who is not in `now`.
static void print_changes(const struct json *before, const struct json *now, const char *left,
        bool is_json)
{
    for (size_t i = 0; i < json_count(now); i++) {
        const struct json *entry = json_at(now, i);
        const struct json *old = find_user(before, output_text(entry, "user"));
        if (old != NULL && bytes_equal(output_text(old, "state"), output_text(entry, "state"))) {
            continue;
        }
        if (is_json) {
            output_json(entry);
        } else {
            print_line(entry);
        }
    }
    // Those who were listed and are not any more have left.
    for (size_t i = 0; i < json_count(before); i++) {
        struct bytes user = output_text(json_at(before, i), "user");
        if (find_user(now, user) == NULL) {
            printf(is_json ? "{\"user\":\"%.*s\",\"state\":\"%s\"}\n" : "%-32.*s  %s\n",
                    (int)user.size, user.data, left);
        }
    }
    fflush(stdout);
}

enum exit_code presence_follow(const struct rpc *rpc, const struct arguments *arguments)
{
    const char *method =
            arguments->operand_count > 0 ? "admin.presence.get" : "admin.presence.list";
    struct json *last = NULL;
    const struct json *before = NULL;

    for (;;) {
        struct json *root;
        const struct json *result;
        enum exit_code code = ask(rpc, arguments, method, &root, &result);
        if (code != EXIT_OK) {
            json_destroy(last);
            return code;
        }
        const struct json *now = json_get(result, "presence");
        print_changes(before, now, arguments->state == NULL ? "offline" : "unknown", rpc->is_json);
        json_destroy(last);
        last = root;
        before = now;
        sleep(1);
    }
}

// SPDX-License-Identifier: MIT
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "shared/limits.h"
#include "shared/name.h"

struct import {
    const struct rpc *rpc;
    const struct arguments *arguments;
    struct buffer users; // JSON objects with commas between
    uint32_t waiting;
    uint64_t added;
    uint64_t failed;
};

static void print_outcome(struct import *import, const struct json *outcome)
{
    struct bytes user = output_text(outcome, "user");
    struct bytes token = output_text(outcome, "token");
    struct bytes error = output_text(outcome, "error");

    import->added += error.size == 0;
    import->failed += error.size > 0;
    if (import->arguments->is_json) {
        output_json(outcome);
    } else if (error.size > 0) {
        fprintf(stderr, "chatctl: %.*s: %.*s\n", (int)user.size, user.data, (int)error.size,
                error.data);
    } else if (token.size > 0) {
        printf("%.*s\t%.*s\n", (int)user.size, user.data, (int)token.size, token.data);
    }
}

// Sends what waits as one request: its users share commits.
static enum exit_code send_waiting(struct import *import)
{
    struct buffer params = { 0 };
    struct json *root;
    const struct json *result;

    if (import->waiting == 0) {
        return EXIT_OK;
    }
    buffer_add_literal(&params, "{\"users\":[");
    buffer_add(&params, import->users.data, import->users.bytes);
    buffer_print(&params, "],\"tokens\":%s}", import->arguments->has_token ? "true" : "false");
    enum exit_code code = rpc_call(import->rpc, "admin.user.import", &params, &root, &result);
    explicit_bzero(params.data, params.bytes);
    buffer_finish(&params);
    buffer_clear(&import->users);
    import->waiting = 0;
    if (code != EXIT_OK) {
        return code;
    }
    const struct json *outcomes = json_get(result, "users");
    for (size_t i = 0; i < json_count(outcomes); i++) {
        print_outcome(import, json_at(outcomes, i));
    }
    json_destroy(root);
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r%" PRIu64 " users added", import->added);
    }
    return EXIT_OK;
}

// What the server would refuse the whole request for.
static bool is_user_line(const struct json *line, char *reason, size_t reason_bytes)
{
    const struct json *secret = json_get(line, "password");
    struct bytes user, password;

    if (!json_read_string(json_get(line, "user"), &user) || !name_is_valid(user)) {
        snprintf(reason, reason_bytes,
                "needs \"user\": a name of a-z, 0-9, '.', '_', '-', at most %d", NAME_BYTES_MAX);
        return false;
    }
    if (secret != NULL &&
            (!json_read_string(secret, &password) || password.size < PASSWORD_BYTES_MIN ||
                    password.size > PASSWORD_BYTES_MAX)) {
        snprintf(reason, reason_bytes, "\"password\" must have %d to %d bytes", PASSWORD_BYTES_MIN,
                PASSWORD_BYTES_MAX);
        return false;
    }
    return true;
}

static enum exit_code take_line(struct import *import, char *line, uint64_t number)
{
    char reason[200] = "";
    size_t bytes = strcspn(line, "\r\n");

    if (bytes == 0) {
        return EXIT_OK;
    }
    struct json *parsed = json_parse(line, bytes, reason, sizeof(reason));
    bool is_good = parsed != NULL && is_user_line(parsed, reason, sizeof(reason));
    json_destroy(parsed);
    if (!is_good) {
        complain(import->rpc->is_json, "invalid", "line %" PRIu64 ": %s", number, reason);
        return EXIT_USAGE;
    }
    if (import->arguments->is_dry_run) {
        import->added++;
        return EXIT_OK;
    }
    if (import->waiting > 0) {
        buffer_add_byte(&import->users, ',');
    }
    buffer_add(&import->users, line, bytes);
    import->waiting++;
    // A request stays far below the frame limit.
    bool is_full = import->waiting == USERS_PER_REQUEST_MAX ||
            import->users.bytes > FRAME_BYTES_MAX_BEFORE / 2;
    return is_full ? send_waiting(import) : EXIT_OK;
}

enum exit_code user_import(const struct rpc *rpc, const struct arguments *arguments)
{
    struct import import = { .rpc = rpc, .arguments = arguments };
    const char *path = arguments->operands[0];
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char line[4096];
    uint64_t number = 0;
    enum exit_code code = EXIT_OK;

    if (file == NULL) {
        complain(rpc->is_json, "file", "cannot read %s: %s", path, strerror(errno));
        return EXIT_FAILED;
    }
    while (code == EXIT_OK && fgets(line, sizeof(line), file) != NULL) {
        code = take_line(&import, line, ++number);
    }
    if (code == EXIT_OK && arguments->is_dry_run) {
        printf(rpc->is_json ? "{\"dry_run\":true,\"users\":%" PRIu64 "}\n"
                            : "the file is good: it names %" PRIu64 " users\n",
                import.added);
    } else if (code == EXIT_OK) {
        code = send_waiting(&import);
    }
    if (isatty(STDERR_FILENO) && !arguments->is_dry_run) {
        fputc('\n', stderr);
    }
    buffer_finish(&import.users);
    if (file != stdin) {
        fclose(file);
    }
    if (code == EXIT_OK && import.failed > 0) {
        return import.added > 0 ? EXIT_PARTLY : EXIT_REFUSED;
    }
    return code;
}

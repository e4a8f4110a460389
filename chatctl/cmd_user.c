// SPDX-License-Identifier: MIT
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "output.h"
#include "shared/limits.h"

// From the terminal without echo, or the first line of stdin. False: said what is wrong.
static bool read_password(char password[PASSWORD_BYTES_MAX + 2])
{
    struct termios saved, silent;
    bool is_terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &saved) == 0;

    if (is_terminal) {
        silent = saved;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        fprintf(stderr, "password: ");
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    bool is_read = fgets(password, PASSWORD_BYTES_MAX + 2, stdin) != NULL;
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
        fputc('\n', stderr);
    }
    if (is_read) {
        password[strcspn(password, "\n")] = '\0';
    }
    if (!is_read || strlen(password) < PASSWORD_BYTES_MIN) {
        fprintf(stderr, "chatctl: a password has at least %d bytes\n", PASSWORD_BYTES_MIN);
        return false;
    }
    return true;
}

enum exit_code user_add(const struct rpc *rpc, const struct arguments *arguments)
{
    char password[PASSWORD_BYTES_MAX + 2] = "";
    struct buffer params = { 0 };
    struct json *root;
    const struct json *result;

    if (arguments->has_password && !read_password(password)) {
        return EXIT_USAGE;
    }
    buffer_add_literal(&params, "{\"user\":");
    json_add_string(&params, bytes_of(arguments->operands[0]));
    if (arguments->has_password) {
        buffer_add_literal(&params, ",\"password\":");
        json_add_string(&params, bytes_of(password));
    }
    buffer_print(&params, ",\"tokens\":%s}", arguments->has_token ? "true" : "false");
    enum exit_code code = rpc_call(rpc, "admin.user.add", &params, &root, &result);
    explicit_bzero(password, sizeof(password));
    explicit_bzero(params.data, params.bytes);
    buffer_finish(&params);
    if (code != EXIT_OK) {
        return code;
    }
    struct bytes token = output_text(result, "token");
    if (arguments->is_json) {
        output_json(result);
    } else if (token.size > 0) {
        printf("%.*s\n", (int)token.size, token.data);
    } else {
        printf("added %s\n", arguments->operands[0]);
    }
    json_destroy(root);
    return EXIT_OK;
}

enum exit_code user_invite(const struct rpc *rpc, const struct arguments *arguments)
{
    struct buffer params = { 0 };
    struct json *root;
    const struct json *result;

    buffer_add_literal(&params, "{\"user\":");
    json_add_string(&params, bytes_of(arguments->operands[0]));
    buffer_add_byte(&params, '}');
    enum exit_code code = rpc_call(rpc, "admin.user.invite", &params, &root, &result);
    buffer_finish(&params);
    if (code != EXIT_OK) {
        return code;
    }
    struct bytes invite = output_text(result, "invite");
    if (arguments->is_json) {
        output_json(result);
    } else {
        printf("%.*s\n", (int)invite.size, invite.data);
    }
    json_destroy(root);
    return EXIT_OK;
}

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

static enum exit_code take_line(struct import *import, char *line, uint64_t number)
{
    char reason[200] = "not a JSON object with \"user\"";
    size_t bytes = strcspn(line, "\r\n");

    if (bytes == 0) {
        return EXIT_OK;
    }
    struct json *parsed = json_parse(line, bytes, reason, sizeof(reason));
    bool is_good = json_get(parsed, "user") != NULL;
    json_destroy(parsed);
    if (!is_good) {
        fprintf(stderr, "chatctl: line %" PRIu64 ": %s\n", number, reason);
        return EXIT_USAGE;
    }
    if (import->waiting > 0) {
        buffer_add_byte(&import->users, ',');
    }
    buffer_add(&import->users, line, bytes);
    import->waiting++;
    if (import->arguments->is_dry_run) {
        return EXIT_OK;
    }
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
        fprintf(stderr, "chatctl: cannot read %s: %s\n", path, strerror(errno));
        return EXIT_FAILED;
    }
    while (code == EXIT_OK && fgets(line, sizeof(line), file) != NULL) {
        code = take_line(&import, line, ++number);
    }
    if (code == EXIT_OK && arguments->is_dry_run) {
        printf("%u users would be added\n", import.waiting);
    } else if (code == EXIT_OK) {
        code = send_waiting(&import);
    }
    if (isatty(STDERR_FILENO)) {
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

struct user_entry {
    char name[NAME_BYTES_MAX + 1];
    char state[16];
    char created[32];
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct user_entry *)a)->name, ((const struct user_entry *)b)->name);
}

struct user_table {
    struct user_entry *entries;
    size_t count;
    size_t capacity;
};

static bool add_entry(struct user_table *table, const struct json *user)
{
    struct bytes name = output_text(user, "user"), state = output_text(user, "state"),
                 created = output_text(user, "created");

    if (table->count == table->capacity) {
        size_t capacity = table->capacity == 0 ? 256 : table->capacity * 2;
        struct user_entry *entries = realloc(table->entries, capacity * sizeof(*entries));
        if (entries == NULL) {
            fprintf(stderr, "chatctl: out of memory\n");
            return false;
        }
        table->entries = entries;
        table->capacity = capacity;
    }
    struct user_entry *entry = &table->entries[table->count++];
    snprintf(entry->name, sizeof(entry->name), "%.*s", (int)name.size, name.data);
    snprintf(entry->state, sizeof(entry->state), "%.*s", (int)state.size, state.data);
    snprintf(entry->created, sizeof(entry->created), "%.*s", (int)created.size, created.data);
    return true;
}

// One answer covers some partitions and says where to go on.
static enum exit_code fetch(const struct rpc *rpc, struct user_table *table, uint64_t *partition,
        bool *has_more, bool *is_partial)
{
    struct buffer params = { 0 };
    struct json *root;
    const struct json *result;

    buffer_print(&params, "{\"partition\":%" PRIu64 "}", *partition);
    enum exit_code code = rpc_call(rpc, "admin.user.list", &params, &root, &result);
    buffer_finish(&params);
    if (code != EXIT_OK) {
        return code;
    }
    const struct json *users = json_get(result, "users");
    for (size_t i = 0; i < json_count(users) && code == EXIT_OK; i++) {
        code = add_entry(table, json_at(users, i)) ? EXIT_OK : EXIT_FAILED;
    }
    if (json_get(result, "unavailable") != NULL) {
        *is_partial = true;
        fprintf(stderr, "chatctl: partition %" PRIu64 " is out of service: its users are missing\n",
                output_uint(result, "unavailable"));
    }
    *has_more = json_read_uint(json_get(result, "continue"), partition);
    json_destroy(root);
    return code;
}

enum exit_code user_list(const struct rpc *rpc, const struct arguments *arguments)
{
    struct user_table table = { 0 };
    uint64_t partition = 0;
    bool has_more = true, is_partial = false;
    enum exit_code code = EXIT_OK;

    while (code == EXIT_OK && has_more) {
        code = fetch(rpc, &table, &partition, &has_more, &is_partial);
    }
    if (table.count > 0) {
        qsort(table.entries, table.count, sizeof(*table.entries), by_name);
    }
    for (size_t i = 0; code == EXIT_OK && i < table.count; i++) {
        printf(arguments->is_json ? "{\"user\":\"%s\",\"state\":\"%s\",\"created\":\"%s\"}\n"
                                  : "%-32s  %-8s  %s\n",
                table.entries[i].name, table.entries[i].state, table.entries[i].created);
    }
    free(table.entries);
    return code == EXIT_OK && is_partial ? EXIT_PARTLY : code;
}

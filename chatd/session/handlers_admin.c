// SPDX-License-Identifier: MIT
// admin.*: over the admin socket, and for admin users over POST /rpc.

#include "session/handlers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "service/accounts.h"
#include "session/session.h"
#include "session/session_set.h"
#include "shared/clock.h"
#include "shared/limits.h"

static void add_places(struct buffer *out, const struct places *places)
{
    buffer_add_literal(out, ",\"places\":[");
    for (unsigned i = 0; i < places->count; i++) {
        struct statvfs disk = { 0 };
        (void)statvfs(places->paths[i], &disk); // 0 of 0 bytes: that is what is known
        buffer_add(out, i == 0 ? "{" : ",{", i == 0 ? 1 : 2);
        buffer_add_literal(out, "\"path\":");
        json_add_string(out, places_directory(places, i));
        buffer_print(out, ",\"bytes\":%" PRIu64 ",\"free_bytes\":%" PRIu64 "}",
                (uint64_t)disk.f_blocks * disk.f_frsize, (uint64_t)disk.f_bavail * disk.f_frsize);
    }
    buffer_add_byte(out, ']');
}

// What "chatctl check" compares with: the server's clock, and the disk that holds its data.
static void add_machine(struct buffer *out, const char *data_path)
{
    struct statvfs disk;

    buffer_add_literal(out, ",\"time\":");
    encode_ts(out, (uint64_t)clock_wall_ms());
    buffer_add_literal(out, ",\"data\":");
    json_add_string(out, bytes_of(data_path));
    if (statvfs(data_path, &disk) == 0) {
        buffer_print(out,
                ",\"disk\":{\"bytes\":%" PRIu64 ",\"free_bytes\":%" PRIu64 ",\"needed_bytes\":%ld}",
                (uint64_t)disk.f_blocks * disk.f_frsize, (uint64_t)disk.f_bavail * disk.f_frsize,
                DISK_LOW_BYTES);
    }
}

void handle_ADMIN_STATUS(struct call *call)
{
    const struct session_set *set = call->service->sessions;
    struct cell_status status;
    struct buffer out = { 0 };

    cell_get_status(call->service->cell, &status);
    call_begin_result(call, &out);
    buffer_print(&out,
            "{\"version\":\"%s\",\"pid\":%ld,\"server\":\"%s\",\"uptime_s\":%" PRId64
            ",\"connections\":%u,\"authenticated\":%u,\"subscribed\":%u,\"opened\":%" PRIu64
            ",\"requests\":%" PRIu64 ",\"events_pushed\":%" PRIu64,
            CHAT_VERSION, (long)getpid(), call->service->server_name,
            (clock_monotonic_ms() - call->service->started_ms) / 1000, set->count,
            set->authenticated_count, set->subscribed_count, set->opened, set->requests,
            set->events_pushed);
    buffer_print(&out,
            ",\"log\":{\"index\":%" PRIu64 ",\"first\":%" PRIu64 ",\"tail_bytes\":%" PRIu64
            ",\"batches\":%" PRIu64 ",\"records\":%" PRIu64 ",\"append_us_last\":%" PRIu64
            ",\"append_us_max\":%" PRIu64 "}",
            status.log_index, status.log_first_index, status.log_tail_bytes, status.batches,
            status.records, status.append_us_last, status.append_us_max);
    buffer_print(&out,
            ",\"partitions\":{\"count\":%u,\"dirty\":%u,\"quarantined\":%u,\"flushes\":%" PRIu64
            ",\"memory_bytes\":%" PRIu64 "},\"disk_full\":%s",
            status.partitions, status.dirty_partitions, status.quarantined_partitions,
            status.flushes, status.memory_bytes, status.is_disk_full ? "true" : "false");
    add_machine(&out, call->service->data_path);
    add_places(&out, cell_places(call->service->cell));
    buffer_print(&out, ",\"entries\":%" PRIu64 "}", call->service->entries);
    call_reply(call, &out);
}

// One user to add, of an import or alone.
struct addition {
    struct import *import;
    struct name user;
    char token[TOKEN_BYTES_MAX];
    enum err err;
};

struct import {
    struct call *call;
    bool has_tokens;
    bool is_single;
    uint32_t open; // additions under way, and one for the loop that starts them
    uint32_t count;
    char label[LABEL_BYTES_MAX];
    uint32_t label_bytes;
    struct addition additions[];
};

static void add_outcome(struct buffer *out, const struct addition *addition)
{
    buffer_print(out, "{\"user\":\"%s\"", addition->user.text);
    if (addition->err != ERR_OK) {
        buffer_print(out, ",\"error\":\"%s\"", err_kind(addition->err));
    } else if (addition->token[0] != '\0') {
        buffer_print(out, ",\"token\":\"%s\"", addition->token);
    }
    buffer_add_byte(out, '}');
}

static void release(struct import *import)
{
    struct call *call = import->call;
    struct buffer out = { 0 };

    if (--import->open > 0) {
        return;
    }
    if (import->is_single && import->additions[0].err != ERR_OK) {
        call_fail(call, import->additions[0].err,
                import->additions[0].err == ERR_FORBIDDEN
                        ? "this user is disabled, deleted or only invited: admin.user.show says which"
                        : NULL);
        free(import);
        return;
    }
    call_begin_result(call, &out);
    if (!import->is_single) {
        buffer_add_literal(&out, "{\"users\":[");
    }
    for (uint32_t i = 0; i < import->count; i++) {
        if (i > 0) {
            buffer_add_byte(&out, ',');
        }
        add_outcome(&out, &import->additions[i]);
    }
    if (!import->is_single) {
        buffer_add_literal(&out, "]}");
    }
    call_reply(call, &out);
    free(import);
}

static void on_added(void *context, const struct account_result *result)
{
    struct addition *addition = context;
    struct import *import = addition->import;

    addition->err = result->err;
    if (result->err == ERR_OK) {
        snprintf(addition->token, sizeof(addition->token), "%s", result->token);
    }
    // The user is there already: a token is a further device.
    if (result->err == ERR_EXISTS && import->has_tokens) {
        const struct account_request request = {
            .user = name_bytes(&addition->user),
            .label = { import->label, import->label_bytes },
            .done = on_added,
            .context = addition,
        };
        addition->err = accounts_add_device(import->call->service, &request);
        if (addition->err == ERR_OK) {
            return;
        }
    }
    release(import);
}

static void add_one(struct import *import, struct bytes user, struct bytes password)
{
    struct addition *addition = &import->additions[import->count++];
    const struct account_request request = {
        .user = user,
        .password = password,
        .label = { import->label, import->label_bytes },
        .has_token = import->has_tokens,
        .done = on_added,
        .context = addition,
    };

    addition->import = import;
    addition->user = name_of(user);
    addition->err = accounts_add(import->call->service, &request);
    import->open += addition->err == ERR_OK;
}

static struct import *import_create(struct call *call, size_t count)
{
    const struct params *params = &call->request.params;
    struct import *import = calloc(1, sizeof(*import) + count * sizeof(import->additions[0]));

    if (import == NULL) {
        call_fail(call, ERR_MEMORY, NULL);
        return NULL;
    }
    import->call = call;
    import->has_tokens = params->has_tokens;
    import->label_bytes = params->label.size;
    if (params->label.size > 0) {
        memcpy(import->label, params->label.data, params->label.size);
    }
    import->open = 1;
    return import;
}

void handle_ADMIN_USER_ADD(struct call *call)
{
    const struct params *params = &call->request.params;

    if (params->password.size > 0 && params->password.size < PASSWORD_BYTES_MIN) {
        call_fail(call, ERR_INVALID, "params.password must be a string of 8 to 1024 bytes");
        return;
    }
    struct import *import = import_create(call, 1);
    if (import != NULL) {
        import->is_single = true;
        add_one(import, params->user, params->password);
        release(import);
    }
}

static void on_invited(void *context, const struct account_result *result)
{
    struct call *call = context;
    struct buffer out = { 0 };

    if (result->err != ERR_OK) {
        call_fail(call, result->err, NULL);
        return;
    }
    call_begin_result(call, &out);
    buffer_print(&out, "{\"user\":\"%s\",\"invite\":\"%s\"}", result->identity.user.text,
            result->token);
    call_reply(call, &out);
}

void handle_ADMIN_USER_INVITE(struct call *call)
{
    const struct account_request request = {
        .user = call->request.params.user,
        .done = on_invited,
        .context = call,
    };
    enum err err = accounts_invite(call->service, &request);

    if (err != ERR_OK) {
        call_fail(call, err, NULL);
    }
}

// {"user":..., "password"?:...}
static bool read_line(const struct json *line, struct bytes *user, struct bytes *password)
{
    const struct json *secret = json_get(line, "password");

    *password = (struct bytes){ 0 };
    if (secret != NULL &&
            (!json_read_string(secret, password) || password->size < PASSWORD_BYTES_MIN ||
                    password->size > PASSWORD_BYTES_MAX)) {
        return false;
    }
    return json_read_string(json_get(line, "user"), user) && name_is_valid(*user);
}

void handle_ADMIN_USER_IMPORT(struct call *call)
{
    const struct json *users = call->request.params.users;
    struct bytes user = { 0 }, password = { 0 };

    for (size_t i = 0; i < json_count(users); i++) {
        if (!read_line(json_at(users, i), &user, &password)) {
            call_fail(call, ERR_PARAMS,
                    "each of params.users must be {\"user\":NAME,\"password\"?:at least 8 bytes}");
            return;
        }
    }
    struct import *import = import_create(call, json_count(users));
    if (import == NULL) {
        return;
    }
    for (size_t i = 0; i < json_count(users); i++) {
        (void)read_line(json_at(users, i), &user, &password);
        add_one(import, user, password);
    }
    release(import);
}

// Users are listed partition by partition: "continue" is the next one.
struct listing {
    struct read read;
    struct call *call;
    uint16_t partition;
    struct users_page page;
};

static void run_users(struct read *read, struct partition *partition)
{
    struct listing *listing = TASK_OF(read, struct listing, read);

    read->err = read_users(partition, &listing->page);
}

static void on_users(struct read *read)
{
    static const char *const states[] = { "active", "disabled", "deleted", "invited" };
    struct listing *listing = TASK_OF(read, struct listing, read);
    struct call *call = listing->call;
    struct buffer out = { 0 };

    if (read->err == ERR_OK && listing->page.count == 0 &&
            listing->partition + 1 < call->service->partition_count) {
        // Most partitions of a small server are empty: no answer for each of them.
        listing->partition++;
        if (cell_read(call->service->cell, listing->partition, read) == ERR_OK) {
            return;
        }
        read->err = ERR_BUSY;
    }
    call_begin_result(call, &out);
    buffer_add_literal(&out, "{\"users\":[");
    for (uint32_t i = 0; read->err == ERR_OK && i < listing->page.count; i++) {
        const struct user_line *line = &listing->page.users[i];
        buffer_print(&out, "%s{\"user\":\"%s\",\"state\":\"%s\",\"partition\":%u,\"created\":",
                i == 0 ? "" : ",", line->name.data, states[line->state], listing->partition);
        encode_ts(&out, line->created);
        buffer_add_byte(&out, '}');
    }
    buffer_add_byte(&out, ']');
    if (read->err != ERR_OK) {
        buffer_print(&out, ",\"unavailable\":%u", listing->partition);
    }
    if (listing->partition + 1 < call->service->partition_count) {
        buffer_print(&out, ",\"continue\":%u", listing->partition + 1);
    }
    buffer_add_byte(&out, '}');
    call_reply(call, &out);
    arena_finish(&listing->page.arena);
    free(listing);
}

void handle_ADMIN_USER_LIST(struct call *call)
{
    struct listing *listing;
    uint64_t partition = call->request.params.partition;

    if (partition >= call->service->partition_count) {
        call_fail(call, ERR_NOT_FOUND, "there is no such partition");
        return;
    }
    listing = calloc(1, sizeof(*listing));
    if (listing == NULL) {
        call_fail(call, ERR_MEMORY, NULL);
        return;
    }
    listing->call = call;
    listing->partition = (uint16_t)partition;
    listing->read.run = run_users;
    listing->read.done = on_users;
    enum err err = cell_read(call->service->cell, listing->partition, &listing->read);
    if (err != ERR_OK) {
        free(listing);
        call_fail(call, err, NULL);
    }
}

// SPDX-License-Identifier: MIT
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "shared/limits.h"
#include "user.h"

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
    if (code != EXIT_OK) {
        complain(rpc->is_json, "internal", "out of memory");
    }
    if (json_get(result, "unavailable") != NULL) {
        *is_partial = true;
        complain(rpc->is_json, "unavailable",
                "partition %" PRIu64 " is out of service: its users are missing",
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
        if (arguments->state != NULL && strcmp(arguments->state, table.entries[i].state) != 0) {
            continue;
        }
        printf(arguments->is_json ? "{\"user\":\"%s\",\"state\":\"%s\",\"created\":\"%s\"}\n"
                                  : "%-32s  %-8s  %s\n",
                table.entries[i].name, table.entries[i].state, table.entries[i].created);
    }
    free(table.entries);
    return code == EXIT_OK && is_partial ? EXIT_PARTLY : code;
}

static void print_device(const struct json *device)
{
    struct bytes id = output_text(device, "device"), label = output_text(device, "label"),
                 created = output_text(device, "created"),
                 last_seen = output_text(device, "last_seen");
    bool is_revoked = false, is_connected = false, is_consumer = false;

    (void)json_read_bool(json_get(device, "revoked"), &is_revoked);
    (void)json_read_bool(json_get(device, "connected"), &is_connected);
    (void)json_read_bool(json_get(device, "consumer"), &is_consumer);
    printf("%.*s  %-9s  %-24.*s  %-24.*s  ", (int)id.size, id.data,
            is_revoked             ? "revoked"
                    : is_connected ? "connected"
                    : is_consumer  ? "consumer"
                                   : "",
            (int)created.size, created.data, last_seen.size > 0 ? (int)last_seen.size : 5,
            last_seen.size > 0 ? last_seen.data : "never");
    output_label(label);
    printf("\n");
}

static enum exit_code revoke(const struct rpc *rpc, const struct arguments *arguments)
{
    const char *name = arguments->operands[0];
    struct buffer params = { 0 };
    struct json *root;
    const struct json *result;

    buffer_add_literal(&params, "{\"user\":");
    json_add_string(&params, bytes_of(name));
    buffer_add_literal(&params, ",\"device\":");
    json_add_string(&params, bytes_of(arguments->revoke));
    buffer_add_byte(&params, '}');
    enum exit_code code = rpc_call(rpc, "admin.user.revoke", &params, &root, &result);
    buffer_finish(&params);
    if (code == EXIT_OK) {
        output_done(rpc->is_json, "{\"revoked\":\"%s\"}",
                "%s is revoked: its token is refused, its connections are closed",
                arguments->revoke);
        json_destroy(root);
    }
    return code;
}

// For --dry-run: whether there is such a device.
static enum exit_code try_revoke(const struct rpc *rpc, const struct json *devices,
        const char *wanted)
{
    for (size_t i = 0; i < json_count(devices); i++) {
        if (bytes_equal(output_text(json_at(devices, i), "device"), bytes_of(wanted))) {
            output_done(rpc->is_json, "{\"dry_run\":true,\"revoked\":\"%s\"}",
                    "%s would be revoked", wanted);
            return EXIT_OK;
        }
    }
    complain(rpc->is_json, "not_found", "there is no such device");
    return EXIT_NOT_FOUND;
}

enum exit_code user_devices(const struct rpc *rpc, const struct arguments *arguments)
{
    struct json *root;
    const struct json *result;

    if (arguments->revoke != NULL && !arguments->is_dry_run) {
        return revoke(rpc, arguments);
    }
    enum exit_code code =
            user_call(rpc, "admin.user.devices", arguments->operands[0], &root, &result);
    if (code != EXIT_OK) {
        return code;
    }
    const struct json *devices = json_get(result, "devices");
    if (arguments->revoke != NULL) {
        code = try_revoke(rpc, devices, arguments->revoke);
    } else if (rpc->is_json) {
        output_json(result);
    } else {
        printf("device        state      created                   last seen                 "
               "label\n");
        for (size_t i = 0; i < json_count(devices); i++) {
            print_device(json_at(devices, i));
        }
    }
    json_destroy(root);
    return code;
}

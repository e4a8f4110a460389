// SPDX-License-Identifier: MIT
// capacity plan: the arithmetic of a server that is to be. capacity show: of the one that is there.

#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "output.h"
#include "sizing.h"

// Fewer messages than this say little about what one costs.
#define MEASURABLE_MESSAGES 1000

static const char *amount(double number, char *text, size_t text_bytes)
{
    static const char *const units[] = { "", "thousand", "million", "billion", "trillion" };
    int unit = 0;

    while (number >= 1e6 && unit < 4) {
        number /= 1000;
        unit++;
    }
    if (unit == 1 || (unit > 0 && number >= 1000)) {
        number /= 1000;
        unit++;
    }
    snprintf(text, text_bytes, unit == 0 ? "%.0f" : "%.4g %s", number, units[unit]);
    return text;
}

static const char *size_of(double bytes, char *text, size_t text_bytes)
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB", "PB", "EB" };
    int unit = 0;

    while (bytes >= 999.95 && unit < 6) {
        bytes /= 1000;
        unit++;
    }
    snprintf(text, text_bytes, "%.4g %s", bytes, units[unit]);
    return text;
}

static bool read_inputs(const struct rpc *rpc, const struct arguments *arguments,
        struct sizing_inputs *inputs)
{
    const struct {
        const char *word;
        const char *text;
        double *number;
    } given[] = {
        { "--connections", arguments->connections, &inputs->connections },
        { "--per-server", arguments->per_server, &inputs->connections_per_server },
        { "--messages-per-day", arguments->messages_per_day, &inputs->messages_per_day },
        { "--bytes", arguments->bytes, &inputs->bytes_per_message },
        { "--years", arguments->years, &inputs->years },
        { "--shard-bytes", arguments->shard_bytes, &inputs->shard_bytes },
    };

    *inputs = sizing_original;
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        if (given[i].text != NULL && !sizing_read(given[i].text, given[i].number)) {
            complain(rpc->is_json, "usage", "%s must be a number above 0, such as 20G",
                    given[i].word);
            return false;
        }
    }
    return true;
}

static void print_sizing_json(const char *name, const struct sizing *sizing)
{
    printf(",\"%s\":{\"servers\":%.0f,\"bytes_per_day\":%.0f,\"bytes_per_second_each_way\":%.0f,"
           "\"messages_per_second\":%.0f,\"bytes\":%.0f,\"shards\":%.0f}",
            name, sizing->servers, sizing->bytes_per_day, sizing->bytes_per_second,
            sizing->messages_per_second, sizing->bytes, sizing->shards);
}

static void print_plan_json(const struct sizing_inputs *inputs, const struct sizing *exact,
        const struct sizing *rounded, const struct sizing_here *here)
{
    printf("{\"inputs\":{\"connections\":%.0f,\"connections_per_server\":%.0f,"
           "\"messages_per_day\":%.0f,\"bytes_per_message\":%.0f,\"years\":%g,"
           "\"shard_bytes\":%.0f}",
            inputs->connections, inputs->connections_per_server, inputs->messages_per_day,
            inputs->bytes_per_message, inputs->years, inputs->shard_bytes);
    print_sizing_json("exact", exact);
    print_sizing_json("rounded", rounded);
    printf(",\"measured_figures\":{");
    for (size_t i = 0; i < MEASURED_COUNT; i++) {
        printf("%s\"%s\":%g", i == 0 ? "" : ",", sizing_measured[i].name, sizing_measured[i].value);
    }
    printf("},\"measured\":{\"stored_bytes_per_message\":%.0f,\"bytes_per_day\":%.0f,"
           "\"bytes\":%.0f,\"shards\":%.0f,\"processes_for_messages\":%.0f,"
           "\"cores_for_messages\":%.1f,\"server_memory_bytes\":%.0f,"
           "\"server_tls_memory_bytes\":%.0f}}\n",
            here->stored_bytes_per_message, here->bytes_per_day, here->bytes, here->shards,
            here->processes_for_messages, here->cores_for_messages, here->server_memory_bytes,
            here->server_tls_memory_bytes);
}

static void print_inputs(const struct sizing_inputs *inputs)
{
    char a[40], b[40];

    printf("%s connections, %s on each server\n", amount(inputs->connections, a, sizeof(a)),
            amount(inputs->connections_per_server, b, sizeof(b)));
    printf("%s messages a day of %.0f bytes, kept for %g years, in shards of %s\n\n",
            amount(inputs->messages_per_day, a, sizeof(a)), inputs->bytes_per_message,
            inputs->years, size_of(inputs->shard_bytes, b, sizeof(b)));
}

static void print_row(const char *name, const char *rounded, const char *exact, const char *here)
{
    printf("%-26s %14s %14s %16s\n", name, rounded, exact, here);
}

static void print_plan(const struct sizing_inputs *inputs, const struct sizing *exact,
        const struct sizing *rounded, const struct sizing_here *here)
{
    char a[40], b[40], c[40];

    print_inputs(inputs);
    print_row("", "rounded", "exact", "as measured here");
    print_row("servers for connections", amount(rounded->servers, a, sizeof(a)),
            amount(exact->servers, b, sizeof(b)), "");
    print_row("text a day", size_of(rounded->bytes_per_day, a, sizeof(a)),
            size_of(exact->bytes_per_day, b, sizeof(b)),
            size_of(here->bytes_per_day, c, sizeof(c)));
    print_row("a second, each way", size_of(rounded->bytes_per_second, a, sizeof(a)),
            size_of(exact->bytes_per_second, b, sizeof(b)), "");
    print_row("in all", size_of(rounded->bytes, a, sizeof(a)), size_of(exact->bytes, b, sizeof(b)),
            size_of(here->bytes, c, sizeof(c)));
    print_row("shards", amount(rounded->shards, a, sizeof(a)), amount(exact->shards, b, sizeof(b)),
            amount(here->shards, c, sizeof(c)));
    printf("\nmessages a second, even over the day: %s; processes for them: %.0f, cores: %.1f\n",
            amount(exact->messages_per_second, a, sizeof(a)), here->processes_for_messages,
            here->cores_for_messages);
    printf("memory of a server's connections: %s, with TLS %s\n",
            size_of(here->server_memory_bytes, a, sizeof(a)),
            size_of(here->server_tls_memory_bytes, b, sizeof(b)));
    printf("\nrounded: bytes in all down to two digits, shards from that; a second up to the next "
           "half digit\nas measured here, %.0f bytes a message in both users' copies:\n",
            here->stored_bytes_per_message);
    for (size_t i = 0; i < MEASURED_COUNT; i++) {
        printf("  %-26s %8g %s (measurement %s)\n", sizing_measured[i].name,
                sizing_measured[i].value, sizing_measured[i].unit, sizing_measured[i].source);
    }
}

enum exit_code capacity_plan(const struct rpc *rpc, const struct arguments *arguments)
{
    struct sizing_inputs inputs;

    if (!read_inputs(rpc, arguments, &inputs)) {
        return EXIT_USAGE;
    }
    const struct sizing exact = sizing_compute(&inputs), rounded = sizing_round(&inputs);
    const struct sizing_here here = sizing_compute_here(&inputs);
    if (rpc->is_json) {
        print_plan_json(&inputs, &exact, &rounded, &here);
    } else {
        print_plan(&inputs, &exact, &rounded, &here);
    }
    return EXIT_OK;
}

struct server {
    uint64_t users, conversations, messages; // copies, as on disk
    uint64_t file_bytes, memory_bytes;
    uint64_t log_bytes, free_bytes, needed_bytes, disk_bytes;
    uint64_t uptime_s, entries; // stored since the start
    // What follows from them; below 0: not known.
    double bytes_per_message; // both copies
    double messages_per_day;
    double days_left;
};

static void add_partitions(struct server *server, const struct json *result)
{
    const struct json *list = json_get(result, "partitions");

    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *partition = json_at(list, i);
        server->users += output_uint(partition, "users");
        server->conversations += output_uint(partition, "conversations");
        server->messages += output_uint(partition, "messages");
        server->file_bytes += output_uint(partition, "bytes");
    }
}

// Directories of data on other file systems: those whose figures differ.
static void add_places(struct server *server, const struct json *places)
{
    for (size_t i = 0; i < json_count(places); i++) {
        uint64_t bytes = output_uint(json_at(places, i), "bytes");
        uint64_t free_bytes = output_uint(json_at(places, i), "free_bytes");
        bool is_other = true;
        for (size_t j = 0; j < i; j++) {
            is_other = is_other &&
                    (output_uint(json_at(places, j), "bytes") != bytes ||
                            output_uint(json_at(places, j), "free_bytes") != free_bytes);
        }
        if (i > 0 && is_other) {
            server->disk_bytes += bytes;
            server->free_bytes += free_bytes;
        }
    }
}

static void add_status(struct server *server, const struct json *status)
{
    const struct json *disk = json_get(status, "disk");

    server->memory_bytes = output_uint(json_get(status, "partitions"), "memory_bytes");
    server->log_bytes = output_uint(json_get(status, "log"), "tail_bytes");
    server->free_bytes = output_uint(disk, "free_bytes");
    server->disk_bytes = output_uint(disk, "bytes");
    server->needed_bytes = output_uint(disk, "needed_bytes");
    add_places(server, json_get(status, "places"));
    server->uptime_s = output_uint(status, "uptime_s");
    server->entries = output_uint(status, "entries");
}

static void conclude(struct server *server)
{
    double room = (double)server->free_bytes - (double)server->needed_bytes;

    server->bytes_per_message = server->messages < 2 * MEASURABLE_MESSAGES
            ? -1
            : 2 * (double)server->file_bytes / (double)server->messages;
    server->messages_per_day = server->uptime_s == 0 || server->entries == 0
            ? -1
            : (double)server->entries * 86400 / (double)server->uptime_s;
    double cost = server->bytes_per_message > 0 ? server->bytes_per_message
                                                : sizing_measured[MEASURED_STORED_BYTES].value;
    server->days_left = server->messages_per_day < 0 || room < 0
            ? -1
            : room / (server->messages_per_day * cost);
}

static void print_server_json(const struct server *server)
{
    printf("{\"users\":%" PRIu64 ",\"conversations\":%" PRIu64 ",\"messages\":%" PRIu64
           ",\"file_bytes\":%" PRIu64 ",\"memory_bytes\":%" PRIu64 ",\"log_bytes\":%" PRIu64
           ",\"free_bytes\":%" PRIu64 ",\"uptime_s\":%" PRIu64 ",\"entries\":%" PRIu64,
            server->users, server->conversations / 2, server->messages / 2, server->file_bytes,
            server->memory_bytes, server->log_bytes, server->free_bytes, server->uptime_s,
            server->entries);
    if (server->bytes_per_message > 0) {
        printf(",\"bytes_per_message\":%.0f", server->bytes_per_message);
    }
    if (server->messages_per_day > 0) {
        printf(",\"messages_per_day\":%.0f", server->messages_per_day);
    }
    if (server->days_left >= 0) {
        printf(",\"days_left\":%.0f", server->days_left);
    }
    printf("}\n");
}

static void print_growth(const struct server *server)
{
    char a[40];

    if (server->bytes_per_message > 0) {
        printf("a message      %.0f bytes in both copies: size of the files by the messages in "
               "them\n",
                server->bytes_per_message);
    } else {
        printf("a message      fewer than %d are in the files: reckoned with %.0f bytes, as "
               "measured elsewhere\n",
                MEASURABLE_MESSAGES, sizing_measured[MEASURED_STORED_BYTES].value);
    }
    if (server->messages_per_day < 0) {
        printf("growth         nothing was written since the start: not known\n");
        return;
    }
    printf("growth         %s messages a day: %" PRIu64 " since the start, %" PRIu64 " s ago%s\n",
            amount(server->messages_per_day, a, sizeof(a)), server->entries, server->uptime_s,
            server->uptime_s < 86400 ? " (less than a day: a guess)" : "");
    if (server->days_left >= 0) {
        printf("the disk lasts %s days, if it goes on like that, nothing else uses the disk and "
               "retention takes nothing away\n",
                amount(server->days_left, a, sizeof(a)));
    } else {
        printf("the disk       is full: less than the %s that are needed are free\n",
                output_size(server->needed_bytes));
    }
}

static void print_server(const struct server *server)
{
    printf("users          %" PRIu64 "\n", server->users);
    printf("conversations  %" PRIu64 "\n", server->conversations / 2);
    printf("messages       %" PRIu64 "\n", server->messages / 2);
    printf("               as of the partitions' files: what is only in the log is not counted\n");
    printf("on disk        %s in partitions, %s of log that is not there yet\n",
            output_size(server->file_bytes), output_size(server->log_bytes));
    printf("in memory      %s of messages\n", output_size(server->memory_bytes));
    printf("free disk      %s of %s; below %s sends are refused\n", output_size(server->free_bytes),
            output_size(server->disk_bytes), output_size(server->needed_bytes));
    print_growth(server);
}

enum exit_code capacity_show(const struct rpc *rpc, const struct arguments *arguments)
{
    struct server server = { 0 };
    struct json *root;
    const struct json *result;
    enum exit_code code = rpc_call(rpc, "admin.status", NULL, &root, &result);

    (void)arguments;
    if (code != EXIT_OK) {
        return code;
    }
    add_status(&server, result);
    json_destroy(root);
    code = rpc_call(rpc, "admin.partition.list", NULL, &root, &result);
    if (code != EXIT_OK) {
        return code;
    }
    add_partitions(&server, result);
    json_destroy(root);
    conclude(&server);
    if (rpc->is_json) {
        print_server_json(&server);
    } else {
        print_server(&server);
    }
    return EXIT_OK;
}

// SPDX-License-Identifier: MIT
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "output.h"
#include "partition.h"

bool partition_number(const struct rpc *rpc, const char *word, uint64_t *number)
{
    char *end;

    *number = strtoul(word, &end, 10);
    if (*end != '\0' || end == word || *word == '-' || *number > UINT16_MAX) {
        complain(rpc->is_json, "usage", "NUMBER is a partition's number, as in \"partition list\"");
        return false;
    }
    return true;
}

static void print_line(const struct json *partition)
{
    struct bytes state = output_text(partition, "state");
    struct bytes reason = output_text(partition, "reason");
    struct bytes directory = output_text(partition, "directory");

    printf("%9" PRIu64 "  %-11.*s %8" PRIu64 " %13" PRIu64 " %10" PRIu64 " %10s %10s  ",
            output_uint(partition, "partition"), (int)state.size, state.data,
            output_uint(partition, "users"), output_uint(partition, "conversations"),
            output_uint(partition, "messages"), output_size(output_uint(partition, "bytes")),
            output_size(output_uint(partition, "memory_bytes")));
    output_label(directory);
    fputs(reason.size > 0 ? "  " : "", stdout);
    output_label(reason);
    putchar('\n');
}

static void print_heading(void)
{
    printf("partition  state          users conversations   messages       file     memory  directory\n");
}

enum exit_code partition_list(const struct rpc *rpc, const struct arguments *arguments)
{
    struct json *root;
    const struct json *result;
    enum exit_code code = rpc_call(rpc, "admin.partition.list", NULL, &root, &result);

    if (code != EXIT_OK) {
        return code;
    }
    if (arguments->is_json) {
        output_json(result);
        json_destroy(root);
        return EXIT_OK;
    }
    const struct json *list = json_get(result, "partitions");
    size_t empty_count = 0;
    print_heading();
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *partition = json_at(list, i);
        if (bytes_equal(output_text(partition, "state"), bytes_of("empty"))) {
            empty_count++;
        } else {
            print_line(partition);
        }
    }
    printf("%zu partitions, %zu of them empty; users, conversations and messages as on disk\n",
            json_count(list), empty_count);
    json_destroy(root);
    return EXIT_OK;
}

static void print_largest(const struct json *largest)
{
    if (json_count(largest) > 0) {
        printf("largest users                       entries  own messages\n");
    }
    for (size_t i = 0; i < json_count(largest); i++) {
        const struct json *user = json_at(largest, i);
        struct bytes name = output_text(user, "user");
        printf("%-32.*s %10" PRIu64 " %13s\n", (int)name.size, name.data,
                output_uint(user, "entries"), output_size(output_uint(user, "stored_bytes")));
    }
}

enum exit_code partition_show(const struct rpc *rpc, const struct arguments *arguments)
{
    struct buffer params = { 0 };
    struct json *root;
    const struct json *result;
    uint64_t number;

    if (!partition_number(rpc, arguments->operands[0], &number)) {
        return EXIT_USAGE;
    }
    buffer_print(&params, "{\"partition\":%" PRIu64 "}", number);
    enum exit_code code = rpc_call(rpc, "admin.partition.show", &params, &root, &result);
    buffer_finish(&params);
    if (code != EXIT_OK) {
        return code;
    }
    if (arguments->is_json) {
        output_json(result);
    } else {
        print_heading();
        print_line(result);
        printf("applied up to log index %" PRIu64 ", on disk up to %" PRIu64 "\n",
                output_uint(result, "applied"), output_uint(result, "on_disk"));
        print_largest(json_get(result, "largest"));
    }
    json_destroy(root);
    return EXIT_OK;
}

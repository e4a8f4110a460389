// SPDX-License-Identifier: MIT
// trace: the life of one message in plain lines, and what of it is not kept.

#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "history.h"
#include "output.h"

static bool flag(const struct json *object, const char *key)
{
    bool is_set = false;

    (void)json_read_bool(json_get(object, key), &is_set);
    return is_set;
}

static int width(struct bytes text)
{
    return (int)text.size;
}

static void print_stored(const struct json *trace)
{
    struct bytes from = output_text(trace, "from"), to = output_text(trace, "to"),
                 ts = output_text(trace, "ts"), device = output_text(trace, "device"),
                 kind = output_text(trace, "kind");
    uint64_t counter = output_uint(trace, "counter");

    printf("message        %" PRIu64 ", from %.*s to %.*s", output_uint(trace, "seq"), width(from),
            from.data, width(to), to.data);
    if (kind.size > 0) {
        printf(", the %.*s of message %" PRIu64, width(kind), kind.data,
                output_uint(trace, "target"));
    }
    printf("\n%-14s %.*s%s\n", "stored", width(ts), ts.data,
            flag(trace, "imported") ? ", as the time of the import file says" : "");
    printf("by device      %.*s", width(device), device.data);
    if (counter > 0) {
        printf(", its counter %" PRIu64 "\n", counter);
    } else {
        printf(", without a counter: this send could not be repeated\n");
    }
}

static void print_copies(const struct json *trace)
{
    const struct json *copies = json_get(trace, "copies");
    bool is_whole = true;

    for (size_t i = 0; i < json_count(copies); i++) {
        const struct json *copy = json_at(copies, i);
        struct bytes user = output_text(copy, "user"), digest = output_text(copy, "digest");
        is_whole = is_whole && flag(copy, "there");
        if (!flag(copy, "there")) {
            printf("copy           of %.*s: %s\n", width(user), user.data,
                    flag(copy, "expired") ? "the message has expired" : "the message is NOT there");
            continue;
        }
        printf("copy           of %.*s: partition %" PRIu64 ", place %" PRIu64
               " in the mailbox, digest %.*s\n",
                width(user), user.data, output_uint(copy, "partition"), output_uint(copy, "place"),
                width(digest), digest.data);
        if (flag(copy, "in_file")) {
            printf("               in the partition's file\n");
        } else {
            printf("               in memory and in the log, between index %" PRIu64 " and %" PRIu64
                   "\n",
                    output_uint(copy, "on_disk") + 1, output_uint(copy, "applied"));
        }
    }
    printf("copies         %s\n",
            !flag(trace, "alike") ? "are NOT alike"
                    : is_whole    ? "are alike"
                                  : "can't be compared");
}

static void print_changes(const struct json *trace)
{
    const struct json *changes = json_get(trace, "changes");

    for (size_t i = 0; i < json_count(changes); i++) {
        const struct json *change = json_at(changes, i);
        struct bytes ts = output_text(change, "ts"), from = output_text(change, "from");
        bool is_edit = bytes_equal(output_text(change, "kind"), bytes_of("edit"));
        printf("%-14s %.*s, by %.*s: entry %" PRIu64 "\n", is_edit ? "edited" : "deleted",
                width(ts), ts.data, width(from), from.data, output_uint(change, "seq"));
    }
    if (json_count(changes) == 0) {
        printf("changed        never\n");
    }
}

// What an acknowledgement tells: it names a place of the mailbox, not a message.
static void print_devices(const struct json *trace)
{
    const struct json *devices = json_get(trace, "devices");

    for (size_t i = 0; i < json_count(devices); i++) {
        const struct json *device = json_at(devices, i);
        struct bytes user = output_text(device, "user"), id = output_text(device, "device");
        printf("device         %.*s of %.*s", width(id), id.data, width(user), user.data);
        if (output_text(device, "label").size > 0) {
            printf(" (");
            output_label(output_text(device, "label"));
            putchar(')');
        }
        printf("%s%s: %s\n", flag(device, "consumer") ? ", a consumer" : "",
                flag(device, "revoked") ? ", revoked" : "",
                flag(device, "wrote")                  ? "wrote it"
                        : flag(device, "acknowledged") ? "was shown it, and acknowledged"
                                                       : "has not acknowledged it");
    }
}

static void print_trace(const struct json *trace)
{
    struct bytes hash = output_text(trace, "hash"), to = output_text(trace, "to");

    print_stored(trace);
    printf("hash           %.*s of the first text\n", width(hash), hash.data);
    print_copies(trace);
    print_changes(trace);
    printf("delivered      %s\n",
            flag(trace, "delivered") ? "yes: a device of the receiver acknowledged it" : "not yet");
    printf("read           %s", flag(trace, "read") ? "yes, by " : "not yet by ");
    printf("%.*s\n", width(to), to.data);
    print_devices(trace);
    printf("not kept       when it was pushed, delivered and read (only up to which message), and "
           "who was\n               shown it without acknowledging\n");
}

// The text is asked for only here: nothing else of this command ever sees it.
static enum exit_code print_text(const struct rpc *rpc, const struct arguments *arguments,
        uint64_t seq)
{
    struct json *root;
    const struct json *result;
    enum exit_code code = history_ask_entries(rpc, arguments->operands[0], arguments->operands[1],
            seq - 1, 1, &root, &result);

    if (code != EXIT_OK) {
        return code;
    }
    const struct json *entry = json_at(json_get(result, "entries"), 0);
    if (rpc->is_json) {
        output_json(entry);
    } else {
        printf("text           ");
        output_label(output_text(entry, "text"));
        printf("\n");
    }
    json_destroy(root);
    return EXIT_OK;
}

enum exit_code trace_show(const struct rpc *rpc, const struct arguments *arguments)
{
    struct buffer params = { 0 };
    struct json *root;
    const struct json *result;
    char *end;
    unsigned long long seq = strtoull(arguments->operands[2], &end, 10);

    if (*end != '\0' || seq == 0 || arguments->operands[2][0] == '-') {
        complain(rpc->is_json, "usage", "SEQ is the number of a message in its conversation");
        return EXIT_USAGE;
    }
    history_add_pair(&params, arguments->operands[0], arguments->operands[1]);
    buffer_print(&params, ",\"seq\":%llu}", seq);
    enum exit_code code = rpc_call(rpc, "admin.trace", &params, &root, &result);
    buffer_finish(&params);
    if (code != EXIT_OK) {
        return code;
    }
    if (rpc->is_json) {
        output_json(result);
    } else {
        print_trace(result);
    }
    bool is_alike = flag(result, "alike");
    json_destroy(root);
    if (arguments->has_text) {
        code = print_text(rpc, arguments, seq);
    }
    return code == EXIT_OK && !is_alike ? EXIT_CHECK_FAILED : code;
}

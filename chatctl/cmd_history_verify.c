// SPDX-License-Identifier: MIT
// history verify: digests computed again, of what the server holds or of a file.

#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "history.h"
#include "history_file.h"
#include "output.h"
#include "progress.h"

struct verification {
    const struct rpc *rpc;
    const char *user;
    uint64_t conversation_count, entry_count, bad_count;
    uint64_t total;
};

static void tell_bad(struct verification *verification, const struct json *verdict)
{
    struct bytes peer = output_text(verdict, "peer"), problem = output_text(verdict, "problem"),
                 copy = output_text(verdict, "copy");
    uint64_t seq = output_uint(verdict, "seq");
    bool is_peer = bytes_equal(copy, bytes_of("peer"));
    bool is_both = bytes_equal(copy, bytes_of("both"));

    verification->bad_count++;
    progress_end();
    if (verification->rpc->is_json) {
        output_json(verdict);
        return;
    }
    printf("wrong    %s with %.*s", verification->user, (int)peer.size, peer.data);
    if (seq > 0) {
        printf(", entry %" PRIu64, seq);
    }
    printf(", %s%.*s: %.*s\n", is_both ? "both copies" : "the copy of ",
            is_both           ? 0
                    : is_peer ? (int)peer.size
                              : (int)strlen(verification->user),
            is_peer ? peer.data : verification->user, (int)problem.size, problem.data);
}

static enum exit_code verify_copy(void *context, const struct json *copy)
{
    struct verification *verification = context;
    struct bytes name = output_text(copy, "peer");
    char peer[NAME_BYTES_MAX + 1];
    struct buffer params = { 0 };
    struct json *root;
    const struct json *verdict;
    bool is_good = false;

    snprintf(peer, sizeof(peer), "%.*s", (int)name.size, name.data);
    history_add_pair(&params, verification->user, peer);
    buffer_add_byte(&params, '}');
    enum exit_code code =
            rpc_call(verification->rpc, "admin.history.verify", &params, &root, &verdict);
    buffer_finish(&params);
    if (code != EXIT_OK) {
        return code;
    }
    verification->conversation_count++;
    verification->entry_count += output_uint(verdict, "entries");
    (void)json_read_bool(json_get(verdict, "good"), &is_good);
    if (!is_good) {
        tell_bad(verification, verdict);
    }
    progress_count("verify", verification->entry_count, verification->total);
    json_destroy(root);
    return EXIT_OK;
}

static enum exit_code verify_user(const struct rpc *rpc, const char *user)
{
    struct verification verification = { .rpc = rpc, .user = user };
    enum exit_code code = history_count(rpc, user, NULL, &verification.total);

    if (code != EXIT_OK) {
        return code;
    }
    code = history_each_copy(rpc, user, NULL, verify_copy, &verification);
    progress_end();
    if (code != EXIT_OK) {
        return code;
    }
    printf(rpc->is_json ? "{\"conversations\":%" PRIu64 ",\"entries\":%" PRIu64 ",\"bad\":%" PRIu64
                          "}\n"
                        : "%" PRIu64 " conversations with %" PRIu64
                          " entries, both copies of each read: %" PRIu64 " wrong\n",
            verification.conversation_count, verification.entry_count, verification.bad_count);
    return verification.bad_count == 0 ? EXIT_OK : EXIT_CHECK_FAILED;
}

static enum exit_code verify_file(const struct rpc *rpc, const char *path)
{
    struct history_reader reader;
    enum history_line line = HISTORY_BAD;
    uint64_t done, total;

    if (history_reader_open(&reader, path)) {
        do {
            line = history_reader_next(&reader);
            history_reader_position(&reader, &done, &total);
            progress_bytes("verify", done, total);
        } while (line == HISTORY_CONVERSATION || line == HISTORY_ENTRY);
        progress_end();
    }
    if (line == HISTORY_END) {
        printf(rpc->is_json ? "{\"user\":\"%s\",\"conversations\":%" PRIu64 ",\"entries\":%" PRIu64
                              ",\"bad\":0}\n"
                            : "a good history of %s: %" PRIu64 " conversations with %" PRIu64
                              " entries\n",
                reader.user.text, reader.conversation_count, reader.entry_count);
    } else {
        complain(rpc->is_json, "check", "%s: %s", path, reader.reason);
    }
    history_reader_close(&reader);
    return line == HISTORY_END ? EXIT_OK : EXIT_CHECK_FAILED;
}

enum exit_code history_verify(const struct rpc *rpc, const struct arguments *arguments)
{
    const char *operand = arguments->operands[0];
    bool is_file = strchr(operand, '/') != NULL || access(operand, F_OK) == 0 ||
            !name_is_valid(bytes_of(operand));

    return is_file ? verify_file(rpc, operand) : verify_user(rpc, operand);
}

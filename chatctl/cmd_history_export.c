// SPDX-License-Identifier: MIT
// history export: all that a user's conversations hold, to be read anywhere and imported again.

#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "history.h"
#include "history_file.h"
#include "output.h"
#include "progress.h"
#include "shared/limits.h"

struct export
{
    const struct rpc *rpc;
    const char *user;
    FILE *stream;
    struct history_writer *writer; // not before the server has answered
    uint64_t total;                // entries, as far as their numbers tell
};

// The entries of one answer, up to `head`. *upto is the last one of them.
static void add_page(struct export *export, const struct json *result, uint64_t head,
        uint64_t *upto)
{
    const struct json *entries = json_get(result, "entries");

    for (size_t i = 0; i < json_count(entries); i++) {
        uint64_t seq = output_uint(json_at(entries, i), "seq");
        if (seq <= head) {
            history_writer_add(export->writer, json_at(entries, i));
            *upto = seq;
        }
    }
    progress_count("export", history_writer_entry_count(export->writer), export->total);
}

// Up to the head of the first answer: what is written meanwhile is for the next export.
static enum exit_code export_copy(void *context, const struct json *copy)
{
    struct export *export = context;
    char peer[NAME_BYTES_MAX + 1];
    struct bytes name = output_text(copy, "peer");
    uint64_t head = 0, upto = 0;
    enum exit_code code = EXIT_OK;

    snprintf(peer, sizeof(peer), "%.*s", (int)name.size, name.data);
    do {
        struct json *root;
        const struct json *result;
        bool is_first = head == 0;
        uint64_t before = upto;
        code = history_ask_entries(export->rpc, export->user, peer, upto, HISTORY_LIMIT_MAX, &root,
                &result);
        if (code != EXIT_OK) {
            return code;
        }
        if (is_first) {
            head = output_uint(result, "head_seq");
            history_writer_begin(export->writer, result);
        }
        add_page(export, result, head, &upto);
        json_destroy(root);
        if (upto == before && head > upto) {
            break; // the digest tells
        }
    } while (upto < head);
    if (!history_writer_fits(export->writer)) {
        complain(export->rpc->is_json, "damaged",
                "the entries of %s with %s do not give their digest: chatctl history verify %s "
                "says where; if retention was just at work, try again",
                export->user, peer, export->user);
        return EXIT_CHECK_FAILED;
    }
    return EXIT_OK;
}

static enum exit_code write_all(struct export *export, const char *peer)
{
    enum exit_code code = history_count(export->rpc, export->user, peer, &export->total);

    if (code != EXIT_OK) {
        return code;
    }
    export->writer = history_writer_create(export->stream, export->user);
    if (export->writer == NULL) {
        return EXIT_FAILED;
    }
    code = history_each_copy(export->rpc, export->user, peer, export_copy, export);
    progress_end();
    if (code == EXIT_OK && !history_writer_end(export->writer)) {
        complain(export->rpc->is_json, "file", "cannot write: %s", strerror(errno));
        code = EXIT_FAILED;
    }
    return code;
}

// A new file that only its owner can read; under another name until it is whole.
static FILE *create_file(const char *path, char *begun, size_t begun_bytes)
{
    int fd;

    if (snprintf(begun, begun_bytes, "%s.part", path) >= (int)begun_bytes) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    if (access(path, F_OK) == 0) {
        errno = EEXIST;
        return NULL;
    }
    fd = open(begun, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? NULL : fdopen(fd, "w");
}

static enum exit_code close_file(const struct rpc *rpc, FILE *file, const char *begun,
        const char *path, enum exit_code code)
{
    bool is_good = code == EXIT_OK && fsync(fileno(file)) == 0;

    is_good = fclose(file) == 0 && is_good;
    if (is_good && rename(begun, path) == 0) {
        return EXIT_OK;
    }
    if (code == EXIT_OK) {
        complain(rpc->is_json, "file", "cannot write %s: %s", path, strerror(errno));
        code = EXIT_FAILED;
    }
    (void)unlink(begun);
    return code;
}

enum exit_code history_export(const struct rpc *rpc, const struct arguments *arguments)
{
    struct export export = { .rpc = rpc, .user = arguments->operands[0] };
    const char *path = arguments->output;
    char begun[1000];
    FILE *file = path == NULL ? stdout : create_file(path, begun, sizeof(begun));

    if (file == NULL) {
        complain(rpc->is_json, "file", "cannot write %s: %s", path, strerror(errno));
        return errno == EEXIST ? EXIT_REFUSED : EXIT_FAILED;
    }
    export.stream = file;
    enum exit_code code = write_all(&export, arguments->peer);
    uint64_t count = export.writer == NULL ? 0 : history_writer_entry_count(export.writer);
    history_writer_destroy(export.writer);
    if (path != NULL) {
        code = close_file(rpc, file, begun, path, code);
    }
    if (code == EXIT_OK && path != NULL) {
        printf(rpc->is_json ? "{\"entries\":%" PRIu64 "}\n" : "%" PRIu64 " entries written\n",
                count);
    }
    return code;
}

// SPDX-License-Identifier: MIT
// history import: the file is read three times: whether all of it is good, whether its users are
// here and where each conversation is, and then to send what is missing. So it can be run again.

#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "history_file.h"
#include "history_lines.h"
#include "output.h"
#include "progress.h"
#include "shared/limits.h"

// What an entry may take in a record beside its text.
#define ENTRY_BYTES_MAX 64

struct import {
    const struct rpc *rpc;
    const struct arguments *arguments;
    const char *path;
    uint64_t imported, there, refused, entry_count;
    uint64_t missing_count;
    // The conversation under way.
    bool is_open;  // entries behind `have` are to be sent
    uint64_t have; // entries that the server has
    uint64_t have_digest;
    struct buffer lines; // of the next request
    uint32_t waiting, waiting_bytes;
    uint64_t before_digest; // of the entry before the first one waiting
    char failure[900];
};

static void tell(struct import *import, const struct history_reader *reader, const char *outcome,
        const char *detail)
{
    if (import->rpc->is_json) {
        struct buffer line = { 0 };
        buffer_print(&line, "{\"user\":\"%s\",\"peer\":\"%s\",\"outcome\":\"%s\",\"detail\":",
                reader->user.text, reader->peer.text, outcome);
        json_add_string(&line, bytes_of(detail));
        buffer_add_literal(&line, "}\n");
        fwrite(line.data, 1, line.bytes, stdout);
        buffer_finish(&line);
    } else {
        progress_end();
        printf("%-9s %s with %s: %s\n", outcome, reader->user.text, reader->peer.text, detail);
    }
}

// The whole file, before anything is done with it.
static enum exit_code check_file(const struct rpc *rpc, const char *path)
{
    struct history_reader reader;
    enum history_line line = HISTORY_BAD;

    if (history_reader_open(&reader, path)) {
        do {
            line = history_reader_next(&reader);
        } while (line == HISTORY_CONVERSATION || line == HISTORY_ENTRY);
    }
    if (line != HISTORY_END) {
        complain(rpc->is_json, "check", "%s: %s; nothing was imported", path, reader.reason);
    }
    history_reader_close(&reader);
    return line == HISTORY_END ? EXIT_OK : EXIT_CHECK_FAILED;
}

static enum exit_code look_for_user(struct import *import, const char *name)
{
    struct buffer params = { 0 };
    struct json *root;
    const struct json *result;
    struct rpc_failure failure;

    buffer_print(&params, "{\"user\":\"%s\"}", name);
    enum exit_code code =
            rpc_ask(import->rpc, "admin.user.show", &params, &root, &result, &failure);
    buffer_finish(&params);
    bool is_missing = code == EXIT_NOT_FOUND;
    if (code == EXIT_OK) {
        struct bytes state = output_text(result, "state");
        is_missing =
                bytes_equal(state, bytes_of("invited")) || bytes_equal(state, bytes_of("deleted"));
        json_destroy(root);
    } else if (!is_missing) {
        complain(import->rpc->is_json, failure.kind, "%s", failure.message);
        return code;
    }
    if (is_missing) {
        import->missing_count++;
        if (!import->rpc->is_json) {
            fprintf(stderr, "chatctl: there is no user %s: chatctl user add %s\n", name, name);
        }
    }
    return EXIT_OK;
}

// All who are named must be here; everybody who is not is told at once.
static enum exit_code check_users(struct import *import)
{
    struct history_reader reader;
    enum history_line line;
    enum exit_code code = EXIT_OK;

    if (!history_reader_open(&reader, import->path)) {
        history_reader_close(&reader);
        return EXIT_FAILED;
    }
    code = look_for_user(import, reader.user.text);
    do {
        line = history_reader_next(&reader);
        if (code == EXIT_OK && line == HISTORY_CONVERSATION) {
            code = look_for_user(import, reader.peer.text);
        }
    } while (line == HISTORY_CONVERSATION || line == HISTORY_ENTRY);
    history_reader_close(&reader);
    if (code == EXIT_OK && import->missing_count > 0) {
        complain(import->rpc->is_json, "not_found",
                "%" PRIu64 " of the users of this file are not here: add them first; nothing was "
                "imported",
                import->missing_count);
        return EXIT_NOT_FOUND;
    }
    return code;
}

static enum exit_code find_copy(void *context, const struct json *copy)
{
    struct import *import = context;
    import->have = output_uint(copy, "head_seq");
    (void)digest_read(output_text(copy, "digest"), &import->have_digest);
    return EXIT_OK;
}

// Has it, and more has been written here since: whether it is the same is told by a message's
// trace.
static bool has_same_beginning(const struct import *import, const struct history_reader *reader)
{
    struct buffer params = { 0 };
    struct json *root;
    const struct json *trace;
    struct rpc_failure failure;
    char expected[17];

    history_add_pair(&params, reader->user.text, reader->peer.text);
    buffer_print(&params, ",\"seq\":%" PRIu64 "}", reader->head);
    enum exit_code code = rpc_ask(import->rpc, "admin.trace", &params, &root, &trace, &failure);
    buffer_finish(&params);
    if (code != EXIT_OK) {
        return false;
    }
    snprintf(expected, sizeof(expected), "%016" PRIx64, reader->head_digest);
    struct bytes found = output_text(json_at(json_get(trace, "copies"), 0), "digest");
    bool is_same = bytes_equal(found, bytes_of(expected));
    json_destroy(root);
    return is_same;
}

static void refuse(struct import *import, const struct history_reader *reader, const char *why)
{
    import->is_open = false;
    import->refused++;
    tell(import, reader, "refused", why);
}

static enum exit_code begin(struct import *import, const struct history_reader *reader)
{
    import->have = 0;
    import->have_digest = reader->floor_digest;
    import->before_digest = reader->floor_digest;
    import->is_open = true;
    enum exit_code code =
            history_each_copy(import->rpc, reader->user.text, reader->peer.text, find_copy, import);
    if (code != EXIT_OK) {
        return code;
    }
    bool is_all = import->have == reader->head && import->have_digest == reader->head_digest;
    if (is_all || (import->have > reader->head && has_same_beginning(import, reader))) {
        import->is_open = false;
        import->there++;
        tell(import, reader, "there",
                is_all ? "is here already, the same" : "is here already, and newer messages");
    } else if (import->have >= reader->head) {
        refuse(import, reader, "something else is here: an import needs an empty conversation");
    }
    return EXIT_OK;
}

// False: the server refused; failure says why.
static bool send_waiting(struct import *import, const struct history_reader *reader)
{
    struct buffer params = { 0 };
    struct json *root;
    const struct json *result;
    struct rpc_failure failure;

    if (import->waiting == 0) {
        return true;
    }
    history_add_pair(&params, reader->user.text, reader->peer.text);
    buffer_print(&params, ",\"seq\":%" PRIu64 ",\"digest\":\"%016" PRIx64 "\",\"entries\":[",
            reader->head, import->before_digest);
    buffer_add(&params, import->lines.data, import->lines.bytes);
    buffer_add_literal(&params, "]}");
    enum exit_code code =
            rpc_ask(import->rpc, "admin.history.import", &params, &root, &result, &failure);
    buffer_finish(&params);
    buffer_clear(&import->lines);
    if (code != EXIT_OK) {
        snprintf(import->failure, sizeof(import->failure), "%s", failure.message);
        return false;
    }
    json_destroy(root);
    import->entry_count += import->waiting;
    import->waiting = import->waiting_bytes = 0;
    return true;
}

static void finish(struct import *import, const struct history_reader *reader)
{
    char detail[120];

    if (!send_waiting(import, reader)) {
        refuse(import, reader, import->failure);
        return;
    }
    import->is_open = false;
    import->imported++;
    snprintf(detail, sizeof(detail), "entries %" PRIu64 " to %" PRIu64,
            import->have >= reader->floor ? import->have + 1 : reader->floor, reader->head);
    tell(import, reader, import->arguments->is_dry_run ? "would" : "imported", detail);
}

static void take_entry(struct import *import, const struct history_reader *reader, uint64_t before)
{
    if (!import->is_open) {
        return;
    }
    if (reader->seq <= import->have) {
        if (reader->seq == import->have && reader->digest != import->have_digest) {
            refuse(import, reader, "something else is here: an import needs an empty conversation");
        }
        return;
    }
    uint32_t bytes = reader->text_bytes + ENTRY_BYTES_MAX;
    bool is_full = import->waiting == IMPORT_ENTRIES_MAX ||
            import->waiting_bytes + bytes > IMPORT_BYTES_MAX ||
            import->lines.bytes + reader->entry.size > FRAME_BYTES_MAX_AFTER / 2;
    if (is_full && !send_waiting(import, reader)) {
        refuse(import, reader, import->failure);
        return;
    }
    if (!import->arguments->is_dry_run) {
        if (import->waiting == 0) {
            import->before_digest = before;
        } else {
            buffer_add_byte(&import->lines, ',');
        }
        buffer_add(&import->lines, reader->entry.data, reader->entry.size);
        import->waiting++;
        import->waiting_bytes += bytes;
    }
    if (reader->seq == reader->head) {
        finish(import, reader);
    }
}

static enum exit_code send_all(struct import *import)
{
    struct history_reader reader;
    enum exit_code code = EXIT_OK;
    enum history_line line;
    uint64_t done, total;

    if (!history_reader_open(&reader, import->path)) {
        history_reader_close(&reader);
        return EXIT_FAILED;
    }
    do {
        uint64_t before = reader.digest;
        line = history_reader_next(&reader);
        if (line == HISTORY_CONVERSATION) {
            import->waiting = import->waiting_bytes = 0;
            code = begin(import, &reader);
        } else if (line == HISTORY_ENTRY) {
            take_entry(import, &reader, before);
        }
        history_reader_position(&reader, &done, &total);
        progress_bytes("import", done, total);
    } while (code == EXIT_OK && (line == HISTORY_CONVERSATION || line == HISTORY_ENTRY));
    progress_end();
    history_reader_close(&reader);
    return code == EXIT_OK && line == HISTORY_BAD ? EXIT_FAILED : code;
}

enum exit_code history_import(const struct rpc *rpc, const struct arguments *arguments)
{
    struct import import = {
        .rpc = rpc,
        .arguments = arguments,
        .path = arguments->operands[0],
    };
    enum exit_code code = check_file(rpc, import.path);

    if (code == EXIT_OK) {
        code = check_users(&import);
    }
    if (code == EXIT_OK) {
        code = send_all(&import);
    }
    buffer_finish(&import.lines);
    if (code != EXIT_OK) {
        return code;
    }
    printf(rpc->is_json ? "{\"dry_run\":%s,\"imported\":%" PRIu64 ",\"there\":%" PRIu64
                          ",\"refused\":%" PRIu64 ",\"entries\":%" PRIu64 "}\n"
                        : "%s%" PRIu64 " conversations imported, %" PRIu64 " here already, %" PRIu64
                          " refused; %" PRIu64 " entries sent\n",
            rpc->is_json ? (arguments->is_dry_run ? "true" : "false")
                         : (arguments->is_dry_run ? "would be so: " : ""),
            import.imported, import.there, import.refused, import.entry_count);
    if (import.refused == 0) {
        return EXIT_OK;
    }
    return import.imported + import.there > 0 ? EXIT_PARTLY : EXIT_REFUSED;
}

// SPDX-License-Identifier: MIT
// admin.history.*: what is exported of a user's conversations, and written again.

#include "session/handlers.h"

#include <inttypes.h>
#include <stdlib.h>

#include "session/entry.h"
#include "shared/clock.h"
#include "shared/hex.h"
#include "shared/import_entry.h"
#include "shared/limits.h"

// One read with room for either answer.
struct question {
    struct read read;
    struct call *call;
    struct copies_query copies_query;
    struct copies_page copies;
    struct entries_query entries_query;
    struct entries_page entries;
};

static void ask(struct call *call, const struct question *wanted)
{
    struct question *question = calloc(1, sizeof(*question));
    enum err err = ERR_MEMORY;

    if (question != NULL) {
        *question = *wanted;
        question->call = call;
        err = service_read(call->service, call->request.params.user, &question->read);
    }
    if (err != ERR_OK) {
        free(question);
        call_fail(call, err, NULL);
    }
}

// True when the answer is an error, which ends call and question.
static bool has_failed(struct question *question)
{
    enum err err = question->read.err;

    if (err != ERR_OK) {
        call_fail(question->call, err, err == ERR_NOT_FOUND ? "there is no such user" : NULL);
        free(question);
    }
    return err != ERR_OK;
}

// The fields of a history_copy but its peer.
static void add_copy(struct buffer *out, const struct copy_view *copy)
{
    buffer_print(out, ",\"head_seq\":%" PRIu64 ",\"digest\":", copy->head_seq);
    encode_digest(out, copy->digest);
    buffer_print(out, ",\"floor_seq\":%" PRIu64 ",\"floor_digest\":", copy->floor_seq);
    encode_digest(out, copy->floor_digest);
}

static void run_copies(struct read *read, struct partition *partition)
{
    struct question *question = TASK_OF(read, struct question, read);

    read->err = inspect_copies(partition, &question->copies_query, &question->copies);
}

static void on_copies(struct read *read)
{
    struct question *question = TASK_OF(read, struct question, read);
    struct copies_page *page = &question->copies;
    struct buffer out = { 0 };

    if (has_failed(question)) {
        return;
    }
    call_begin_result(question->call, &out);
    buffer_add_literal(&out, "{\"conversations\":[");
    for (uint32_t i = 0; i < page->count; i++) {
        buffer_print(&out, "%s{\"peer\":", i == 0 ? "" : ",");
        json_add_string(&out, page->copies[i].peer);
        add_copy(&out, &page->copies[i]);
        buffer_add_byte(&out, '}');
    }
    buffer_add_byte(&out, ']');
    if (page->has_more) {
        buffer_add_literal(&out, ",\"continue\":");
        json_add_string(&out, page->copies[page->count - 1].peer);
    }
    buffer_add_byte(&out, '}');
    call_reply(question->call, &out);
    arena_finish(&page->arena);
    free(question);
}

void handle_ADMIN_HISTORY_CONVERSATIONS(struct call *call)
{
    const struct params *params = &call->request.params;

    ask(call,
            &(struct question){
                    .read = { .run = run_copies, .done = on_copies },
                    .copies_query = {
                            .user = params->user,
                            .after = params->continuation,
                            .peer = params->peer,
                            .limit = params->present & P_LIMIT ? (uint32_t)params->limit
                                                               : HISTORY_LIMIT_DEFAULT,
                    },
            });
}

static void run_entries(struct read *read, struct partition *partition)
{
    struct question *question = TASK_OF(read, struct question, read);

    read->err = inspect_entries(partition, &question->entries_query, &question->entries);
}

static void add_flag(struct buffer *out, const char *name, bool is_set)
{
    if (is_set) {
        buffer_print(out, ",\"%s\":true", name);
    }
}

static void add_entry(struct buffer *out, const struct entry_view *entry, struct bytes from)
{

    buffer_print(out, "{\"seq\":%" PRIu64 ",\"ts\":", entry->seq);
    encode_ts(out, entry->ts);
    buffer_add_literal(out, ",\"from\":");
    json_add_string(out, from);
    entry_add_origin(out, entry);
    if (entry->text.size > 0) {
        buffer_add_literal(out, ",\"text\":");
        json_add_string(out, entry->text);
    }
    add_flag(out, "edited", entry->is_edited);
    add_flag(out, "deleted", entry->is_deleted);
    add_flag(out, "imported", entry->is_imported);
    buffer_add_byte(out, '}');
}

static void on_entries(struct read *read)
{
    struct question *question = TASK_OF(read, struct question, read);
    const struct params *params = &question->call->request.params;
    struct entries_page *page = &question->entries;
    struct buffer out = { 0 };

    if (has_failed(question)) {
        return;
    }
    buffer_reserve(&out, 512 + (size_t)page->count * 256);
    call_begin_result(question->call, &out);
    buffer_add_literal(&out, "{\"peer\":");
    json_add_string(&out, params->peer);
    add_copy(&out, &page->copy);
    buffer_add_literal(&out, ",\"entries\":[");
    for (uint32_t i = 0; i < page->count; i++) {
        if (i > 0) {
            buffer_add_byte(&out, ',');
        }
        add_entry(&out, &page->entries[i],
                page->entries[i].is_of_user ? params->user : params->peer);
    }
    buffer_print(&out, "],\"more\":%s}", page->has_more ? "true" : "false");
    call_reply(question->call, &out);
    arena_finish(&page->arena);
    free(question);
}

void handle_ADMIN_HISTORY_ENTRIES(struct call *call)
{
    const struct params *params = &call->request.params;

    ask(call,
            &(struct question){
                    .read = { .run = run_entries, .done = on_entries },
                    .entries_query = {
                            .user = params->user,
                            .peer = params->peer,
                            .after = params->after,
                            .limit = params->present & P_LIMIT ? (uint32_t)params->limit
                                                               : HISTORY_LIMIT_DEFAULT,
                    },
            });
}

// An import: both copies are looked at, then a record is proposed. That nothing else comes between
// is held by the digest, which the record names.
struct import {
    struct read read;
    struct proposal proposal;
    struct call *call;
    struct copies_query query;
    struct copies_page page;
    enum side side;
    uint64_t first_seq, last_seq;
    char hash[16]; // the digests before and behind the entries
    struct buffer packed;
};

static void import_end(struct import *import)
{
    buffer_finish(&import->packed);
    free(import);
}

static void import_fail(struct import *import, enum err err, const char *message)
{
    call_fail(import->call, err, message);
    import_end(import);
}

static void put_digest(char *at, uint64_t digest)
{
    for (int i = 0; i < 8; i++) {
        at[i] = (char)(digest >> (8 * i));
    }
}

static bool read_kind(const struct json *line, struct import_entry *entry)
{
    struct bytes word = { 0 };
    const struct json *kind = json_get(line, "kind");

    entry->kind = MESSAGE_TEXT;
    if (kind == NULL) {
        return json_get(line, "target") == NULL;
    }
    if (!json_read_string(kind, &word)) {
        return false;
    }
    entry->kind = bytes_equal(word, bytes_of("edit")) ? MESSAGE_EDIT : MESSAGE_DELETE;
    return (entry->kind == MESSAGE_EDIT || bytes_equal(word, bytes_of("delete"))) &&
            json_read_uint(json_get(line, "target"), &entry->target);
}

// An absent field is as good as its zero.
static bool read_optional(const struct json *line, struct import_entry *entry)
{
    const struct json *text = json_get(line, "text"), *counter = json_get(line, "counter"),
                      *edited = json_get(line, "edited"), *deleted = json_get(line, "deleted");

    return (text == NULL ||
                   (json_read_string(text, &entry->text) && entry->text.size <= TEXT_BYTES_MAX)) &&
            (counter == NULL || json_read_uint(counter, &entry->counter)) &&
            (edited == NULL || json_read_bool(edited, &entry->is_edited)) &&
            (deleted == NULL || json_read_bool(deleted, &entry->is_deleted));
}

static bool read_entry(const struct params *params, const struct json *line,
        struct import_entry *entry, uint64_t *seq)
{
    struct bytes ts = { 0 }, from = { 0 }, device = { 0 }, hash = { 0 };
    int64_t ms = 0;

    *entry = (struct import_entry){ .text = { "", 0 } };
    if (!json_read_uint(json_get(line, "seq"), seq) || !read_kind(line, entry) ||
            !json_read_string(json_get(line, "ts"), &ts) || !clock_parse(ts.data, ts.size, &ms) ||
            !json_read_string(json_get(line, "from"), &from) ||
            !json_read_string(json_get(line, "device"), &device) ||
            !hex_read(device, 12, &entry->device) || !read_optional(line, entry) ||
            !json_read_string(json_get(line, "hash"), &hash) ||
            !hex_read(hash, 16, &entry->text_hash)) {
        return false;
    }
    entry->ts = (uint64_t)ms;
    entry->is_of_user = bytes_equal(from, params->user);
    if (entry->text_hash == history_text_hash(entry->text)) {
        entry->text_hash = 0;
    }
    return entry->is_of_user || bytes_equal(from, params->peer);
}

// Packs params.entries. False: what says which of them is wrong.
static bool pack(struct import *import, char *what, size_t what_bytes)
{
    const struct params *params = &import->call->request.params;
    uint64_t digest = 0, ts = 0, seq = 0;
    struct import_entry entry;

    if (!hex_read(params->digest, 16, &digest) || json_count(params->entries) == 0) {
        snprintf(what, what_bytes, "params.digest must be 16 hexadecimal digits, and entries some");
        return false;
    }
    put_digest(import->hash, digest);
    for (size_t i = 0; i < json_count(params->entries); i++) {
        bool is_good = read_entry(params, json_at(params->entries, i), &entry, &seq);
        if (i == 0) {
            import->first_seq = seq;
        }
        if (!is_good || seq == 0 || seq != import->first_seq + i || entry.ts < ts) {
            snprintf(what, what_bytes,
                    "params.entries[%zu] must be an entry as admin.history.entries gives it, one "
                    "behind the other",
                    i);
            return false;
        }
        const struct history_entry history =
                import_entry_history(&entry, seq, entry.is_of_user ? params->user : params->peer);
        digest = history_next_digest(digest, &history);
        import_entry_pack(&entry, ts, &import->packed);
        ts = entry.ts;
    }
    import->last_seq = seq;
    put_digest(import->hash + 8, digest);
    return true;
}

static void on_imported(struct proposal *proposal, const struct applied *applied)
{
    struct import *import = TASK_OF(proposal, struct import, proposal);
    struct buffer out = { 0 };

    if (applied->outcome != ERR_OK) {
        import_fail(import, applied->outcome,
                applied->outcome == ERR_CONFLICT
                        ? "this conversation is not where these entries go on: it is neither empty "
                          "nor what comes before them"
                        : applied->outcome == ERR_INVALID
                        ? "these entries do not fit together: times, targets or digests are not "
                          "as they were exported"
                        : NULL);
        return;
    }
    call_begin_result(import->call, &out);
    buffer_add_literal(&out, "{\"peer\":");
    json_add_string(&out, import->call->request.params.peer);
    buffer_print(&out, ",\"seq\":%" PRIu64 ",\"digest\":", applied->cseq);
    encode_digest(&out, applied->digest);
    buffer_add_byte(&out, '}');
    call_reply(import->call, &out);
    import_end(import);
}

static void propose(struct import *import)
{
    const struct params *params = &import->call->request.params;
    const struct record record = {
        .type = RECORD_IMPORT,
        .user = params->user,
        .peer = params->peer,
        .cseq = import->first_seq,
        .flags = import->last_seq == params->seq ? IMPORT_IS_COMPLETE : 0,
        .text = { import->packed.data, (uint32_t)import->packed.bytes },
        .hash = { import->hash, sizeof(import->hash) },
    };

    import->proposal.done = on_imported;
    enum err err = cell_propose(import->call->service->cell, &record, &import->proposal);
    if (err != ERR_OK) {
        import_fail(import, err, NULL);
    }
}

static void run_look(struct read *read, struct partition *partition)
{
    struct import *import = TASK_OF(read, struct import, read);

    read->err = inspect_copies(partition, &import->query, &import->page);
}

static enum err look_at(struct import *import, enum side side)
{
    const struct params *params = &import->call->request.params;

    import->side = side;
    import->query = (struct copies_query){
        .user = side == SIDE_USER ? params->user : params->peer,
        .peer = side == SIDE_USER ? params->peer : params->user,
        .limit = 1,
    };
    return service_read(import->call->service, import->query.user, &import->read);
}

// Who is only invited, or was deleted, can't be one of the two.
static void on_looked(struct read *read)
{
    struct import *import = TASK_OF(read, struct import, read);
    const struct copies_page *page = &import->page;
    char message[200];
    enum err err = read->err;

    if (err == ERR_OK && (page->state == USER_INVITED || page->state == USER_DELETED)) {
        err = ERR_NOT_FOUND;
    }
    if (err == ERR_OK && page->count > 0 && !page->copies[0].is_imported_alone) {
        err = ERR_CONFLICT;
    }
    arena_finish(&import->page.arena);
    if (err == ERR_NOT_FOUND) {
        snprintf(message, sizeof(message), "there is no user %.*s: add it first",
                (int)import->query.user.size, import->query.user.data);
    } else {
        snprintf(message, sizeof(message),
                "%.*s and %.*s have written to each other here: an import needs a conversation "
                "that is empty or was imported",
                (int)import->query.user.size, import->query.user.data, (int)import->query.peer.size,
                import->query.peer.data);
    }
    if (err != ERR_OK) {
        import_fail(import, err, err == ERR_NOT_FOUND || err == ERR_CONFLICT ? message : NULL);
    } else if (import->side == SIDE_PEER) {
        propose(import);
    } else {
        err = look_at(import, SIDE_PEER);
        if (err != ERR_OK) {
            import_fail(import, err, NULL);
        }
    }
}

void handle_ADMIN_HISTORY_IMPORT(struct call *call)
{
    struct import *import;
    char what[REASON_BYTES];

    if (bytes_equal(call->request.params.user, call->request.params.peer)) {
        call_fail(call, ERR_INVALID, "there is no conversation with oneself");
        return;
    }
    import = calloc(1, sizeof(*import));
    if (import == NULL) {
        call_fail(call, ERR_MEMORY, NULL);
        return;
    }
    import->call = call;
    import->read.run = run_look;
    import->read.done = on_looked;
    if (!pack(import, what, sizeof(what))) {
        import_fail(import, ERR_PARAMS, what);
        return;
    }
    if (import->packed.bytes > IMPORT_BYTES_MAX || !buffer_is_whole(&import->packed)) {
        import_fail(import, buffer_is_whole(&import->packed) ? ERR_TOO_LARGE : ERR_MEMORY,
                "fewer entries a request: their texts are more than fits into a record");
        return;
    }
    enum err err = look_at(import, SIDE_USER);
    if (err != ERR_OK) {
        import_fail(import, err, NULL);
    }
}

// SPDX-License-Identifier: MIT
// history.get, conversation.list, contact.list, device.list: one question, one answer.

#include "session/handlers.h"

#include <inttypes.h>
#include <stdlib.h>

#include "protocol/discover.h"
#include "shared/clock.h"
#include "shared/limits.h"

// One read with room for any of the answers.
struct question {
    struct read read;
    struct call *call;
    union {
        struct history_query history;
        struct heads_query heads;
    } query;
    union {
        struct history_page history;
        struct heads_page heads;
        struct names_page names;
        struct account_page account;
    } page;
};

static struct question *question_create(struct call *call,
        void (*run)(struct read *read, struct partition *partition),
        void (*done)(struct read *read))
{
    struct question *question = calloc(1, sizeof(*question));

    if (question == NULL) {
        call_fail(call, ERR_MEMORY, NULL);
        return NULL;
    }
    question->call = call;
    question->read.run = run;
    question->read.done = done;
    return question;
}

static void ask(struct question *question)
{
    struct call *call = question->call;
    enum err err = service_read(call->service, name_bytes(&call->identity.user), &question->read);

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
        call_fail(question->call, err, NULL);
        free(question);
    }
    return err != ERR_OK;
}

static void run_history(struct read *read, struct partition *partition)
{
    struct question *question = TASK_OF(read, struct question, read);

    read->err = read_history(partition, &question->query.history, &question->page.history);
}

static void on_history(struct read *read)
{
    struct question *question = TASK_OF(read, struct question, read);
    struct history_page *page = &question->page.history;
    struct buffer out = { 0 };

    if (has_failed(question)) {
        return;
    }
    buffer_reserve(&out, 512 + (size_t)page->count * 256);
    call_begin_result(question->call, &out);
    buffer_add_literal(&out, "{\"messages\":[");
    for (uint32_t i = 0; i < page->count; i++) {
        if (i > 0) {
            buffer_add_byte(&out, ',');
        }
        encode_message(&out, &page->messages[i]);
    }
    buffer_print(&out,
            "],\"more\":%s,\"head_seq\":%" PRIu64 ",\"digest\":", page->has_more ? "true" : "false",
            page->head_seq);
    encode_digest(&out, page->digest);
    buffer_add_byte(&out, '}');
    call_reply(question->call, &out);
    arena_finish(&page->arena);
    free(question);
}

void handle_HISTORY_GET(struct call *call)
{
    const struct params *params = &call->request.params;

    if ((params->present & P_BEFORE) != 0 && (params->present & P_AFTER) != 0) {
        call_fail(call, ERR_PARAMS, "give before or after, not both");
        return;
    }
    struct question *question = question_create(call, run_history, on_history);
    if (question == NULL) {
        return;
    }
    question->query.history = (struct history_query){
        .user = name_bytes(&call->identity.user),
        .peer = params->peer,
        .before = params->before,
        .after = params->after,
        .has_after = (params->present & P_AFTER) != 0,
        .limit = params->present & P_LIMIT ? (uint32_t)params->limit : HISTORY_LIMIT_DEFAULT,
    };
    ask(question);
}

static void run_heads(struct read *read, struct partition *partition)
{
    struct question *question = TASK_OF(read, struct question, read);

    read->err = read_heads(partition, &question->query.heads, &question->page.heads);
}

static void on_heads(struct read *read)
{
    struct question *question = TASK_OF(read, struct question, read);
    struct heads_page *page = &question->page.heads;
    char cursor[CURSOR_TEXT_BYTES];
    struct buffer out = { 0 };

    if (has_failed(question)) {
        return;
    }
    call_begin_result(question->call, &out);
    buffer_add_literal(&out, "{\"conversations\":[");
    for (uint32_t i = 0; i < page->count; i++) {
        if (i > 0) {
            buffer_add_byte(&out, ',');
        }
        encode_head(&out, &page->heads[i]);
    }
    encode_cursor(cursor, question->call->service->generation, page->head_useq);
    buffer_print(&out, "],\"cursor\":\"%s\",\"more\":%s", cursor,
            page->has_more ? "true" : "false");
    if (page->has_more) {
        encode_cursor(cursor, question->call->service->generation,
                page->heads[page->count - 1].changed_useq);
        buffer_print(&out, ",\"continue\":\"%s\"", cursor);
    }
    buffer_add_byte(&out, '}');
    call_reply(question->call, &out);
    arena_finish(&page->arena);
    free(question);
}

void handle_CONVERSATION_LIST(struct call *call)
{
    const struct params *params = &call->request.params;
    uint64_t generation = call->service->generation;
    uint64_t after = 0, before = UINT64_MAX;
    enum cursor_kind kind = CURSOR_VALID;

    if ((params->present & P_CHANGED_AFTER) != 0) {
        kind = decode_cursor(params->changed_after, generation, &after);
    }
    if (kind == CURSOR_VALID && (params->present & P_CONTINUE) != 0) {
        kind = decode_cursor(params->continuation, generation, &before);
    }
    if (kind != CURSOR_VALID) {
        call_fail(call, ERR_INVALID,
                "params.changed_after and params.continue must be of an earlier answer of this "
                "server: start again without them");
        return;
    }
    struct question *question = question_create(call, run_heads, on_heads);
    if (question == NULL) {
        return;
    }
    uint64_t limit = params->present & P_LIMIT ? params->limit : HEADS_PER_PAGE_MAX;
    question->query.heads = (struct heads_query){
        .user = name_bytes(&call->identity.user),
        .after = after,
        .before = before,
        .limit = limit < HEADS_PER_PAGE_MAX ? (uint32_t)limit : HEADS_PER_PAGE_MAX,
    };
    ask(question);
}

static void run_blocked(struct read *read, struct partition *partition)
{
    struct question *question = TASK_OF(read, struct question, read);

    read->err = read_blocked(partition, name_bytes(&question->call->identity.user),
            &question->page.names);
}

static void on_blocked(struct read *read)
{
    struct question *question = TASK_OF(read, struct question, read);
    struct names_page *page = &question->page.names;
    struct buffer out = { 0 };

    if (has_failed(question)) {
        return;
    }
    call_begin_result(question->call, &out);
    buffer_add_literal(&out, "{\"blocked\":[");
    for (uint32_t i = 0; i < page->count; i++) {
        if (i > 0) {
            buffer_add_byte(&out, ',');
        }
        json_add_string(&out, page->names[i]);
    }
    buffer_add_literal(&out, "]}");
    call_reply(question->call, &out);
    arena_finish(&page->arena);
    free(question);
}

void handle_CONTACT_LIST(struct call *call)
{
    struct question *question = question_create(call, run_blocked, on_blocked);

    if (question != NULL) {
        ask(question);
    }
}

static void run_devices(struct read *read, struct partition *partition)
{
    struct question *question = TASK_OF(read, struct question, read);

    read->err = read_account(partition, name_bytes(&question->call->identity.user),
            &question->page.account);
}

static void add_device(struct buffer *out, const struct device *device, uint64_t current)
{
    buffer_add_literal(out, "{\"device\":");
    encode_device(out, device->id);
    buffer_add_literal(out, ",\"label\":");
    json_add_string(out, (struct bytes){ device->label, device->label_bytes });
    buffer_add_literal(out, ",\"created\":");
    encode_ts(out, device->created);
    if (device->last_seen > 0) {
        buffer_add_literal(out, ",\"last_seen\":");
        encode_ts(out, device->last_seen);
    }
    buffer_print(out, ",\"consumer\":%s,\"current\":%s}", device->is_consumer ? "true" : "false",
            device->id == current ? "true" : "false");
}

static void on_devices(struct read *read)
{
    struct question *question = TASK_OF(read, struct question, read);
    struct account_page *page = &question->page.account;
    struct buffer out = { 0 };
    bool is_first = true;

    if (has_failed(question)) {
        return;
    }
    call_begin_result(question->call, &out);
    buffer_add_literal(&out, "{\"devices\":[");
    for (uint32_t i = 0; i < page->device_count; i++) {
        if (page->devices[i].is_revoked) {
            continue;
        }
        if (!is_first) {
            buffer_add_byte(&out, ',');
        }
        is_first = false;
        add_device(&out, &page->devices[i], question->call->identity.device);
    }
    buffer_add_literal(&out, "]}");
    call_reply(question->call, &out);
    arena_finish(&page->arena);
    free(question);
}

void handle_DEVICE_LIST(struct call *call)
{
    struct question *question = question_create(call, run_devices, on_devices);

    if (question != NULL) {
        ask(question);
    }
}

void handle_RPC_DISCOVER(struct call *call)
{
    struct buffer out = { 0 };

    call_begin_result(call, &out);
    discover_write(&out);
    call_reply(call, &out);
}

void handle_PING(struct call *call)
{
    call_reply_empty(call);
}

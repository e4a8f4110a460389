// SPDX-License-Identifier: MIT
// history.search: slices of a scan, each a task of its own, until enough is found or the time is
// up.

#include "session/handlers.h"

#include <inttypes.h>
#include <stdlib.h>

#include "shared/clock.h"
#include "shared/limits.h"

struct search {
    struct read read;
    struct call *call;
    struct search_query query;
    struct search_page page;
    struct buffer out;
    uint32_t count;
    int64_t started_ms;
};

static void finish(struct search *search, bool is_complete)
{
    char cursor[CURSOR_TEXT_BYTES];

    buffer_add_byte(&search->out, ']');
    if (!is_complete) {
        encode_cursor(cursor, search->call->service->generation, search->query.before);
        buffer_print(&search->out, ",\"continue\":\"%s\"", cursor);
    }
    buffer_add_byte(&search->out, '}');
    call_reply(search->call, &search->out);
    free(search);
}

static void run_slice(struct read *read, struct partition *partition)
{
    struct search *search = TASK_OF(read, struct search, read);

    read->err = read_search(partition, &search->query, &search->page);
}

static void fail(struct search *search, enum err err)
{
    call_fail(search->call, err, NULL);
    buffer_finish(&search->out);
    free(search);
}

static void on_slice(struct read *read)
{
    struct search *search = TASK_OF(read, struct search, read);
    struct search_page *page = &search->page;

    if (read->err != ERR_OK) {
        fail(search, read->err);
        return;
    }
    for (uint32_t i = 0; i < page->count; i++) {
        if (search->count++ > 0) {
            buffer_add_byte(&search->out, ',');
        }
        encode_message(&search->out, &page->messages[i]);
    }
    bool is_complete = page->is_complete;
    search->query.limit -= page->count;
    search->query.before = page->before;
    arena_finish(&page->arena);
    bool is_late = clock_monotonic_ms() - search->started_ms >= SEARCH_BUDGET_MS;
    if (is_complete || search->query.limit == 0 || is_late || search->call->caller == NULL) {
        finish(search, is_complete);
        return;
    }
    enum err err = service_read(search->call->service, search->query.user, read);
    if (err != ERR_OK) {
        fail(search, err);
    }
}

void handle_HISTORY_SEARCH(struct call *call)
{
    const struct params *params = &call->request.params;
    uint64_t before = UINT64_MAX;
    struct search *search;

    if ((params->present & P_CONTINUE) != 0 &&
            decode_cursor(params->continuation, call->service->generation, &before) !=
                    CURSOR_VALID) {
        call_fail(call, ERR_INVALID,
                "params.continue must be of an earlier answer of this server: start again without "
                "it");
        return;
    }
    search = calloc(1, sizeof(*search));
    if (search == NULL) {
        call_fail(call, ERR_MEMORY, NULL);
        return;
    }
    search->call = call;
    search->started_ms = clock_monotonic_ms();
    search->read.run = run_slice;
    search->read.done = on_slice;
    search->query = (struct search_query){
        .user = name_bytes(&call->identity.user),
        .peer = params->peer,
        .text = params->query,
        .before = before,
        .limit = params->present & P_LIMIT ? (uint32_t)params->limit : SEARCH_LIMIT_DEFAULT,
    };
    call_begin_result(call, &search->out);
    buffer_add_literal(&search->out, "{\"messages\":[");
    enum err err = service_read(call->service, search->query.user, &search->read);
    if (err != ERR_OK) {
        fail(search, err);
    }
}

// SPDX-License-Identifier: MIT
// Search: a merge of the conversations by falling useq, one slice of rows at a time, so that
// batches get their turn between slices. There is no index; what is found first is what is newest.

#include "partition/read.h"

#include <stdlib.h>

#include "partition/changed.h"
#include "partition/views.h"
#include "shared/fold.h"
#include "shared/limits.h"

// The next row of one conversation, going down.
struct run {
    struct conversation *conversation;
    uint64_t cseq;
    uint64_t useq;
};

struct scan {
    struct partition *partition;
    const struct search_query *query;
    struct search_page *page;
    struct fold needle;
    struct run *runs;
    uint32_t count;
};

struct visit {
    struct scan *scan;
    const struct conversation *conversation;
    uint64_t useq;
};

static enum err look(void *context, const struct message *row)
{
    struct visit *visit = context;
    struct scan *scan = visit->scan;
    struct search_page *page = scan->page;

    visit->useq = row->useq;
    if (row->kind != MESSAGE_TEXT || !fold_contains(row->text, &scan->needle)) {
        return ERR_OK;
    }
    return view_message(&page->arena, visit->conversation, row, &page->messages[page->count++])
            ? ERR_OK
            : ERR_MEMORY;
}

static enum err useq_at(void *context, const struct message *row)
{
    *(uint64_t *)context = row->useq;
    return ERR_OK;
}

// The last cseq whose useq is below `before`; 0 or the floor's predecessor when there is none.
static enum err last_below(struct scan *scan, struct conversation *conversation, uint64_t before,
        struct run *run)
{
    uint64_t low = conversation->floor_cseq - 1;
    uint64_t high = conversation->head_cseq;

    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        uint64_t useq = 0;
        enum err err = rows_visit(scan->partition, conversation, middle, middle, useq_at, &useq);
        if (err != ERR_OK) {
            return err;
        }
        if (useq < before) {
            low = middle;
            run->useq = useq;
        } else {
            high = middle - 1;
        }
    }
    *run = (struct run){ conversation, low, run->useq };
    return ERR_OK;
}

static enum err start_runs(struct scan *scan, const struct changed *changed)
{
    enum err err = ERR_OK;

    for (uint32_t i = 0; err == ERR_OK && i < changed->count; i++) {
        struct run run = { 0 };
        if (scan->query->peer.size > 0 &&
                !bytes_equal(name_bytes(&changed->items[i]->peer), scan->query->peer)) {
            continue;
        }
        err = last_below(scan, changed->items[i], scan->query->before, &run);
        if (err == ERR_OK && run.cseq >= changed->items[i]->floor_cseq && run.cseq > 0) {
            scan->runs[scan->count++] = run;
        }
    }
    return err;
}

static uint32_t newest(const struct scan *scan)
{
    uint32_t best = 0;

    CHECK(scan->count > 0);
    for (uint32_t i = 1; i < scan->count; i++) {
        if (scan->runs[i].useq > scan->runs[best].useq) {
            best = i;
        }
    }
    return best;
}

// Looks at one row and moves its run down.
static enum err step(struct scan *scan)
{
    uint32_t at = newest(scan);
    struct run *run = &scan->runs[at];
    struct visit visit = { scan, run->conversation, 0 };
    enum err err =
            rows_visit(scan->partition, run->conversation, run->cseq, run->cseq, look, &visit);

    scan->page->before = visit.useq;
    if (run->cseq <= run->conversation->floor_cseq) {
        scan->runs[at] = scan->runs[--scan->count];
        return err;
    }
    run->cseq--;
    return err != ERR_OK ? err
                         : rows_visit(scan->partition, run->conversation, run->cseq, run->cseq,
                                   useq_at, &run->useq);
}

static enum err scan_slice(struct scan *scan, struct user *user)
{
    struct changed changed;
    enum err err = changed_find(scan->partition, user, 0, UINT64_MAX, UINT32_MAX / 2, &changed);

    if (err != ERR_OK) {
        return err;
    }
    scan->runs = calloc(changed.count + 1, sizeof(*scan->runs));
    err = scan->runs == NULL ? ERR_MEMORY : start_runs(scan, &changed);
    for (uint32_t rows = 0; err == ERR_OK && scan->count > 0 && rows < SEARCH_SLICE_ROWS &&
            scan->page->count < scan->query->limit;
            rows++) {
        err = step(scan);
    }
    scan->page->is_complete = scan->count == 0;
    free(scan->runs);
    changed_finish(&changed);
    return err;
}

enum err read_search(struct partition *partition, const struct search_query *query,
        struct search_page *page)
{
    struct scan scan = { .partition = partition, .query = query, .page = page };
    struct user *user;

    *page = (struct search_page){ .before = query->before };
    enum err err = view_owner(partition, query->user, &user);
    if (err != ERR_OK) {
        return err;
    }
    page->messages = arena_take(&page->arena, query->limit * sizeof(*page->messages));
    if (page->messages == NULL || !fold_init(&scan.needle, query->text)) {
        err = ERR_MEMORY;
    }
    if (err == ERR_OK) {
        err = scan_slice(&scan, user);
    }
    fold_finish(&scan.needle);
    if (err != ERR_OK) {
        arena_finish(&page->arena);
        *page = (struct search_page){ 0 };
        return err == ERR_MEMORY ? ERR_MEMORY : ERR_UNAVAILABLE;
    }
    return ERR_OK;
}

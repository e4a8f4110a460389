// SPDX-License-Identifier: MIT
// Catching up: a merge of the changed conversations by useq, so that events come in mailbox order.
// Within a conversation useq rises with cseq, so each conversation is a sorted run and no index on
// useq is needed. A watermark is one event, at the useq of its last change.

#include "partition/read.h"

#include <stdlib.h>

#include "partition/changed.h"
#include "partition/views.h"
#include "shared/failpoint.h"
#include "shared/limits.h"

enum run_kind { RUN_MESSAGES, RUN_DELIVERED, RUN_PEER_READ, RUN_READ, RUN_STATE };

// The next event of one conversation, of one kind.
struct run {
    struct conversation *conversation;
    enum run_kind kind;
    uint64_t useq;
    uint64_t cseq; // RUN_MESSAGES
};

struct merge {
    struct partition *partition;
    struct run *heap; // smallest useq on top
    uint32_t count;
};

static enum err useq_of(struct partition *partition, const struct conversation *conversation,
        uint64_t cseq, uint64_t *useq)
{
    const struct message *row = conversation_row(conversation, cseq);

    if (row != NULL) {
        *useq = row->useq;
        return ERR_OK;
    }
    enum err err = store_get_useq(partition->store, conversation->id, cseq, useq);
    if (err != ERR_OK) {
        partition_quarantine(partition, "reading a message's place", err);
    }
    return err;
}

// The first cseq whose useq is above `after`; head + 1 when there is none.
static enum err first_above(struct partition *partition, const struct conversation *conversation,
        uint64_t after, uint64_t *cseq)
{
    uint64_t low = conversation->floor_cseq;
    uint64_t high = conversation->head_cseq + 1;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        uint64_t useq = 0;
        enum err err = useq_of(partition, conversation, middle, &useq);
        if (err != ERR_OK) {
            return err;
        }
        if (useq <= after) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *cseq = low;
    return ERR_OK;
}

struct place {
    uint64_t useq;
    bool is_imported;
};

static enum err take_place(void *context, const struct message *row)
{
    struct place *place = context;

    *place = (struct place){ row->useq, (row->flags & MESSAGE_IS_IMPORTED) != 0 };
    return ERR_OK;
}

// What was imported is no event of the mailbox; it is what a conversation begins with. Moves *cseq
// to the first entry from there on that was written here; head + 1 when there is none.
static enum err skip_imported(struct partition *partition, struct conversation *conversation,
        uint64_t *cseq, uint64_t *useq)
{
    uint64_t low = *cseq, high = conversation->head_cseq + 1, middle = low;
    struct place place = { 0 };

    while (low < high) {
        enum err err = rows_visit(partition, conversation, middle, middle, take_place, &place);
        if (err != ERR_OK) {
            return err;
        }
        if (place.is_imported) {
            low = middle + 1;
        } else {
            high = middle;
            *useq = place.useq;
        }
        middle = low + (high - low) / 2;
    }
    *cseq = low;
    return ERR_OK;
}

static bool is_before(const struct run *a, const struct run *b)
{
    if (PLANTED("catchup_by_conversation") && a->conversation != b->conversation) {
        return a->conversation->id < b->conversation->id;
    }
    return a->useq < b->useq;
}

static void sift_down(struct merge *merge, uint32_t position)
{
    for (;;) {
        uint32_t least = position;
        for (uint32_t child = 2 * position + 1; child <= 2 * position + 2; child++) {
            if (child < merge->count && is_before(&merge->heap[child], &merge->heap[least])) {
                least = child;
            }
        }
        if (least == position) {
            return;
        }
        struct run swapped = merge->heap[position];
        merge->heap[position] = merge->heap[least];
        merge->heap[least] = swapped;
        position = least;
    }
}

static void add_watermark(struct merge *merge, struct conversation *conversation,
        enum run_kind kind, uint64_t useq, uint64_t after)
{
    if (useq > after) {
        merge->heap[merge->count++] = (struct run){ conversation, kind, useq, 0 };
    }
}

static enum err add_runs(struct merge *merge, struct conversation *conversation, uint64_t after)
{
    uint64_t cseq = 0;
    enum err err = first_above(merge->partition, conversation, after, &cseq);

    uint64_t useq = 0;
    if (err == ERR_OK) {
        err = skip_imported(merge->partition, conversation, &cseq, &useq);
    }
    if (err == ERR_OK && cseq <= conversation->head_cseq) {
        merge->heap[merge->count++] = (struct run){ conversation, RUN_MESSAGES, useq, cseq };
    }
    add_watermark(merge, conversation, RUN_DELIVERED, conversation->peer_delivered_useq, after);
    add_watermark(merge, conversation, RUN_PEER_READ, conversation->peer_read_useq, after);
    add_watermark(merge, conversation, RUN_READ, conversation->read_useq, after);
    add_watermark(merge, conversation, RUN_STATE, conversation->state_useq, after);
    return err;
}

// Moves the top run to its next event, or drops it.
static enum err advance(struct merge *merge)
{
    struct run *top = &merge->heap[0];
    enum err err = ERR_OK;

    if (top->kind == RUN_MESSAGES && top->cseq < top->conversation->head_cseq) {
        top->cseq++;
        err = useq_of(merge->partition, top->conversation, top->cseq, &top->useq);
    } else {
        merge->heap[0] = merge->heap[--merge->count];
    }
    sift_down(merge, 0);
    return err;
}

struct one_message {
    struct arena *arena;
    const struct conversation *conversation;
    struct message_view *view;
    bool is_of_peer;
};

static enum err is_of_peer(void *context, const struct message *row)
{
    struct one_message *one = context;

    one->is_of_peer = !one->conversation->senders[row->sender].is_owner;
    return ERR_OK;
}

// The peer's entry before this one. Looked for in PREVIOUS_ROWS_MAX rows; further back the last row
// looked at stands for it, which can only hold a "delivered" back, never make a false one.
static enum err find_previous(struct partition *partition, struct conversation *conversation,
        struct message_view *view)
{
    struct one_message one = { .conversation = conversation };
    uint64_t cseq = view->seq - 1;
    enum err err = ERR_OK;

    for (uint32_t rows = 0; cseq >= conversation->floor_cseq && rows < PREVIOUS_ROWS_MAX; rows++) {
        err = rows_visit(partition, conversation, cseq, cseq, is_of_peer, &one);
        if (err != ERR_OK || one.is_of_peer) {
            break;
        }
        cseq--;
    }
    view->previous = cseq;
    return err;
}

static enum err take_message(void *context, const struct message *row)
{
    struct one_message *one = context;

    one->is_of_peer = !one->conversation->senders[row->sender].is_owner;
    return view_message(one->arena, one->conversation, row, one->view) ? ERR_OK : ERR_MEMORY;
}

static enum err view_receipt(struct arena *arena, const struct run *run,
        struct receipt_view *receipt)
{
    const struct conversation *conversation = run->conversation;

    receipt->peer = arena_copy(arena, name_bytes(&conversation->peer));
    receipt->by = run->kind == RUN_READ ? arena_copy(arena, name_bytes(&conversation->owner->name))
                                        : receipt->peer;
    if (run->kind == RUN_DELIVERED) {
        receipt->delivered_seq = conversation->peer_delivered_cseq;
    } else {
        receipt->read_seq =
                run->kind == RUN_READ ? conversation->read_cseq : conversation->peer_read_cseq;
    }
    return receipt->peer.data == NULL || receipt->by.data == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err view_event(struct partition *partition, struct arena *arena, const struct run *run,
        struct event_view *event)
{
    *event = (struct event_view){ .useq = run->useq };
    if (run->kind == RUN_MESSAGES) {
        struct one_message one = { arena, run->conversation, &event->message, false };
        event->kind = EVENT_MESSAGE;
        enum err err =
                rows_visit(partition, run->conversation, run->cseq, run->cseq, take_message, &one);
        return err == ERR_OK && one.is_of_peer
                ? find_previous(partition, run->conversation, &event->message)
                : err;
    }
    if (run->kind == RUN_STATE) {
        event->kind = EVENT_CONVERSATION;
        return view_head(partition, arena, run->conversation, &event->head);
    }
    event->kind = EVENT_RECEIPT;
    return view_receipt(arena, run, &event->receipt);
}

static enum err merge_all(struct merge *merge, const struct events_query *query,
        struct events_page *page)
{
    uint64_t bytes = 0;
    enum err err = ERR_OK;

    while (err == ERR_OK && merge->count > 0 && page->count < query->count_max &&
            bytes < query->bytes_max) {
        struct event_view *event = &page->events[page->count];
        err = view_event(merge->partition, &page->arena, &merge->heap[0], event);
        if (err != ERR_OK) {
            break;
        }
        uint64_t size = event->kind == EVENT_MESSAGE ? event->message.text.size : 0;
        if (page->count > 0 && bytes + size > query->bytes_max) {
            return ERR_OK;
        }
        bytes += size;
        page->upto = event->useq;
        page->count++;
        err = advance(merge);
    }
    return err;
}

static enum err fill(struct partition *partition, struct user *user,
        const struct events_query *query, struct events_page *page)
{
    struct merge merge = { .partition = partition };
    struct changed changed;
    // All of them: "subscribe" refuses to catch up over too many, except from the very beginning.
    enum err err =
            changed_find(partition, user, query->after_useq, UINT64_MAX, UINT32_MAX / 2, &changed);

    if (err != ERR_OK) {
        return err;
    }
    page->events = arena_take(&page->arena, query->count_max * sizeof(*page->events));
    merge.heap = malloc((size_t)(changed.count * 5 + 1) * sizeof(*merge.heap));
    if (page->events == NULL || merge.heap == NULL) {
        err = ERR_MEMORY;
    }
    for (uint32_t i = 0; err == ERR_OK && i < changed.count; i++) {
        err = add_runs(&merge, changed.items[i], query->after_useq);
    }
    if (err == ERR_OK) {
        for (uint32_t i = merge.count; i > 0; i--) {
            sift_down(&merge, i - 1);
        }
        err = merge_all(&merge, query, page);
        page->is_complete = merge.count == 0;
    }
    free(merge.heap);
    changed_finish(&changed);
    return err;
}

enum err read_events(struct partition *partition, const struct events_query *query,
        struct events_page *page)
{
    struct user *user;

    *page = (struct events_page){ .upto = query->after_useq };
    enum err err = view_owner(partition, query->user, &user);
    if (err != ERR_OK) {
        return err;
    }
    if (query->after_useq + 1 < user->next_useq) {
        err = fill(partition, user, query, page);
    } else {
        page->is_complete = true;
    }
    if (err != ERR_OK) {
        arena_finish(&page->arena);
        *page = (struct events_page){ 0 };
        return err == ERR_MEMORY ? ERR_MEMORY : ERR_UNAVAILABLE;
    }
    if (page->is_complete) {
        page->upto = user->next_useq - 1;
    }
    return ERR_OK;
}

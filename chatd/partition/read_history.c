// SPDX-License-Identifier: MIT
#include "partition/read.h"

#include "partition/views.h"
#include "shared/limits.h"

struct collect {
    struct history_page *page;
    const struct conversation *conversation;
    uint64_t bytes;
    uint32_t skipped; // dropped at the old end to keep within HISTORY_BYTES_MAX
    bool keeps_oldest;
};

static enum err collect_message(void *context, const struct message *row)
{
    struct collect *collect = context;
    struct history_page *page = collect->page;

    collect->bytes += row->text.size;
    if (collect->bytes > HISTORY_BYTES_MAX && collect->keeps_oldest) {
        return ERR_TOO_LARGE; // ends the visit
    }
    while (collect->bytes > HISTORY_BYTES_MAX && collect->skipped < page->count) {
        collect->bytes -= page->messages[collect->skipped++].text.size;
    }
    return view_message(&page->arena, collect->conversation, row, &page->messages[page->count++])
            ? ERR_OK
            : ERR_MEMORY;
}

// The range of cseq that the query asks for: dense, so it is arithmetic.
static void range_of(const struct history_query *query, const struct conversation *conversation,
        uint64_t *first, uint64_t *last)
{
    uint64_t head = conversation->head_cseq;

    if (query->has_after) {
        *first = query->after + 1;
        *last = query->after >= head ? head : query->after + query->limit;
    } else {
        *last = query->before == 0 || query->before > head ? head : query->before - 1;
        *first = *last > query->limit ? *last - query->limit + 1 : 1;
    }
    if (*last > head) {
        *last = head;
    }
    if (*first < conversation->floor_cseq) {
        *first = conversation->floor_cseq;
    }
}

static enum err fill(struct partition *partition, struct conversation *conversation,
        const struct history_query *query, struct history_page *page)
{
    struct collect collect = { page, conversation, 0, 0, query->has_after };
    uint64_t first, last;
    enum err err = rows_warm(partition, conversation);

    range_of(query, conversation, &first, &last);
    if (err != ERR_OK || first > last) {
        return err;
    }
    page->messages = arena_take(&page->arena, (last - first + 1) * sizeof(*page->messages));
    if (page->messages == NULL) {
        return ERR_MEMORY;
    }
    err = rows_visit(partition, conversation, first, last, collect_message, &collect);
    bool was_cut = err == ERR_TOO_LARGE || collect.skipped > 0;
    page->messages += collect.skipped;
    page->count -= collect.skipped;
    page->has_more = was_cut ||
            (query->has_after ? last < conversation->head_cseq : first > conversation->floor_cseq);
    return err == ERR_TOO_LARGE ? ERR_OK : err;
}

enum err read_history(struct partition *partition, const struct history_query *query,
        struct history_page *page)
{
    struct user *user;
    struct conversation *conversation;

    *page = (struct history_page){ 0 };
    enum err err = view_owner(partition, query->user, &user);
    if (err != ERR_OK) {
        return err;
    }
    err = residence_conversation(partition, user, query->peer, &conversation);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (err == ERR_OK) {
        page->head_seq = conversation->head_cseq;
        page->digest = conversation->digest;
        err = fill(partition, conversation, query, page);
    }
    if (err != ERR_OK) {
        arena_finish(&page->arena);
        *page = (struct history_page){ 0 };
        return err == ERR_MEMORY ? ERR_MEMORY : ERR_UNAVAILABLE;
    }
    return ERR_OK;
}

enum err read_target(struct partition *partition, struct bytes name, struct bytes peer,
        uint64_t seq, struct target_view *target)
{
    struct user *user;
    struct conversation *conversation;
    struct message *row;

    *target = (struct target_view){ 0 };
    enum err err = view_owner(partition, name, &user);
    if (err == ERR_OK) {
        err = residence_conversation(partition, user, peer, &conversation);
    }
    if (err == ERR_OK) {
        err = rows_take(partition, conversation, seq, &row);
    }
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_NOT_FOUND : ERR_UNAVAILABLE;
    }
    target->is_own = conversation->senders[row->sender].is_owner;
    target->is_text = row->kind == MESSAGE_TEXT;
    target->is_deleted = (row->flags & MESSAGE_IS_DELETED) != 0;
    uint64_t edit = row->edit;
    while (edit != 0 && target->edit_count < EDITS_PER_MESSAGE_MAX) {
        target->edit_count++;
        if (rows_take(partition, conversation, edit, &row) != ERR_OK) {
            break;
        }
        edit = row->edit;
    }
    return ERR_OK;
}

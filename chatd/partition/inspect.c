// SPDX-License-Identifier: MIT
#include "partition/inspect.h"

#include <stdlib.h>

#include "partition/inspect_inside.h"
#include "partition/views.h"
#include "shared/history_digest.h"
#include "shared/limits.h"

void inspect_entry(const struct conversation *conversation, const struct message *row,
        struct entry_view *view)
{
    CHECK(row->sender < conversation->sender_count);
    const struct sender *sender = &conversation->senders[row->sender];

    *view = (struct entry_view){
        .seq = row->cseq,
        .useq = row->useq,
        .ts = row->ts,
        .target = row->target,
        .counter = row->counter,
        .device = sender->device,
        .text_hash = row->text_hash != 0 ? row->text_hash : history_text_hash(row->text),
        .kind = (enum message_kind)row->kind,
        .is_of_user = sender->is_owner,
        .is_edited = (row->flags & MESSAGE_IS_EDITED) != 0,
        .is_deleted = (row->flags & MESSAGE_IS_DELETED) != 0,
        .is_imported = (row->flags & MESSAGE_IS_IMPORTED) != 0,
    };
}

static enum err note_imported(void *context, const struct message *row)
{
    *(bool *)context = (row->flags & MESSAGE_IS_IMPORTED) != 0;
    return ERR_OK;
}

enum err inspect_copy(struct partition *partition, struct conversation *conversation,
        struct copy_view *view)
{
    uint64_t head = conversation->head_cseq;
    enum err err = ERR_OK;

    view->head_seq = head;
    view->digest = conversation->digest;
    view->floor_seq = conversation->floor_cseq;
    view->floor_digest = conversation->floor_digest;
    view->is_imported_alone = head == 0;
    if (head > 0) {
        err = rows_visit(partition, conversation, head, head, note_imported,
                &view->is_imported_alone);
    }
    return err;
}

// The first names behind `after`, by name, each once.
struct peers {
    struct bytes after;
    struct name *names;
    uint32_t count;
    uint32_t limit;
};

static int compare(struct bytes a, struct bytes b)
{
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

// Keeps the list sorted and within its limit; what is behind its end is asked for next time.
static void insert(struct peers *peers, struct bytes peer)
{
    uint32_t at = peers->count;

    if (peers->after.size > 0 && compare(peer, peers->after) <= 0) {
        return;
    }
    while (at > 0 && compare(name_bytes(&peers->names[at - 1]), peer) > 0) {
        at--;
    }
    if (at == peers->limit || (at > 0 && bytes_equal(name_bytes(&peers->names[at - 1]), peer))) {
        return;
    }
    if (peers->count == peers->limit) {
        peers->count--;
    }
    memmove(&peers->names[at + 1], &peers->names[at], (peers->count - at) * sizeof(*peers->names));
    peers->names[at] = name_of(peer);
    peers->count++;
}

static enum err insert_stored(void *context, struct bytes peer)
{
    insert(context, peer);
    return ERR_OK;
}

static enum err find_peers(struct partition *partition, struct user *user,
        const struct copies_query *query, struct peers *peers)
{
    enum err err = ERR_OK;

    if (query->peer.size > 0) {
        insert(peers, query->peer);
        return ERR_OK;
    }
    if (partition->store != NULL) {
        err = store_each_peer(partition->store, user->id, query->after, peers->limit, insert_stored,
                peers);
        if (err != ERR_OK) {
            partition_quarantine(partition, "reading conversations", err);
        }
    }
    LIST_EACH(node, &user->conversations) {
        insert(peers, name_bytes(&LIST_OF(node, struct conversation, of_user)->peer));
    }
    return err;
}

static enum err fill_copies(struct partition *partition, struct user *user,
        const struct peers *peers, struct copies_page *page)
{
    enum err err = ERR_OK;

    for (uint32_t i = 0; err == ERR_OK && i < peers->count; i++) {
        struct conversation *conversation;
        struct copy_view *view = &page->copies[page->count];
        err = residence_conversation(partition, user, name_bytes(&peers->names[i]), &conversation);
        if (err == ERR_NOT_FOUND) {
            err = ERR_OK;
            continue;
        }
        if (err == ERR_OK) {
            err = inspect_copy(partition, conversation, view);
        }
        view->peer = arena_copy(&page->arena, name_bytes(&peers->names[i]));
        if (err == ERR_OK && view->peer.data == NULL) {
            err = ERR_MEMORY;
        }
        page->count++;
    }
    return err;
}

enum err inspect_copies(struct partition *partition, const struct copies_query *query,
        struct copies_page *page)
{
    struct peers peers = { .after = query->after, .limit = query->limit + 1 };
    struct user *user;

    *page = (struct copies_page){ 0 };
    enum err err = view_owner(partition, query->user, &user);
    if (err != ERR_OK) {
        return err;
    }
    page->state = user->state;
    peers.names = calloc(peers.limit + 1, sizeof(*peers.names));
    page->copies = arena_take(&page->arena, peers.limit * sizeof(*page->copies));
    err = peers.names == NULL || page->copies == NULL ? ERR_MEMORY
                                                      : find_peers(partition, user, query, &peers);
    if (err == ERR_OK) {
        page->has_more = peers.count > query->limit;
        peers.count -= page->has_more;
        err = fill_copies(partition, user, &peers, page);
    }
    free(peers.names);
    if (err != ERR_OK) {
        arena_finish(&page->arena);
        *page = (struct copies_page){ 0 };
        return err == ERR_MEMORY ? ERR_MEMORY : ERR_UNAVAILABLE;
    }
    return ERR_OK;
}

struct collect {
    struct entries_page *page;
    const struct conversation *conversation;
    uint64_t bytes;
};

static enum err collect_entry(void *context, const struct message *row)
{
    struct collect *collect = context;
    struct entries_page *page = collect->page;
    struct entry_view *view = &page->entries[page->count];

    collect->bytes += row->text.size;
    if (page->count > 0 && collect->bytes > HISTORY_BYTES_MAX) {
        return ERR_TOO_LARGE; // ends the visit
    }
    inspect_entry(collect->conversation, row, view);
    view->text = arena_copy(&page->arena, row->text);
    page->count++;
    return view->text.data == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err fill_entries(struct partition *partition, struct conversation *conversation,
        const struct entries_query *query, struct entries_page *page)
{
    struct collect collect = { page, conversation, 0 };
    uint64_t head = conversation->head_cseq;
    uint64_t first = query->after + 1;
    enum err err = inspect_copy(partition, conversation, &page->copy);

    first = first < conversation->floor_cseq ? conversation->floor_cseq : first;
    if (err != ERR_OK || first > head) {
        return err;
    }
    uint64_t last = head - first < query->limit ? head : first + query->limit - 1;
    page->entries = arena_take(&page->arena, (last - first + 1) * sizeof(*page->entries));
    if (page->entries == NULL) {
        return ERR_MEMORY;
    }
    err = rows_visit(partition, conversation, first, last, collect_entry, &collect);
    page->has_more = err == ERR_TOO_LARGE || last < head;
    return err == ERR_TOO_LARGE ? ERR_OK : err;
}

enum err inspect_entries(struct partition *partition, const struct entries_query *query,
        struct entries_page *page)
{
    struct user *user;
    struct conversation *conversation;

    *page = (struct entries_page){ .copy.floor_seq = 1 };
    enum err err = view_owner(partition, query->user, &user);
    if (err != ERR_OK) {
        return err;
    }
    err = residence_conversation(partition, user, query->peer, &conversation);
    if (err == ERR_OK) {
        err = fill_entries(partition, conversation, query, page);
    } else if (err == ERR_NOT_FOUND) {
        err = ERR_OK;
    }
    if (err != ERR_OK) {
        arena_finish(&page->arena);
        *page = (struct entries_page){ 0 };
        return err == ERR_MEMORY ? ERR_MEMORY : ERR_UNAVAILABLE;
    }
    return ERR_OK;
}

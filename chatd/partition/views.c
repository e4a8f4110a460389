// SPDX-License-Identifier: MIT
#include "partition/views.h"

#include "shared/limits.h"

enum err view_owner(struct partition *partition, struct bytes name, struct user **user)
{
    if (partition->state == PARTITION_QUARANTINED) {
        return ERR_UNAVAILABLE;
    }
    enum err err = residence_user(partition, name, user);
    return err == ERR_OK || err == ERR_NOT_FOUND ? err : ERR_UNAVAILABLE;
}

bool view_message(struct arena *arena, const struct conversation *conversation,
        const struct message *row, struct message_view *view)
{
    const struct sender *sender = &conversation->senders[row->sender];

    CHECK(row->sender < conversation->sender_count);
    *view = (struct message_view){
        .peer = arena_copy(arena, name_bytes(&conversation->peer)),
        .text = arena_copy(arena, row->text),
        .seq = row->cseq,
        .useq = row->useq,
        .target = row->target,
        .counter = sender->is_owner ? row->counter : 0,
        .device = sender->is_owner ? sender->device : 0,
        .ts = row->ts,
        .kind = (enum message_kind)row->kind,
        .is_edited = (row->flags & MESSAGE_IS_EDITED) != 0,
        .is_deleted = (row->flags & MESSAGE_IS_DELETED) != 0,
    };
    view->from = sender->is_owner ? arena_copy(arena, name_bytes(&conversation->owner->name))
                                  : view->peer;
    return view->peer.data != NULL && view->text.data != NULL && view->from.data != NULL;
}

struct unread {
    const struct conversation *conversation;
    uint64_t count;
};

static enum err count_unread(void *context, const struct message *row)
{
    struct unread *unread = context;
    bool is_mine = unread->conversation->senders[row->sender].is_owner;

    if (!is_mine && row->kind == MESSAGE_TEXT && (row->flags & MESSAGE_IS_DELETED) == 0) {
        unread->count++;
    }
    return unread->count >= UNREAD_COUNT_MAX ? ERR_EXISTS : ERR_OK;
}

struct last {
    struct arena *arena;
    const struct conversation *conversation;
    struct head_view *view;
};

static enum err take_last(void *context, const struct message *row)
{
    struct last *last = context;

    last->view->has_last = true;
    return view_message(last->arena, last->conversation, row, &last->view->last) ? ERR_OK
                                                                                 : ERR_MEMORY;
}

enum err view_head(struct partition *partition, struct arena *arena,
        struct conversation *conversation, struct head_view *view)
{
    struct unread unread = { conversation, 0 };
    struct last last = { arena, conversation, view };
    uint64_t head = conversation->head_cseq;
    uint64_t first = conversation->read_cseq + 1;

    *view = (struct head_view){
        .peer = arena_copy(arena, name_bytes(&conversation->peer)),
        .seq = head,
        .read_seq = conversation->read_cseq,
        .peer_delivered_seq = conversation->peer_delivered_cseq,
        .peer_read_seq = conversation->peer_read_cseq,
        .digest = conversation->digest,
        .changed_useq = conversation->changed_useq,
        .is_blocked = conversation->is_blocked_by_owner,
    };
    if (view->peer.data == NULL) {
        return ERR_MEMORY;
    }
    if (head - conversation->read_cseq > UNREAD_SCAN_ROWS_MAX) {
        first = head - UNREAD_SCAN_ROWS_MAX + 1;
    }
    enum err err = rows_warm(partition, conversation);
    if (err == ERR_OK && first <= head) {
        err = rows_visit(partition, conversation, first, head, count_unread, &unread);
        err = err == ERR_EXISTS ? ERR_OK : err;
    }
    view->unread = unread.count;
    if (err == ERR_OK && head > 0) {
        err = rows_visit(partition, conversation, head, head, take_last, &last);
    }
    return err;
}

// SPDX-License-Identifier: MIT
// Expiry: the acting user's copy of a conversation begins later from now on. The peer's copy keeps
// what it has; but both move the horizon, because whether a send was applied before must be decided
// alike on both sides: entries below it are no longer looked for, and a counter that could only be
// there is refused.

#include "partition/apply.h"
#include "partition/residence.h"
#include "shared/history_digest.h"
#include "shared/limits.h"

// What goes, on its way: the digest behind it, and what its user had stored with it.
struct leaving {
    const struct conversation *conversation;
    uint64_t digest;
    uint64_t stored;
};

static enum err count_row(void *context, const struct message *row)
{
    struct leaving *leaving = context;
    const struct conversation *conversation = leaving->conversation;
    bool is_own = conversation->senders[row->sender].is_owner;
    const struct history_entry entry = {
        .seq = row->cseq,
        .ts = row->ts,
        .target = row->target,
        .text_hash = row->text_hash != 0 ? row->text_hash : history_text_hash(row->text),
        .from = name_bytes(is_own ? &conversation->owner->name : &conversation->peer),
        .kind = row->kind,
    };

    leaving->digest = history_next_digest(leaving->digest, &entry);
    leaving->stored += is_own ? STORED_ENTRY_BYTES + row->text.size : 0;
    return ERR_OK;
}

static enum err raise_floor(struct partition *partition, struct conversation *conversation,
        uint64_t floor)
{
    struct leaving leaving = { conversation, conversation->floor_digest, 0 };
    struct user *owner = conversation->owner;
    uint64_t bytes_before = conversation->bytes;
    enum err err = rows_visit(partition, conversation, conversation->floor_cseq, floor - 1,
            count_row, &leaving);

    if (err != ERR_OK) {
        return err;
    }
    conversation->floor_cseq = floor;
    conversation->floor_digest = leaving.digest;
    conversation_forget_below(conversation, floor);
    residence_count_bytes(partition, conversation, bytes_before);
    owner->stored_bytes -=
            leaving.stored < owner->stored_bytes ? leaving.stored : owner->stored_bytes;
    residence_mark_user(partition, owner);
    return ERR_OK;
}

enum err apply_expire(struct partition *partition, struct user *owner, const struct record *record,
        enum side side, struct applied *applied)
{
    struct conversation *conversation;
    enum err err = residence_conversation(partition, owner,
            side == SIDE_USER ? record->peer : record->user, &conversation);

    if (err != ERR_OK) {
        return err;
    }
    uint64_t floor = record->cseq;
    if (floor > conversation->head_cseq + 1) {
        floor = conversation->head_cseq + 1;
    }
    if (floor > conversation->horizon_cseq) {
        conversation->horizon_cseq = floor;
    }
    if (side == SIDE_USER && floor > conversation->floor_cseq) {
        err = raise_floor(partition, conversation, floor);
    }
    residence_mark_conversation(partition, conversation);
    applied->cseq = conversation->horizon_cseq;
    applied->digest = conversation->digest;
    return err;
}

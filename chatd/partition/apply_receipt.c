// SPDX-License-Identifier: MIT
// Receipts are watermarks (merge = max) over a conversation; blocks are flags of it. Both copies
// hold both users' values.

#include "partition/apply.h"
#include "partition/residence.h"

static void new_event(struct partition *partition, struct user *owner,
        struct conversation *conversation, uint64_t *useq, struct applied *applied)
{
    *useq = owner->next_useq++;
    conversation->changed_useq = *useq;
    applied->useq = *useq;
    applied->has_event = true;
    residence_mark_conversation(partition, conversation);
}

// The peer's device acknowledged; told to the writer's devices only. A device that was not shown
// the entries before these (it subscribed "from now") does not make them delivered.
static void delivered(struct partition *partition, struct user *owner,
        struct conversation *conversation, const struct record *record, enum side side,
        struct applied *applied)
{
    uint64_t *watermark =
            side == SIDE_USER ? &conversation->delivered_cseq : &conversation->peer_delivered_cseq;

    if (record->cseq <= *watermark || record->after > *watermark) {
        return;
    }
    *watermark = record->cseq;
    residence_mark_conversation(partition, conversation);
    if (side == SIDE_PEER) {
        new_event(partition, owner, conversation, &conversation->peer_delivered_useq, applied);
    }
}

static void read_upto(struct partition *partition, struct user *owner,
        struct conversation *conversation, const struct record *record, enum side side,
        struct applied *applied)
{
    uint64_t *watermark =
            side == SIDE_USER ? &conversation->read_cseq : &conversation->peer_read_cseq;
    uint64_t *useq = side == SIDE_USER ? &conversation->read_useq : &conversation->peer_read_useq;

    if (record->cseq > *watermark) {
        *watermark = record->cseq;
        new_event(partition, owner, conversation, useq, applied);
    }
}

static enum err block(struct partition *partition, struct user *owner, const struct record *record,
        enum side side, struct applied *applied)
{
    struct conversation *conversation;
    enum err err = residence_conversation(partition, owner,
            side == SIDE_USER ? record->peer : record->user, &conversation);

    if (err == ERR_NOT_FOUND) {
        err = residence_add_conversation(partition, owner,
                side == SIDE_USER ? record->peer : record->user, &conversation);
    }
    if (err != ERR_OK) {
        return err;
    }
    bool *flag = side == SIDE_USER ? &conversation->is_blocked_by_owner
                                   : &conversation->is_blocked_by_peer;
    if (*flag == (record->flags != 0)) {
        return ERR_OK;
    }
    *flag = record->flags != 0;
    residence_mark_conversation(partition, conversation);
    if (side == SIDE_USER) {
        // The blocked one is not told.
        new_event(partition, owner, conversation, &conversation->state_useq, applied);
    }
    applied->digest = conversation->digest;
    return ERR_OK;
}

enum err apply_receipt(struct partition *partition, struct user *owner, const struct record *record,
        enum side side, struct applied *applied)
{
    struct conversation *conversation;

    if (record->type == RECORD_BLOCK) {
        return block(partition, owner, record, side, applied);
    }
    if (side == SIDE_USER && record->type == RECORD_DELIVERED) {
        apply_acknowledge(partition, owner, record->device, record->useq, applied);
    }
    enum err err = residence_conversation(partition, owner,
            side == SIDE_USER ? record->peer : record->user, &conversation);
    if (err != ERR_OK) {
        return err;
    }
    if (record->cseq > conversation->head_cseq) {
        return ERR_INVALID;
    }
    applied->cseq = record->cseq;
    applied->digest = conversation->digest;
    if (record->type == RECORD_DELIVERED) {
        delivered(partition, owner, conversation, record, side, applied);
    } else {
        read_upto(partition, owner, conversation, record, side, applied);
    }
    return ERR_OK;
}

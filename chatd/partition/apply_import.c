// SPDX-License-Identifier: MIT
// Import: a part of an exported conversation is written again, entry by entry as it once was, onto
// both copies. A part goes only onto the digest that it names, so that an import that was cut off
// goes on where it ended and one that does not fit changes nothing. There is one event of the
// conversation at the end of it, nothing unread, and everything delivered and read.

#include "partition/apply.h"
#include "partition/marks.h"
#include "partition/residence.h"
#include "shared/import_entry.h"
#include "shared/limits.h"

static uint64_t digest_at(struct bytes hash, unsigned number)
{
    uint64_t digest = 0;

    for (unsigned i = 0; i < 8; i++) {
        digest |= (uint64_t)(unsigned char)hash.data[8 * number + i] << (8 * i);
    }
    return digest;
}

static struct bytes author(const struct record *record, const struct import_entry *entry)
{
    return entry->is_of_user ? record->user : record->peer;
}

// All of it is looked at before anything is changed: the part is written whole or not at all.
static enum err check_part(const struct record *record, uint64_t ts, uint64_t digest)
{
    struct reader reader = { .data = record->text.data, .bytes = record->text.size };
    struct import_entry entry;
    uint64_t seq = record->cseq, packed_ts = 0;
    enum err err;

    while ((err = import_entry_next(&reader, &packed_ts, &entry)) == ERR_OK) {
        bool is_change = entry.kind != MESSAGE_TEXT;
        if (entry.ts < ts || (is_change && (entry.target == 0 || entry.target >= seq)) ||
                (!is_change && !entry.is_deleted && entry.text.size == 0)) {
            return ERR_INVALID;
        }
        const struct history_entry history =
                import_entry_history(&entry, seq, author(record, &entry));
        digest = history_next_digest(digest, &history);
        ts = entry.ts;
        seq++;
    }
    bool is_right =
            err == ERR_NOT_FOUND && seq > record->cseq && digest == digest_at(record->hash, 1);
    return is_right ? ERR_OK : ERR_INVALID;
}

static enum err decide(const struct conversation *conversation, const struct record *record,
        struct applied *applied)
{
    uint64_t head = conversation == NULL ? 0 : conversation->head_cseq;
    uint64_t digest = conversation == NULL ? 0 : conversation->digest;

    applied->cseq = head;
    applied->digest = digest;
    if (record->hash.size != 16 || record->cseq == 0) {
        return ERR_INVALID;
    }
    // Retention had removed what was before the first entry of the file: so it is here, too.
    bool is_first = head == 0 && record->cseq > 1;
    if (!is_first && (head + 1 != record->cseq || digest != digest_at(record->hash, 0))) {
        return ERR_CONFLICT;
    }
    return check_part(record, conversation == NULL ? 0 : conversation->last_ts,
            digest_at(record->hash, 0));
}

// The chain of a text's edits, as it was; the texts themselves are in the file as they became.
static enum err chain_edit(struct partition *partition, struct conversation *conversation,
        struct message *entry)
{
    struct message *target;
    enum err err = entry->kind == MESSAGE_EDIT
            ? rows_take(partition, conversation, entry->target, &target)
            : ERR_NOT_FOUND;

    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    bool is_own = conversation->senders[target->sender].is_owner ==
            conversation->senders[entry->sender].is_owner;
    if (target->kind == MESSAGE_TEXT && is_own && (target->flags & MESSAGE_IS_DELETED) == 0) {
        entry->edit = target->edit;
        target->edit = entry->cseq;
        target->is_dirty = true;
    }
    return ERR_OK;
}

static enum err append(struct partition *partition, struct conversation *conversation,
        const struct import_entry *entry, bool is_owner)
{
    struct user *owner = conversation->owner;
    struct message row = {
        .cseq = conversation->head_cseq + 1,
        .useq = owner->next_useq,
        .ts = entry->ts,
        .counter = entry->counter,
        .target = entry->target,
        .text_hash = entry->text_hash,
        .text = entry->text,
        .sender = conversation_take_sender(conversation, entry->device, is_owner),
        .kind = (uint8_t)entry->kind,
        .flags = (uint8_t)(MESSAGE_IS_IMPORTED | (entry->is_edited ? MESSAGE_IS_EDITED : 0) |
                (entry->is_deleted ? MESSAGE_IS_DELETED : 0)),
        .is_dirty = true,
    };
    if (row.sender == UINT32_MAX) {
        return ERR_MEMORY;
    }
    enum err err = chain_edit(partition, conversation, &row);
    if (err != ERR_OK) {
        return err;
    }
    struct message *kept = message_create(&row);
    if (kept == NULL || !conversation_append(conversation, kept) ||
            (row.counter != 0 && !marks_note(conversation, kept))) {
        return ERR_MEMORY;
    }
    owner->next_useq++;
    conversation->last_ts = row.ts;
    if (is_owner) {
        conversation->last_owner_cseq = row.cseq;
        owner->stored_bytes += STORED_ENTRY_BYTES + row.text.size;
    } else {
        conversation->last_peer_cseq = row.cseq;
    }
    return ERR_OK;
}

static enum err append_all(struct partition *partition, struct conversation *conversation,
        const struct record *record, enum side side)
{
    struct reader reader = { .data = record->text.data, .bytes = record->text.size };
    struct import_entry entry;
    uint64_t ts = 0;
    enum err err = import_entry_next(&reader, &ts, &entry);

    while (err == ERR_OK) {
        err = append(partition, conversation, &entry, entry.is_of_user == (side == SIDE_USER));
        if (err == ERR_OK) {
            err = import_entry_next(&reader, &ts, &entry);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void begin(struct conversation *conversation, const struct record *record)
{
    if (conversation->head_cseq == 0) {
        conversation->floor_cseq = record->cseq;
        conversation->floor_digest = digest_at(record->hash, 0);
        conversation->head_cseq = record->cseq - 1;
        conversation->clean_cseq = record->cseq - 1;
        conversation->tail_first = record->cseq;
    }
}

static void finish(struct conversation *conversation, const struct record *record,
        struct applied *applied)
{
    uint64_t head = conversation->head_cseq;

    conversation->digest = digest_at(record->hash, 1);
    conversation->delivered_cseq = conversation->read_cseq = head;
    conversation->peer_delivered_cseq = conversation->peer_read_cseq = head;
    applied->cseq = head;
    applied->digest = conversation->digest;
    if ((record->flags & IMPORT_IS_COMPLETE) != 0) {
        conversation->state_useq = conversation->owner->next_useq++;
        conversation->changed_useq = conversation->state_useq;
        applied->useq = conversation->state_useq;
        applied->has_event = true;
    }
}

enum err apply_import(struct partition *partition, struct user *owner, const struct record *record,
        enum side side, struct applied *applied)
{
    struct bytes peer = side == SIDE_USER ? record->peer : record->user;
    struct conversation *conversation;
    enum err err = residence_conversation(partition, owner, peer, &conversation);

    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    bool is_absent = err == ERR_NOT_FOUND;
    err = decide(is_absent ? NULL : conversation, record, applied);
    if (err == ERR_OK && is_absent) {
        err = residence_add_conversation(partition, owner, peer, &conversation);
    }
    if (err != ERR_OK) {
        return err;
    }
    uint64_t bytes_before = conversation->bytes;
    begin(conversation, record);
    err = append_all(partition, conversation, record, side);
    if (err != ERR_OK) {
        partition_quarantine(partition, "importing", err);
        return err;
    }
    finish(conversation, record, applied);
    residence_mark_conversation(partition, conversation);
    residence_count_bytes(partition, conversation, bytes_before);
    return ERR_OK;
}

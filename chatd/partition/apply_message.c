// SPDX-License-Identifier: MIT
// Send, edit and delete: each appends an entry to both copies of the conversation. What its user
// has stored in all is kept along the way, on the user's own side; it decides nothing here, because
// the two sides must decide alike.

#include "partition/apply.h"
#include "partition/marks.h"
#include "partition/residence.h"
#include "shared/failpoint.h"
#include "shared/history_digest.h"
#include "shared/limits.h"

static const enum message_kind kinds[RECORD_TYPE_COUNT] = {
    [RECORD_SEND] = MESSAGE_TEXT,
    [RECORD_EDIT] = MESSAGE_EDIT,
    [RECORD_DELETE] = MESSAGE_DELETE,
};

static enum message_kind kind_of(const struct record *record)
{
    if (record->type == RECORD_AGAIN) {
        return record->cseq == 0 ? MESSAGE_TEXT : MESSAGE_EDIT;
    }
    return kinds[record->type];
}

static enum err out_of_memory(struct partition *partition)
{
    partition_quarantine(partition, "applying a message", ERR_MEMORY);
    return ERR_MEMORY;
}

// Refuses by shared state, or recognises the record as applied before; *is_new otherwise.
static enum err decide(struct partition *partition, struct conversation *conversation,
        uint32_t sender, const struct record *record, struct applied *applied, bool *is_new)
{
    const struct message wanted = {
        .counter = record->counter,
        .kind = (uint8_t)kind_of(record),
        .target = record->cseq,
        .text = record->text,
    };
    struct earlier earlier;

    *is_new = false;
    if (sender != UINT32_MAX && record->counter != 0) {
        enum err err = marks_find(partition, conversation, sender, &wanted, &earlier);
        if (err == ERR_OK) {
            applied->is_duplicate = true;
            applied->cseq = earlier.cseq;
            applied->useq = earlier.useq;
            applied->ts = earlier.ts;
            applied->last = conversation->senders[sender].counter;
            return earlier.is_same ? ERR_OK : ERR_CONFLICT;
        }
        if (err == ERR_CONFLICT) {
            applied->last = conversation->senders[sender].counter;
        }
        if (err != ERR_NOT_FOUND) {
            return err;
        }
    }
    applied->last = sender == UINT32_MAX ? 0 : conversation->senders[sender].counter;
    if (conversation->is_blocked_by_owner || conversation->is_blocked_by_peer) {
        return ERR_FORBIDDEN;
    }
    if (record->after != 0 && record->after - 1 != applied->last) {
        return ERR_CONFLICT;
    }
    if (kind_of(record) != MESSAGE_TEXT &&
            (record->cseq == 0 || record->cseq > conversation->head_cseq)) {
        return ERR_NOT_FOUND;
    }
    *is_new = true;
    return ERR_OK;
}

// Empties the texts of all edits of a message, newest first; *grown sinks by what they held.
static enum err empty_edits(struct partition *partition, struct conversation *conversation,
        uint64_t edit, int64_t *grown)
{
    while (edit != 0) {
        struct message *row;
        enum err err = rows_take(partition, conversation, edit, &row);
        if (err == ERR_NOT_FOUND) {
            return ERR_OK; // retention was here
        }
        if (err != ERR_OK) {
            return err;
        }
        edit = row->edit;
        *grown -= row->text.size;
        row = conversation_rewrite(conversation, row, (struct bytes){ 0 });
        if (row == NULL) {
            return out_of_memory(partition);
        }
    }
    return ERR_OK;
}

// What an edit or a delete does to the message it names. A target that retention removed, or that
// is not a text of this author, or is deleted already, changes nothing; the entry stays all the
// same. *grown is by how much texts that were there before are longer now.
static enum err change_target(struct partition *partition, struct conversation *conversation,
        struct message *entry, int64_t *grown)
{
    struct message *target;
    enum err err = rows_take(partition, conversation, entry->target, &target);

    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    bool is_own = conversation->senders[target->sender].is_owner ==
            conversation->senders[entry->sender].is_owner;
    if (target->kind != MESSAGE_TEXT || !is_own) {
        return ERR_OK;
    }
    if ((target->flags & MESSAGE_IS_DELETED) != 0) {
        entry->text.size = 0; // nothing comes back by editing what is gone
        return ERR_OK;
    }
    uint64_t newest_edit = target->edit;
    struct bytes text = entry->kind == MESSAGE_EDIT ? entry->text : (struct bytes){ 0 };
    *grown += (int64_t)text.size - (int64_t)target->text.size;
    target = conversation_rewrite(conversation, target, text);
    if (target == NULL) {
        return out_of_memory(partition);
    }
    if (entry->kind == MESSAGE_DELETE) {
        target->flags |= MESSAGE_IS_DELETED;
        return empty_edits(partition, conversation, newest_edit, grown);
    }
    target->flags |= MESSAGE_IS_EDITED;
    target->edit = entry->cseq;
    entry->edit = newest_edit;
    return ERR_OK;
}

static enum err append_entry(struct partition *partition, struct conversation *conversation,
        struct message *entry, struct bytes from, int64_t *grown)
{
    uint64_t text_hash = history_text_hash(entry->text);
    enum err err = ERR_OK;

    if (entry->kind != MESSAGE_TEXT) {
        err = change_target(partition, conversation, entry, grown);
    }
    if (err != ERR_OK) {
        return err;
    }
    bool is_altered = PLANTED("copy_altered") && !conversation->senders[entry->sender].is_owner &&
            bytes_equal(entry->text, bytes_of("altered"));
    struct message *row = message_create(entry);
    if (row != NULL && is_altered) {
        row->text.size--;
    }
    if (row == NULL || !conversation_append(conversation, row)) {
        return out_of_memory(partition);
    }
    if (entry->counter != 0 && !marks_note(conversation, row)) {
        return out_of_memory(partition);
    }
    const struct history_entry appended = {
        .seq = row->cseq,
        .ts = row->ts,
        .target = row->target,
        .text_hash = text_hash,
        .from = from,
        .kind = row->kind,
    };
    conversation->digest = history_next_digest(conversation->digest, &appended);
    conversation->last_ts = row->ts;
    conversation->changed_useq = row->useq;
    return ERR_OK;
}

static void note_device_counter(struct partition *partition, struct user *owner,
        const struct record *record)
{
    struct device *device = user_device(owner, record->device);

    if (device != NULL && record->counter > device->counter) {
        device->counter = record->counter;
        device->is_dirty = true;
        residence_mark_user(partition, owner);
    }
}

static void note_stored(struct user *owner, const struct message *entry, int64_t grown)
{
    int64_t stored = (int64_t)owner->stored_bytes + STORED_ENTRY_BYTES + entry->text.size + grown;

    owner->stored_bytes = stored > 0 ? (uint64_t)stored : 0;
}

static enum err find_or_add(struct partition *partition, struct user *owner, struct bytes peer,
        struct conversation **conversation)
{
    enum err err = residence_conversation(partition, owner, peer, conversation);

    if (err == ERR_NOT_FOUND) {
        err = residence_add_conversation(partition, owner, peer, conversation);
    }
    return err;
}

enum err apply_message(struct partition *partition, struct user *owner, const struct record *record,
        enum side side, struct applied *applied)
{
    bool is_owner = side == SIDE_USER;
    struct conversation *conversation;
    enum err err =
            find_or_add(partition, owner, is_owner ? record->peer : record->user, &conversation);

    if (err != ERR_OK) {
        return err;
    }
    uint64_t bytes_before = conversation->bytes;
    uint32_t sender = conversation_find_sender(conversation, record->device, is_owner);
    bool is_new;
    err = decide(partition, conversation, sender, record, applied, &is_new);
    applied->digest = conversation->digest;
    if (!is_new) {
        return err;
    }
    sender = conversation_take_sender(conversation, record->device, is_owner);
    if (sender == UINT32_MAX) {
        return out_of_memory(partition);
    }
    struct message entry = {
        .cseq = conversation->head_cseq + 1,
        .useq = owner->next_useq,
        .ts = record->ts > conversation->last_ts ? record->ts : conversation->last_ts,
        .counter = record->counter,
        .target = record->cseq,
        .text = record->text,
        .sender = sender,
        .kind = (uint8_t)kind_of(record),
        .is_dirty = true,
    };
    int64_t grown = 0;
    err = append_entry(partition, conversation, &entry, record->user, &grown);
    if (err != ERR_OK) {
        return err;
    }
    uint64_t *last = is_owner ? &conversation->last_owner_cseq : &conversation->last_peer_cseq;
    applied->previous = *last;
    *last = entry.cseq;
    owner->next_useq++;
    residence_mark_conversation(partition, conversation);
    residence_count_bytes(partition, conversation, bytes_before);
    if (is_owner) {
        note_device_counter(partition, owner, record);
        note_stored(owner, &entry, grown);
        applied->stored = owner->stored_bytes;
    }
    applied->cseq = entry.cseq;
    applied->useq = entry.useq;
    applied->ts = entry.ts;
    applied->digest = conversation->digest;
    applied->has_event = true;
    return ERR_OK;
}

enum err apply_again(struct partition *partition, struct user *owner, const struct record *record,
        enum side side, struct applied *applied)
{
    bool is_owner = side == SIDE_USER;
    struct conversation *conversation;
    enum err err = residence_conversation(partition, owner, is_owner ? record->peer : record->user,
            &conversation);
    bool is_new = false;

    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_TOO_LARGE : err;
    }
    err = decide(partition, conversation,
            conversation_find_sender(conversation, record->device, is_owner), record, applied,
            &is_new);
    applied->digest = conversation->digest;
    return is_new ? ERR_TOO_LARGE : err;
}

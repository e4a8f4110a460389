// SPDX-License-Identifier: MIT
#include "partition/inspect.h"

#include <stdlib.h>

#include "partition/inspect_inside.h"
#include "partition/views.h"
#include "shared/history_digest.h"
#include "shared/limits.h"

void scan_finish(struct scan *scan)
{
    free(scan->marks);
    scan->marks = NULL;
}

static void fault(struct scan *scan, enum scan_fault what, uint64_t seq)
{
    if (scan->fault == SCAN_GOOD) {
        scan->fault = what;
        scan->fault_seq = seq;
    }
}

static enum err add_mark(struct scan *scan, uint64_t seq)
{
    if (scan->mark_every == 0 || seq % scan->mark_every != 0) {
        return ERR_OK;
    }
    if (scan->mark_count == scan->mark_capacity) {
        uint32_t capacity = scan->mark_capacity == 0 ? 64 : scan->mark_capacity * 2;
        uint64_t *marks = realloc(scan->marks, capacity * sizeof(*marks));
        if (marks == NULL) {
            return ERR_MEMORY;
        }
        scan->marks = marks;
        scan->mark_capacity = capacity;
    }
    if (scan->mark_count == 0) {
        scan->first_mark = seq / scan->mark_every;
    }
    scan->marks[scan->mark_count++] = scan->digest;
    return ERR_OK;
}

static void note_target(struct scan *scan, const struct entry_view *entry)
{
    if (entry->seq == scan->target) {
        scan->has_target = true;
        scan->entry = *entry;
        scan->target_digest = scan->digest;
    }
    if (entry->target == scan->target && entry->kind != MESSAGE_TEXT &&
            scan->change_count < SCAN_CHANGES_MAX) {
        scan->changes[scan->change_count].seq = entry->seq;
        scan->changes[scan->change_count].ts = entry->ts;
        scan->changes[scan->change_count].kind = entry->kind;
        scan->changes[scan->change_count].is_of_user = entry->is_of_user;
        scan->change_count++;
    }
}

struct slice {
    struct scan *scan;
    const struct conversation *conversation;
};

static enum err look(void *context, const struct message *row)
{
    struct slice *slice = context;
    struct scan *scan = slice->scan;
    const struct conversation *conversation = slice->conversation;
    struct entry_view entry;

    if (row->sender >= conversation->sender_count) {
        fault(scan, SCAN_MISSING, row->cseq);
        return ERR_OK;
    }
    inspect_entry(conversation, row, &entry);
    if (row->cseq != scan->next) {
        fault(scan, SCAN_MISSING, scan->next);
    }
    if (row->ts < scan->ts) {
        fault(scan, SCAN_TIME_BACK, row->cseq);
    }
    if (row->useq <= scan->useq) {
        fault(scan, SCAN_PLACE_BACK, row->cseq);
    }
    const struct history_entry hashed = {
        .seq = row->cseq,
        .ts = row->ts,
        .target = row->target,
        .text_hash = entry.text_hash,
        .from = entry.is_of_user ? name_bytes(&conversation->owner->name)
                                 : name_bytes(&conversation->peer),
        .kind = entry.kind,
    };
    scan->digest = history_next_digest(scan->digest, &hashed);
    scan->ts = row->ts;
    scan->useq = row->useq;
    scan->next = row->cseq + 1;
    scan->entry_count++;
    if (scan->target != 0) {
        note_target(scan, &entry);
    }
    return add_mark(scan, row->cseq);
}

static enum err begin(struct partition *partition, struct conversation *conversation,
        struct scan *scan)
{
    enum err err = inspect_copy(partition, conversation, &scan->copy);

    scan->is_begun = true;
    scan->delivered_seq = conversation->delivered_cseq;
    scan->read_seq = conversation->read_cseq;
    scan->peer_delivered_seq = conversation->peer_delivered_cseq;
    scan->peer_read_seq = conversation->peer_read_cseq;
    scan->is_in_file = conversation->clean_cseq >= scan->target;
    scan->disk_index = partition->disk_index;
    scan->applied_index = partition->applied_index;
    scan->next = scan->first;
    if (scan->first == 0) {
        scan->next = scan->copy.floor_seq;
        scan->digest = scan->copy.floor_digest;
    }
    if (scan->upto == 0) {
        scan->upto = scan->copy.head_seq;
    }
    return err;
}

static enum err scan_slice(struct partition *partition, struct conversation *conversation,
        struct scan *scan)
{
    struct slice slice = { scan, conversation };
    enum err err = scan->is_begun ? ERR_OK : begin(partition, conversation, scan);
    uint64_t last = scan->next + SCAN_SLICE_ROWS - 1;

    if (err != ERR_OK) {
        return err;
    }
    if (conversation->floor_cseq > scan->next) { // retention went past it meanwhile
        scan->next = conversation->floor_cseq;
        scan->digest = conversation->floor_digest;
        scan->mark_count = 0;
    }
    last = last > scan->upto ? scan->upto : last;
    if (scan->next <= last) {
        err = rows_visit(partition, conversation, scan->next, last, look, &slice);
    }
    if (err == ERR_OK && scan->next <= last) { // rows at the end are not there
        fault(scan, SCAN_MISSING, scan->next);
        scan->next = last + 1;
    }
    bool is_found = scan->has_target && !scan->entry.is_edited && !scan->entry.is_deleted;
    scan->is_complete = scan->next > scan->upto || is_found;
    bool is_whole =
            scan->next > scan->upto && scan->first == 0 && scan->upto == scan->copy.head_seq;
    if (err == ERR_OK && is_whole && scan->digest != scan->copy.digest) {
        fault(scan, SCAN_DIGEST, 0);
    }
    return err;
}

enum err inspect_scan(struct partition *partition, struct scan *scan)
{
    struct user *user;
    struct conversation *conversation;

    enum err err = view_owner(partition, scan->user, &user);
    if (err != ERR_OK) {
        return err;
    }
    err = residence_conversation(partition, user, scan->peer, &conversation);
    if (err == ERR_NOT_FOUND) {
        scan->is_absent = true;
        scan->is_complete = true;
        return ERR_OK;
    }
    if (err == ERR_OK) {
        err = scan_slice(partition, conversation, scan);
    }
    return err == ERR_OK || err == ERR_MEMORY ? err : ERR_UNAVAILABLE;
}

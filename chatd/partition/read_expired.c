// SPDX-License-Identifier: MIT
// What retention has to take away next, in slices that leave the partition's thread to others.

#include "partition/read.h"

#include "partition/residence.h"
#include "partition/views.h"

struct scan {
    struct partition *partition;
    const struct expiry_query *query;
    struct expiry *found;
    uint64_t rows; // looked at
};

// Entries older than this may go; 0: none.
static uint64_t cutoff_of(const struct expiry_query *query, enum user_state state,
        uint64_t retention)
{
    uint64_t seconds = retention == RETENTION_DEFAULT ? query->retention_s : retention - 1;

    if (state == USER_DELETED) {
        return UINT64_MAX; // nobody can read it any more
    }
    return seconds == 0 || seconds >= query->now_ms / 1000 ? 0 : query->now_ms - seconds * 1000;
}

struct walk {
    uint64_t cutoff;
    uint64_t last; // the last one that may go; 0: none
    uint64_t rows;
};

static enum err look_at_row(void *context, const struct message *row)
{
    struct walk *walk = context;

    walk->rows++;
    if (row->ts >= walk->cutoff) {
        return ERR_EXISTS; // and so are all after it
    }
    walk->last = row->cseq;
    return ERR_OK;
}

// The conversation as it is in memory: the file may be behind.
static enum err look_closer(struct scan *scan, const struct expiry_row *row, uint64_t cutoff)
{
    struct walk walk = { .cutoff = cutoff };
    struct conversation *conversation;
    struct user *owner;
    enum err err = residence_user(scan->partition, row->user, &owner);

    if (err == ERR_OK) {
        err = residence_conversation(scan->partition, owner, row->peer, &conversation);
    }
    if (err == ERR_OK) {
        uint64_t first = conversation->floor_cseq;
        err = rows_visit(scan->partition, conversation, first, first + EXPIRY_ROWS_MAX - 1,
                look_at_row, &walk);
    }
    scan->rows += walk.rows + 1;
    if (err != ERR_OK && err != ERR_EXISTS) {
        return err;
    }
    if (walk.last != 0) {
        scan->found->user = name_of(row->user);
        scan->found->peer = name_of(row->peer);
        scan->found->conversation = row->conversation;
        scan->found->floor_cseq = walk.last + 1;
        scan->found->count = walk.last + 1 - conversation->floor_cseq;
        return ERR_EXISTS;
    }
    return ERR_OK;
}

static void note_retention(struct scan *scan, uint64_t retention)
{
    uint64_t *shortest = &scan->found->shortest_s;

    if (retention > RETENTION_FOREVER && (*shortest == 0 || retention - 1 < *shortest)) {
        *shortest = retention - 1;
    }
}

static enum err look_at_conversation(void *context, const struct expiry_row *row)
{
    struct scan *scan = context;
    // The file may be behind what was said of the user.
    const struct user *owner = residence_find_user(scan->partition, row->user);
    uint64_t retention = owner == NULL ? row->retention : owner->retention;
    uint64_t cutoff = cutoff_of(scan->query, owner == NULL ? row->state : owner->state, retention);
    enum err err = ERR_OK;

    note_retention(scan, retention);
    if (row->first_ts < cutoff) {
        err = look_closer(scan, row, cutoff);
    }
    if (err == ERR_OK) {
        scan->found->next_conversation = row->conversation;
    }
    scan->rows++;
    return err == ERR_OK && scan->rows >= EXPIRY_ROWS_MAX ? ERR_BUSY : err;
}

// What the file does not have yet: then the first entry is in memory.
static enum err look_at_memory(struct scan *scan)
{
    LIST_EACH(node, &scan->partition->dirty_users) {
        note_retention(scan, LIST_OF(node, struct user, dirty)->retention);
    }
    LIST_EACH(node, &scan->partition->dirty_conversations) {
        struct conversation *conversation = LIST_OF(node, struct conversation, dirty);
        const struct message *first = conversation_row(conversation, conversation->floor_cseq);
        const struct user *owner = conversation->owner;
        uint64_t cutoff = cutoff_of(scan->query, owner->state, owner->retention);
        if (first != NULL && first->ts < cutoff) {
            const struct expiry_row row = {
                .user = name_bytes(&owner->name),
                .peer = name_bytes(&conversation->peer),
            };
            return look_closer(scan, &row, cutoff);
        }
    }
    return ERR_OK;
}

enum err read_expired(struct partition *partition, const struct expiry_query *query,
        struct expiry *found)
{
    struct scan scan = { partition, query, found, 0 };

    *found = (struct expiry){ .next_conversation = query->after_conversation };
    if (partition->state != PARTITION_OPEN) {
        found->is_end = true;
        return partition->state == PARTITION_ABSENT ? ERR_OK : ERR_UNAVAILABLE;
    }
    enum err err = store_each_expiry(partition->store, query->after_conversation,
            look_at_conversation, &scan);
    if (err == ERR_OK) {
        err = look_at_memory(&scan);
    }
    if (err == ERR_EXISTS || err == ERR_BUSY) {
        return ERR_OK; // found one, or enough for now
    }
    found->is_end = err == ERR_OK;
    return err == ERR_OK ? store_has_garbage(partition->store, &found->has_garbage) : err;
}

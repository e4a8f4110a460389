// SPDX-License-Identifier: MIT
// Reading and changing entries of a conversation wherever they are: file, patches or tail.

#include "partition/residence.h"

#include "shared/limits.h"

struct merge {
    const struct conversation *conversation;
    enum err (*visit)(void *context, const struct message *row);
    void *context;
    enum err visit_err; // so that the visitor's errors are not taken for the disk's
};

static enum err visit_stored(void *context, const struct message *row)
{
    struct merge *merge = context;
    const struct message *patch = conversation_row(merge->conversation, row->cseq);

    merge->visit_err = merge->visit(merge->context, patch == NULL ? row : patch);
    return merge->visit_err;
}

enum err rows_visit(struct partition *partition, struct conversation *conversation, uint64_t first,
        uint64_t last, enum err (*visit)(void *context, const struct message *row), void *context)
{
    uint64_t tail_first = conversation->tail_first;
    uint64_t file_last = last < tail_first ? last : tail_first - 1;
    enum err err = ERR_OK;

    if (first < conversation->floor_cseq) {
        first = conversation->floor_cseq;
    }
    if (first <= file_last && partition->store != NULL) {
        struct merge merge = { conversation, visit, context, ERR_OK };
        err = store_each_message(partition->store, conversation->id, first, file_last, visit_stored,
                &merge);
        if (err != ERR_OK && merge.visit_err == ERR_OK) {
            partition_quarantine(partition, "reading messages", err);
        }
    }
    for (uint64_t cseq = first > tail_first ? first : tail_first;
            err == ERR_OK && cseq <= last && cseq <= conversation->head_cseq; cseq++) {
        err = visit(context, conversation_row(conversation, cseq));
    }
    return err;
}

static enum err copy_row(void *context, const struct message *row)
{
    struct message **copy = context;

    *copy = message_create(row);
    return *copy == NULL ? ERR_MEMORY : ERR_OK;
}

enum err rows_take(struct partition *partition, struct conversation *conversation, uint64_t cseq,
        struct message **row)
{
    *row = conversation_row(conversation, cseq);
    if (*row != NULL) {
        return ERR_OK;
    }
    if (cseq < conversation->floor_cseq || cseq > conversation->head_cseq) {
        return ERR_NOT_FOUND;
    }
    enum err err = rows_visit(partition, conversation, cseq, cseq, copy_row, row);
    if (err == ERR_OK && *row == NULL) {
        return ERR_NOT_FOUND;
    }
    if (err == ERR_OK) {
        uint64_t before = conversation->bytes;
        err = conversation_patch(conversation, *row) ? ERR_OK : ERR_MEMORY;
        residence_count_bytes(partition, conversation, before);
    }
    if (err == ERR_MEMORY) {
        partition_quarantine(partition, "changing a message", err);
    }
    return err;
}

struct warm {
    struct message *rows[RECENT_MESSAGES];
    uint32_t count;
};

static enum err collect_row(void *context, const struct message *row)
{
    struct warm *warm = context;

    warm->rows[warm->count] = message_create(row);
    if (warm->rows[warm->count] == NULL) {
        return ERR_MEMORY;
    }
    warm->count++;
    return ERR_OK;
}

// Patches that the warmed range covers stay where they are found: conversation_row() looks at the
// tail first, so they move into it.
static void drop_patch(struct conversation *conversation, uint64_t cseq)
{
    for (uint32_t i = conversation->patch_count; i > 0; i--) {
        struct message *patch = conversation->patches[i - 1];
        if (patch->cseq != cseq) {
            continue;
        }
        conversation->bytes -= message_bytes(patch);
        message_destroy(patch);
        memmove(&conversation->patches[i - 1], &conversation->patches[i],
                (conversation->patch_count - i) * sizeof(*conversation->patches));
        conversation->patch_count--;
        return;
    }
}

enum err rows_warm(struct partition *partition, struct conversation *conversation)
{
    struct warm warm = { .count = 0 };
    uint64_t head = conversation->head_cseq;
    uint64_t first = head > RECENT_MESSAGES ? head - RECENT_MESSAGES + 1 : 1;
    uint64_t bytes_before = conversation->bytes;

    if (first < conversation->floor_cseq) {
        first = conversation->floor_cseq;
    }
    if (first >= conversation->tail_first) {
        return ERR_OK;
    }
    enum err err = rows_visit(partition, conversation, first, conversation->tail_first - 1,
            collect_row, &warm);
    // A cache may be incomplete: without memory for it, reads go to the file.
    while (warm.count > 0) {
        struct message *row = warm.rows[--warm.count];
        if (err != ERR_OK || row->cseq + 1 != conversation->tail_first) {
            message_destroy(row);
            continue;
        }
        drop_patch(conversation, row->cseq);
        if (!conversation_prepend(conversation, row)) {
            break;
        }
    }
    residence_count_bytes(partition, conversation, bytes_before);
    return err == ERR_MEMORY ? ERR_OK : err;
}

// SPDX-License-Identifier: MIT
#include "partition/conversation.h"

#include <stdlib.h>
#include <string.h>

#include "shared/history_digest.h"

struct conversation *conversation_create(void)
{
    struct conversation *conversation = calloc(1, sizeof(*conversation));

    if (conversation != NULL) {
        list_init(&conversation->of_user);
        list_init(&conversation->recent);
        list_init(&conversation->dirty);
        conversation->tail_first = 1;
        conversation->floor_cseq = 1;
        conversation->horizon_cseq = 1;
    }
    return conversation;
}

void conversation_destroy(struct conversation *conversation)
{
    if (conversation == NULL) {
        return;
    }
    for (uint32_t i = 0; i < conversation->tail_count; i++) {
        message_destroy(conversation->tail[i]);
    }
    for (uint32_t i = 0; i < conversation->patch_count; i++) {
        message_destroy(conversation->patches[i]);
    }
    free(conversation->tail);
    free(conversation->patches);
    free(conversation->marks);
    free(conversation->senders);
    free(conversation);
}

// Makes room for one more element; returns the array (which may have moved) or NULL.
static void *with_room(void *array, uint32_t count, uint32_t *capacity, size_t element_bytes)
{
    if (count < *capacity) {
        return array;
    }
    uint32_t larger = *capacity == 0 ? 4 : *capacity * 2;
    void *moved = realloc(array, larger * element_bytes);
    if (moved != NULL) {
        *capacity = larger;
    }
    return moved;
}

static bool make_tail_room(struct conversation *conversation)
{
    struct message **tail = with_room(conversation->tail, conversation->tail_count,
            &conversation->tail_capacity, sizeof(*tail));

    if (tail == NULL) {
        return false;
    }
    conversation->tail = tail;
    return true;
}

bool conversation_append(struct conversation *conversation, struct message *row)
{
    CHECK(row->cseq == conversation->head_cseq + 1);
    CHECK(conversation->tail_first + conversation->tail_count == row->cseq);
    if (!make_tail_room(conversation)) {
        message_destroy(row);
        return false;
    }
    conversation->tail[conversation->tail_count++] = row;
    conversation->head_cseq = row->cseq;
    conversation->bytes += message_bytes(row);
    return true;
}

bool conversation_prepend(struct conversation *conversation, struct message *row)
{
    CHECK(row->cseq + 1 == conversation->tail_first);
    if (!make_tail_room(conversation)) {
        message_destroy(row);
        return false;
    }
    memmove(conversation->tail + 1, conversation->tail,
            conversation->tail_count * sizeof(*conversation->tail));
    conversation->tail[0] = row;
    conversation->tail_count++;
    conversation->tail_first--;
    conversation->bytes += message_bytes(row);
    return true;
}

// Where in the patch list this cseq is, or would be.
static uint32_t patch_position(const struct conversation *conversation, uint64_t cseq)
{
    uint32_t low = 0;
    uint32_t high = conversation->patch_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (conversation->patches[middle]->cseq < cseq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct message **slot_of(const struct conversation *conversation, uint64_t cseq)
{
    if (cseq >= conversation->tail_first) {
        uint64_t position = cseq - conversation->tail_first;
        return position < conversation->tail_count ? &conversation->tail[position] : NULL;
    }
    uint32_t position = patch_position(conversation, cseq);
    if (position < conversation->patch_count && conversation->patches[position]->cseq == cseq) {
        return &conversation->patches[position];
    }
    return NULL;
}

struct message *conversation_row(const struct conversation *conversation, uint64_t cseq)
{
    struct message **slot = slot_of(conversation, cseq);

    return slot == NULL ? NULL : *slot;
}

struct message *conversation_rewrite(struct conversation *conversation, struct message *row,
        struct bytes text)
{
    struct message **slot = slot_of(conversation, row->cseq);
    struct message changed = *row;

    CHECK(slot != NULL && *slot == row);
    if (changed.text_hash == 0) {
        changed.text_hash = history_text_hash(row->text);
    }
    changed.text = text;
    changed.is_dirty = true;
    struct message *replacement = message_create(&changed);
    if (replacement == NULL) {
        return NULL;
    }
    conversation->bytes += message_bytes(replacement) - message_bytes(row);
    message_destroy(row);
    *slot = replacement;
    return replacement;
}

bool conversation_patch(struct conversation *conversation, struct message *row)
{
    uint32_t position = patch_position(conversation, row->cseq);
    struct message **patches = with_room(conversation->patches, conversation->patch_count,
            &conversation->patch_capacity, sizeof(*patches));

    CHECK(row->cseq < conversation->tail_first);
    if (patches == NULL) {
        message_destroy(row);
        return false;
    }
    conversation->patches = patches;
    memmove(patches + position + 1, patches + position,
            (conversation->patch_count - position) * sizeof(*patches));
    patches[position] = row;
    conversation->patch_count++;
    conversation->bytes += message_bytes(row);
    return true;
}

static void drop(struct conversation *conversation, struct message **rows, uint32_t *count,
        uint32_t gone)
{
    for (uint32_t i = 0; i < gone; i++) {
        conversation->bytes -= message_bytes(rows[i]);
        message_destroy(rows[i]);
    }
    *count -= gone;
    if (gone > 0) {
        memmove(rows, rows + gone, *count * sizeof(*rows));
    }
}

void conversation_forget_below(struct conversation *conversation, uint64_t cseq)
{
    uint64_t gone = cseq > conversation->tail_first ? cseq - conversation->tail_first : 0;

    drop(conversation, conversation->patches, &conversation->patch_count,
            patch_position(conversation, cseq));
    gone = gone < conversation->tail_count ? gone : conversation->tail_count;
    drop(conversation, conversation->tail, &conversation->tail_count, (uint32_t)gone);
    conversation->tail_first += gone;
}

void conversation_settle(struct conversation *conversation, uint32_t keep)
{
    uint32_t gone = conversation->tail_count > keep ? conversation->tail_count - keep : 0;

    drop(conversation, conversation->patches, &conversation->patch_count,
            conversation->patch_count);
    conversation->mark_count = 0;
    drop(conversation, conversation->tail, &conversation->tail_count, gone);
    conversation->tail_first += gone;
    for (uint32_t i = 0; i < conversation->tail_count; i++) {
        conversation->tail[i]->is_dirty = false;
    }
    conversation->clean_cseq = conversation->head_cseq;
    if (conversation->tail_capacity > 4 * keep) {
        struct message **tail = realloc(conversation->tail, (keep + 1) * sizeof(*tail));
        if (tail != NULL) {
            conversation->tail = tail;
            conversation->tail_capacity = keep + 1;
        }
    }
}

uint32_t conversation_find_sender(const struct conversation *conversation, uint64_t device,
        bool is_owner)
{
    for (uint32_t i = conversation->sender_count; i > 0; i--) {
        const struct sender *sender = &conversation->senders[i - 1];
        if (sender->device == device && sender->is_owner == is_owner) {
            return i - 1;
        }
    }
    return UINT32_MAX;
}

uint32_t conversation_take_sender(struct conversation *conversation, uint64_t device, bool is_owner)
{
    uint32_t number = conversation_find_sender(conversation, device, is_owner);

    if (number != UINT32_MAX) {
        return number;
    }
    struct sender *senders = with_room(conversation->senders, conversation->sender_count,
            &conversation->sender_capacity, sizeof(*senders));
    if (senders == NULL) {
        return UINT32_MAX;
    }
    conversation->senders = senders;
    senders[conversation->sender_count] =
            (struct sender){ .device = device, .is_owner = is_owner, .is_dirty = true };
    return conversation->sender_count++;
}

bool conversation_add_mark(struct conversation *conversation, struct mark mark)
{
    struct mark *marks = with_room(conversation->marks, conversation->mark_count,
            &conversation->mark_capacity, sizeof(*marks));

    if (marks == NULL) {
        return false;
    }
    conversation->marks = marks;
    marks[conversation->mark_count++] = mark;
    return true;
}

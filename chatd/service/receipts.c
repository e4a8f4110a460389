// SPDX-License-Identifier: MIT
#include "service/receipts.h"

#include <stdlib.h>

#include "shared/map.h"

// Gathers until the next batch is sealed, then waits for its record.
struct pending {
    struct map_node by_key;
    struct list order;   // receipts.pending, oldest first
    struct list waiters; // receipt_waiter.of_receipt
    struct receipt receipt;
    struct proposal proposal;
};

struct receipts {
    struct cell *cell;
    struct map by_key;
    struct list pending;
};

struct receipts *receipts_create(struct cell *cell)
{
    struct receipts *receipts = calloc(1, sizeof(*receipts));

    if (receipts != NULL) {
        receipts->cell = cell;
        list_init(&receipts->pending);
    }
    return receipts;
}

static void forget(struct receipts *receipts, struct pending *pending)
{
    map_remove(&receipts->by_key, &pending->by_key);
    list_leave(&pending->order);
}

static void finish(struct pending *pending, enum err err)
{
    LIST_EACH(node, &pending->waiters) {
        struct receipt_waiter *waiter = LIST_OF(node, struct receipt_waiter, of_receipt);
        list_leave(node);
        waiter->done(waiter, err);
    }
    free(pending);
}

void receipts_destroy(struct receipts *receipts)
{
    if (receipts == NULL) {
        return;
    }
    LIST_EACH(node, &receipts->pending) {
        struct pending *pending = LIST_OF(node, struct pending, order);
        forget(receipts, pending);
        finish(pending, ERR_UNAVAILABLE);
    }
    map_finish(&receipts->by_key);
    free(receipts);
}

static uint64_t hash_of(const struct receipt *receipt)
{
    return map_hash(receipt->user.text, receipt->user.size) * 3 +
            map_hash(receipt->peer.text, receipt->peer.size) + receipt->device;
}

// Whether both say the same of one device, without a gap between what they cover.
static bool continues(const struct receipt *earlier, const struct receipt *later)
{
    return earlier->device == later->device && later->after <= earlier->cseq &&
            bytes_equal(name_bytes(&earlier->user), name_bytes(&later->user)) &&
            bytes_equal(name_bytes(&earlier->peer), name_bytes(&later->peer));
}

static struct pending *find(struct receipts *receipts, uint64_t hash, const struct receipt *receipt)
{
    struct map_node *node = map_first(&receipts->by_key, hash);

    while (node != NULL) {
        struct pending *pending = MAP_OF(node, struct pending, by_key);
        if (continues(&pending->receipt, receipt)) {
            return pending;
        }
        node = map_next(node);
    }
    return NULL;
}

static struct pending *add(struct receipts *receipts, uint64_t hash, const struct receipt *receipt)
{
    struct pending *pending = calloc(1, sizeof(*pending));

    if (pending == NULL) {
        return NULL;
    }
    pending->receipt = *receipt;
    list_init(&pending->order);
    list_init(&pending->waiters);
    if (!map_insert(&receipts->by_key, &pending->by_key, hash)) {
        free(pending);
        return NULL;
    }
    list_append(&receipts->pending, &pending->order);
    return pending;
}

enum err receipts_add(struct receipts *receipts, const struct receipt *receipt,
        struct receipt_waiter *waiter)
{
    uint64_t hash = hash_of(receipt);
    struct pending *pending = find(receipts, hash, receipt);

    if (pending == NULL) {
        pending = add(receipts, hash, receipt);
    }
    if (pending == NULL) {
        return ERR_MEMORY;
    }
    if (receipt->useq > pending->receipt.useq) {
        pending->receipt.useq = receipt->useq;
    }
    if (receipt->cseq > pending->receipt.cseq) {
        pending->receipt.cseq = receipt->cseq;
    }
    if (waiter != NULL) {
        list_init(&waiter->of_receipt);
        list_append(&pending->waiters, &waiter->of_receipt);
    }
    cell_request_gather(receipts->cell);
    return ERR_OK;
}

static void on_applied(struct proposal *proposal, const struct applied *applied)
{
    struct pending *pending = TASK_OF(proposal, struct pending, proposal);

    // ERR_INVALID, ERR_NOT_FOUND: the conversation is gone; the resume point has moved all the
    // same.
    bool has_moved = applied->outcome == ERR_INVALID || applied->outcome == ERR_NOT_FOUND;
    finish(pending, has_moved ? ERR_OK : applied->outcome);
}

void receipts_propose(struct receipts *receipts)
{
    LIST_EACH(node, &receipts->pending) {
        struct pending *pending = LIST_OF(node, struct pending, order);
        const struct receipt *receipt = &pending->receipt;
        struct record record = {
            .type = receipt->peer.size > 0 ? RECORD_DELIVERED : RECORD_ACK,
            .user = name_bytes(&receipt->user),
            .peer = name_bytes(&receipt->peer),
            .device = receipt->device,
            .after = receipt->after,
            .cseq = receipt->cseq,
            .useq = receipt->useq,
        };
        pending->proposal.done = on_applied;
        enum err err = cell_propose(receipts->cell, &record, &pending->proposal);
        if (err == ERR_BUSY || err == ERR_DISK_FULL || err == ERR_MEMORY) {
            cell_request_gather(receipts->cell);
            return; // with a later batch
        }
        forget(receipts, pending);
        if (err != ERR_OK) {
            finish(pending, err);
        }
    }
}

// SPDX-License-Identifier: MIT
#include "service/receipts.h"

#include <stdlib.h>

#include "shared/list.h"
#include "shared/map.h"
#include "shared/name.h"

struct receipt {
    struct map_node by_key;
    struct list pending; // receipts.pending, oldest first
    struct name user;
    struct name peer; // empty: only the device's resume point
    uint64_t device;
    uint64_t useq;
    uint64_t cseq;
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

static void drop(struct receipts *receipts, struct receipt *receipt)
{
    map_remove(&receipts->by_key, &receipt->by_key);
    list_leave(&receipt->pending);
    free(receipt);
}

void receipts_destroy(struct receipts *receipts)
{
    if (receipts == NULL) {
        return;
    }
    LIST_EACH(node, &receipts->pending) {
        drop(receipts, LIST_OF(node, struct receipt, pending));
    }
    map_finish(&receipts->by_key);
    free(receipts);
}

static uint64_t hash_of(struct bytes user, uint64_t device, struct bytes peer)
{
    return map_hash(user.data, user.size) * 3 + map_hash(peer.data, peer.size) + device;
}

static struct receipt *find(struct receipts *receipts, uint64_t hash, struct bytes user,
        uint64_t device, struct bytes peer)
{
    struct map_node *node = map_first(&receipts->by_key, hash);

    while (node != NULL) {
        struct receipt *receipt = MAP_OF(node, struct receipt, by_key);
        if (receipt->device == device && bytes_equal(name_bytes(&receipt->user), user) &&
                bytes_equal(name_bytes(&receipt->peer), peer)) {
            return receipt;
        }
        node = map_next(node);
    }
    return NULL;
}

void receipts_add(struct receipts *receipts, struct bytes user, uint64_t device, uint64_t useq,
        struct bytes peer, uint64_t cseq)
{
    uint64_t hash = hash_of(user, device, peer);
    struct receipt *receipt = find(receipts, hash, user, device, peer);

    if (receipt == NULL) {
        receipt = calloc(1, sizeof(*receipt));
        if (receipt == NULL) {
            return;
        }
        receipt->user = name_of(user);
        receipt->peer = name_of(peer);
        receipt->device = device;
        list_init(&receipt->pending);
        if (!map_insert(&receipts->by_key, &receipt->by_key, hash)) {
            free(receipt);
            return;
        }
        list_append(&receipts->pending, &receipt->pending);
    }
    receipt->useq = useq > receipt->useq ? useq : receipt->useq;
    receipt->cseq = cseq > receipt->cseq ? cseq : receipt->cseq;
    cell_request_gather(receipts->cell);
}

void receipts_propose(struct receipts *receipts)
{
    LIST_EACH(node, &receipts->pending) {
        struct receipt *receipt = LIST_OF(node, struct receipt, pending);
        struct record record = {
            .type = receipt->peer.size > 0 ? RECORD_DELIVERED : RECORD_ACK,
            .user = name_bytes(&receipt->user),
            .peer = name_bytes(&receipt->peer),
            .device = receipt->device,
            .cseq = receipt->cseq,
            .useq = receipt->useq,
        };
        enum err err = cell_propose(receipts->cell, &record, NULL);
        if (err == ERR_BUSY || err == ERR_DISK_FULL || err == ERR_MEMORY) {
            cell_request_gather(receipts->cell);
            return; // with a later batch
        }
        drop(receipts, receipt);
    }
}

// SPDX-License-Identifier: MIT
#include "cluster/flight.h"

#include <inttypes.h>
#include <stdlib.h>

#include "shared/log.h"

struct flight *flight_create(struct cell *cell)
{
    struct flight *flight = calloc(1, sizeof(*flight));

    if (flight == NULL) {
        return NULL;
    }
    flight->cell = cell;
    flight->free_bytes = UINT64_MAX;
    flight->batch = batch_create();
    if (flight->batch == NULL) {
        flight_destroy(flight);
        return NULL;
    }
    return flight;
}

void flight_destroy(struct flight *flight)
{
    if (flight == NULL) {
        return;
    }
    batch_destroy(flight->batch);
    free(flight->proposals);
    free(flight->halves);
    free(flight);
}

static enum err make_room(struct flight *flight)
{
    if (flight->batch->count < flight->capacity) {
        return ERR_OK;
    }
    uint32_t capacity = flight->capacity == 0 ? 64 : flight->capacity * 2;
    struct proposal **proposals = realloc(flight->proposals, capacity * sizeof(struct proposal *));
    if (proposals == NULL) {
        return ERR_MEMORY;
    }
    flight->proposals = proposals;
    flight->capacity = capacity;
    return ERR_OK;
}

enum err flight_add(struct flight *flight, const struct record *record, struct proposal *proposal,
        uint16_t partition_count)
{
    enum err err = make_room(flight);

    if (err == ERR_OK) {
        err = batch_add(flight->batch, record, partition_count);
    }
    if (err == ERR_OK) {
        flight->proposals[flight->batch->count - 1] = proposal;
    }
    return err;
}

void flight_compare(struct flight *flight, const struct record *record,
        const struct applied *applied)
{
    struct half *half = &flight->halves[applied->entry];

    if (!half->is_known) {
        *half = (struct half){ true, applied->outcome, applied->cseq, applied->digest };
        return;
    }
    if (half->outcome == ERR_UNAVAILABLE || applied->outcome == ERR_UNAVAILABLE) {
        return; // one copy is quarantined
    }
    if (half->outcome == applied->outcome && half->cseq == applied->cseq &&
            half->digest == applied->digest) {
        return;
    }
    log_error("copies_differ",
            "index=%" PRIu64 " entry=%u type=%s user=%.*s peer=%.*s outcome=%s/%s seq=%" PRIu64
            "/%" PRIu64 " digest=%016" PRIx64 "/%016" PRIx64,
            flight->batch->index, applied->entry, record_type_name(record->type),
            (int)record->user.size, record->user.data, (int)record->peer.size, record->peer.data,
            err_kind(half->outcome), err_kind(applied->outcome), half->cseq, applied->cseq,
            half->digest, applied->digest);
    FAIL("the two copies of a conversation differ");
}

void flight_fail(struct flight *flight, enum err err)
{
    const struct applied applied = { .outcome = err };

    for (uint32_t i = 0; i < flight->batch->count; i++) {
        struct proposal *proposal = flight->proposals[i];
        flight->proposals[i] = NULL;
        if (proposal != NULL) {
            proposal->done(proposal, &applied);
        }
    }
}

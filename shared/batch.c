// SPDX-License-Identifier: MIT
#include "shared/batch.h"

#include <stdlib.h>

#include "shared/name.h"

#define ENTRIES_FIRST 64

struct batch *batch_create(void)
{
    return calloc(1, sizeof(struct batch));
}

void batch_destroy(struct batch *batch)
{
    if (batch == NULL) {
        return;
    }
    buffer_finish(&batch->body);
    free(batch->entries);
    free(batch);
}

static enum err make_room(struct batch *batch)
{
    if (batch->count < batch->capacity) {
        return ERR_OK;
    }
    uint32_t capacity = batch->capacity == 0 ? ENTRIES_FIRST : batch->capacity * 2;
    struct batch_entry *entries = realloc(batch->entries, capacity * sizeof(*entries));
    if (entries == NULL) {
        return ERR_MEMORY;
    }
    batch->entries = entries;
    batch->capacity = capacity;
    return ERR_OK;
}

static void add_entry(struct batch *batch, const struct record *record, uint32_t offset,
        uint32_t size, uint16_t partition_count)
{
    struct batch_entry *entry = &batch->entries[batch->count++];

    entry->offset = offset;
    entry->size = size;
    entry->partitions[SIDE_USER] = name_partition(record->user, partition_count);
    entry->partitions[SIDE_PEER] = record_is_two_sided(record->type)
            ? name_partition(record->peer, partition_count)
            : PARTITION_NONE;
}

enum err batch_add(struct batch *batch, const struct record *record, uint16_t partition_count)
{
    size_t start = batch->body.bytes;

    CHECK(batch->index == 0);
    if (batch->count >= BATCH_RECORDS_MAX || start + RECORD_BYTES_MAX > BATCH_BYTES_MAX) {
        return ERR_BUSY;
    }
    enum err err = make_room(batch);
    if (err != ERR_OK) {
        return err;
    }
    // The length goes before the record and is not known yet: three bytes hold any record.
    buffer_add(&batch->body, "\0\0\0", 3);
    record_encode(record, &batch->body);
    if (!buffer_is_whole(&batch->body)) {
        batch->body.bytes = start;
        batch->body.has_failed = false;
        return ERR_MEMORY;
    }
    size_t size = batch->body.bytes - start - 3;
    CHECK(size <= RECORD_BYTES_MAX);
    unsigned char *length = (unsigned char *)batch->body.data + start;
    length[0] = (unsigned char)size;
    length[1] = (unsigned char)(size >> 8);
    length[2] = (unsigned char)(size >> 16);
    add_entry(batch, record, (uint32_t)start + 3, (uint32_t)size, partition_count);
    return ERR_OK;
}

static enum err parse_record(struct batch *batch, uint32_t *position, uint16_t partition_count)
{
    const unsigned char *length = (const unsigned char *)batch->body.data + *position;
    struct record record;

    if (batch->body.bytes - *position < 3 || batch->count >= BATCH_RECORDS_MAX) {
        return ERR_DAMAGED;
    }
    uint32_t size = length[0] | (uint32_t)length[1] << 8 | (uint32_t)length[2] << 16;
    if (batch->body.bytes - *position - 3 < size) {
        return ERR_DAMAGED;
    }
    struct bytes data = { batch->body.data + *position + 3, size };
    enum err err = record_decode(data, &record);
    if (err == ERR_OK) {
        err = make_room(batch);
    }
    if (err == ERR_OK) {
        add_entry(batch, &record, *position + 3, size, partition_count);
        *position += 3 + size;
    }
    return err;
}

enum err batch_parse(uint64_t index, struct bytes body, uint16_t partition_count,
        struct batch **out)
{
    struct batch *batch = batch_create();
    uint32_t position = 0;
    enum err err = ERR_OK;

    *out = NULL;
    if (batch == NULL) {
        return ERR_MEMORY;
    }
    buffer_add(&batch->body, body.data, body.size);
    if (!buffer_is_whole(&batch->body)) {
        err = ERR_MEMORY;
    }
    while (err == ERR_OK && position < batch->body.bytes) {
        err = parse_record(batch, &position, partition_count);
    }
    if (err != ERR_OK) {
        batch_destroy(batch);
        return err;
    }
    batch->index = index;
    *out = batch;
    return ERR_OK;
}

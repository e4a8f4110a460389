// SPDX-License-Identifier: MIT
// Any bytes as the body of a batch: refused, or records that all decode and together are the body.
#include "shared/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct batch *batch = NULL;
    struct record record;
    size_t total = 0;

    if (batch_parse(7, (struct bytes){ (const char *)data, (uint32_t)bytes }, 900, &batch) !=
            ERR_OK) {
        CHECK(batch == NULL);
        return 0;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        struct bytes lent = batch_record(batch, i);
        CHECK(record_decode(lent, &record) == ERR_OK);
        CHECK(batch->entries[i].partitions[SIDE_USER] < 900);
        CHECK(record_is_two_sided(record.type) ==
                (batch->entries[i].partitions[SIDE_PEER] != PARTITION_NONE));
        total += 3 + lent.size;
    }
    CHECK(total == bytes);
    batch_destroy(batch);
    return 0;
}

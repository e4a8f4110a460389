// SPDX-License-Identifier: MIT
// Any bytes as a record: refused, or a record that survives being written and read again.
#include "shared/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct record record, again;
    struct buffer out = { 0 }, out_again = { 0 };

    if (bytes > UINT32_MAX ||
            record_decode((struct bytes){ (const char *)data, (uint32_t)bytes }, &record) !=
                    ERR_OK) {
        return 0;
    }
    record_encode(&record, &out);
    CHECK(record_decode((struct bytes){ out.data, (uint32_t)out.bytes }, &again) == ERR_OK);
    CHECK(again.type == record.type && bytes_equal(again.user, record.user));
    record_encode(&again, &out_again);
    CHECK(out.bytes == out_again.bytes && memcmp(out.data, out_again.data, out.bytes) == 0);
    buffer_finish(&out);
    buffer_finish(&out_again);
    return 0;
}

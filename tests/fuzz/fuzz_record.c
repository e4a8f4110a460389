// SPDX-License-Identifier: MIT
// Any bytes as a record: refused, or a record that survives being written and read again.
#include "shared/import_entry.h"
#include "shared/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

// The entries of an import: each that is one survives being packed and read again.
static void read_entries(struct bytes packed)
{
    struct reader reader = { .data = packed.data, .bytes = packed.size };
    struct import_entry entry, found;
    uint64_t ts = 0, before = 0;

    while (import_entry_next(&reader, &ts, &entry) == ERR_OK) {
        struct buffer out = { 0 };
        uint64_t again = before;
        import_entry_pack(&entry, before, &out);
        struct reader reread = { .data = out.data, .bytes = out.bytes };
        CHECK(import_entry_next(&reread, &again, &found) == ERR_OK && again == ts);
        CHECK(found.kind == entry.kind && bytes_equal(found.text, entry.text));
        CHECK(found.text_hash == entry.text_hash && found.target == entry.target);
        before = ts;
        buffer_finish(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct record record, again;
    struct buffer out = { 0 }, out_again = { 0 };

    if (bytes > UINT32_MAX ||
            record_decode((struct bytes){ (const char *)data, (uint32_t)bytes }, &record) !=
                    ERR_OK) {
        return 0;
    }
    if (record.type == RECORD_IMPORT) {
        read_entries(record.text);
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

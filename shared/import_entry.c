// SPDX-License-Identifier: MIT
#include "shared/import_entry.h"

#include "shared/limits.h"

#define KIND_MASK 3U
#define IS_OF_USER 4U
#define IS_EDITED 8U
#define IS_DELETED 16U
#define HAS_HASH 32U
#define KNOWN_BITS 63U

void import_entry_pack(const struct import_entry *entry, uint64_t previous_ts, struct buffer *out)
{
    unsigned head = (unsigned)entry->kind | (entry->is_of_user ? IS_OF_USER : 0) |
            (entry->is_edited ? IS_EDITED : 0) | (entry->is_deleted ? IS_DELETED : 0) |
            (entry->text_hash != 0 ? HAS_HASH : 0);

    CHECK(entry->ts >= previous_ts);
    buffer_add_byte(out, (char)head);
    buffer_add_varint(out, entry->ts - previous_ts);
    buffer_add_varint(out, entry->device);
    buffer_add_varint(out, entry->counter);
    if (entry->kind != MESSAGE_TEXT) {
        buffer_add_varint(out, entry->target);
    }
    if (entry->text_hash != 0) {
        buffer_add_varint(out, entry->text_hash);
    }
    buffer_add_varint(out, entry->text.size);
    buffer_add(out, entry->text.data, entry->text.size);
}

enum err import_entry_next(struct reader *reader, uint64_t *ts, struct import_entry *entry)
{
    *entry = (struct import_entry){ 0 };
    if (reader->position == reader->bytes && !reader->has_failed) {
        return ERR_NOT_FOUND;
    }
    const char *byte = reader_take(reader, 1);
    unsigned head = byte == NULL ? 0 : (unsigned char)*byte;
    uint64_t later_ms = reader_varint(reader);
    entry->kind = (enum message_kind)(head & KIND_MASK);
    entry->is_of_user = (head & IS_OF_USER) != 0;
    entry->is_edited = (head & IS_EDITED) != 0;
    entry->is_deleted = (head & IS_DELETED) != 0;
    entry->ts = *ts + later_ms;
    entry->device = reader_varint(reader);
    entry->counter = reader_varint(reader);
    entry->target = entry->kind == MESSAGE_TEXT ? 0 : reader_varint(reader);
    entry->text_hash = (head & HAS_HASH) != 0 ? reader_varint(reader) : 0;
    uint64_t text_bytes = reader_varint(reader);
    if (reader->has_failed || text_bytes > TEXT_BYTES_MAX) {
        return ERR_DAMAGED;
    }
    entry->text.data = reader_take(reader, (size_t)text_bytes);
    entry->text.size = (uint32_t)text_bytes;
    bool is_change = entry->kind != MESSAGE_TEXT;
    if (reader->has_failed || (head & ~KNOWN_BITS) != 0 || entry->kind > MESSAGE_DELETE ||
            entry->ts < *ts || ((head & HAS_HASH) != 0 && entry->text_hash == 0) ||
            (is_change && (entry->is_edited || entry->is_deleted)) ||
            (entry->is_deleted && entry->text.size > 0)) {
        return ERR_DAMAGED;
    }
    *ts = entry->ts;
    return ERR_OK;
}

struct history_entry import_entry_history(const struct import_entry *entry, uint64_t seq,
        struct bytes from)
{
    return (struct history_entry){
        .seq = seq,
        .ts = entry->ts,
        .target = entry->target,
        .text_hash = entry->text_hash != 0 ? entry->text_hash : history_text_hash(entry->text),
        .from = from,
        .kind = entry->kind,
    };
}

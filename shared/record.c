// SPDX-License-Identifier: MIT
#include "shared/record.h"

#include <stddef.h>

#include "shared/limits.h"

// What each type carries. The order of the fields on disk is that of field_table.
static const struct {
    const char *name;
    unsigned fields;
    bool is_two_sided;
} types[RECORD_TYPE_COUNT] = {
    [RECORD_USER_CREATE] = { "user_create", FIELD_USER | FIELD_SECRET | FIELD_FLAGS | FIELD_TS,
            false },
    [RECORD_USER_STATE] = { "user_state", FIELD_USER | FIELD_FLAGS | FIELD_TS, false },
    [RECORD_PASSWORD_SET] = { "password_set", FIELD_USER | FIELD_SECRET | FIELD_DEVICE | FIELD_TS,
            false },
    [RECORD_DEVICE_CREATE] = { "device_create",
            FIELD_USER | FIELD_DEVICE | FIELD_LABEL | FIELD_HASH | FIELD_FLAGS | FIELD_TS, false },
    [RECORD_DEVICE_REVOKE] = { "device_revoke", FIELD_USER | FIELD_DEVICE | FIELD_TS, false },
    [RECORD_ACK] = { "ack", FIELD_USER | FIELD_DEVICE | FIELD_USEQ, false },
    [RECORD_SEEN] = { "seen", FIELD_USER | FIELD_DEVICE | FIELD_TS, false },
    [RECORD_SEND] = { "send",
            FIELD_USER | FIELD_PEER | FIELD_DEVICE | FIELD_COUNTER | FIELD_AFTER | FIELD_TS |
                    FIELD_TEXT,
            true },
    [RECORD_EDIT] = { "edit",
            FIELD_USER | FIELD_PEER | FIELD_DEVICE | FIELD_COUNTER | FIELD_CSEQ | FIELD_TS |
                    FIELD_TEXT,
            true },
    [RECORD_DELETE] = { "delete",
            FIELD_USER | FIELD_PEER | FIELD_DEVICE | FIELD_COUNTER | FIELD_CSEQ | FIELD_TS, true },
    [RECORD_DELIVERED] = { "delivered",
            FIELD_USER | FIELD_PEER | FIELD_DEVICE | FIELD_AFTER | FIELD_CSEQ | FIELD_USEQ, true },
    [RECORD_READ] = { "read", FIELD_USER | FIELD_PEER | FIELD_CSEQ, true },
    [RECORD_BLOCK] = { "block", FIELD_USER | FIELD_PEER | FIELD_FLAGS, true },
    [RECORD_AGAIN] = { "again",
            FIELD_USER | FIELD_PEER | FIELD_DEVICE | FIELD_COUNTER | FIELD_CSEQ | FIELD_TS |
                    FIELD_TEXT,
            true },
    [RECORD_EXPIRE] = { "expire", FIELD_USER | FIELD_PEER | FIELD_CSEQ, true },
    [RECORD_RETENTION] = { "retention", FIELD_USER | FIELD_FLAGS, false },
    [RECORD_IMPORT] = { "import",
            FIELD_USER | FIELD_PEER | FIELD_CSEQ | FIELD_FLAGS | FIELD_TEXT | FIELD_HASH, true },
    [RECORD_USER_CLAIM] = { "user_claim", FIELD_USER | FIELD_TS | FIELD_HASH | FIELD_SECRET,
            false },
};

static const struct {
    unsigned field;
    bool is_bytes;
    size_t offset;
} field_table[] = {
    { FIELD_USER, true, offsetof(struct record, user) },
    { FIELD_PEER, true, offsetof(struct record, peer) },
    { FIELD_DEVICE, false, offsetof(struct record, device) },
    { FIELD_COUNTER, false, offsetof(struct record, counter) },
    { FIELD_AFTER, false, offsetof(struct record, after) },
    { FIELD_CSEQ, false, offsetof(struct record, cseq) },
    { FIELD_USEQ, false, offsetof(struct record, useq) },
    { FIELD_TS, false, offsetof(struct record, ts) },
    { FIELD_FLAGS, false, offsetof(struct record, flags) },
    { FIELD_TEXT, true, offsetof(struct record, text) },
    { FIELD_LABEL, true, offsetof(struct record, label) },
    { FIELD_HASH, true, offsetof(struct record, hash) },
    { FIELD_SECRET, true, offsetof(struct record, secret) },
};

#define FIELD_COUNT (sizeof(field_table) / sizeof(field_table[0]))

static bool type_is_known(uint64_t type)
{
    return type > 0 && type < RECORD_TYPE_COUNT && types[type].name != NULL;
}

bool record_is_two_sided(enum record_type type)
{
    CHECK(type_is_known(type));
    return types[type].is_two_sided;
}

const char *record_type_name(enum record_type type)
{
    CHECK(type_is_known(type));
    return types[type].name;
}

void record_encode(const struct record *record, struct buffer *out)
{
    CHECK(type_is_known(record->type));
    buffer_add_byte(out, RECORD_VERSION);
    buffer_add_byte(out, (char)record->type);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if ((types[record->type].fields & field_table[i].field) == 0) {
            continue;
        }
        const char *field = (const char *)record + field_table[i].offset;
        if (field_table[i].is_bytes) {
            const struct bytes *bytes = (const void *)field;
            buffer_add_varint(out, bytes->size);
            buffer_add(out, bytes->data, bytes->size);
        } else {
            buffer_add_varint(out, *(const uint64_t *)(const void *)field);
        }
    }
}

static void decode_field(struct reader *reader, bool is_bytes, char *field)
{
    uint64_t value = reader_varint(reader);

    if (!is_bytes) {
        *(uint64_t *)(void *)field = value;
        return;
    }
    struct bytes *bytes = (void *)field;
    if (value > reader->bytes) {
        reader->has_failed = true;
        return;
    }
    bytes->data = reader_take(reader, (size_t)value);
    bytes->size = (uint32_t)value;
}

enum err record_decode(struct bytes data, struct record *record)
{
    struct reader reader = { .data = data.data, .bytes = data.size };

    *record = (struct record){ 0 };
    uint64_t version = reader_varint(&reader);
    uint64_t type = reader_varint(&reader);
    if (reader.has_failed || version != RECORD_VERSION || !type_is_known(type)) {
        return ERR_DAMAGED;
    }
    record->type = (enum record_type)type;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if ((types[type].fields & field_table[i].field) != 0) {
            decode_field(&reader, field_table[i].is_bytes, (char *)record + field_table[i].offset);
        }
    }
    if (reader.has_failed || reader.position != reader.bytes ||
            record->user.size > NAME_BYTES_MAX || record->peer.size > NAME_BYTES_MAX) {
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

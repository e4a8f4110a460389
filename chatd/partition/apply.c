// SPDX-License-Identifier: MIT
#include "partition/apply.h"

#include "partition/residence.h"
#include "shared/log.h"

enum err apply_record(struct partition *partition, const struct record *record, enum side side,
        struct applied *applied)
{
    struct bytes name = side == SIDE_USER ? record->user : record->peer;
    struct user *owner = NULL;

    if (!record_is_two_sided(record->type)) {
        return apply_account(partition, record, applied);
    }
    enum err err = residence_user(partition, name, &owner);
    if (err != ERR_OK) {
        // Both names were checked before the record was proposed, and names never go away.
        log_error("apply_without_user", "partition=%u type=%s user=%.*s", partition->id,
                record_type_name(record->type), (int)name.size, name.data);
        return err;
    }
    switch (record->type) {
    case RECORD_SEND:
    case RECORD_EDIT:
    case RECORD_DELETE:
        return apply_message(partition, owner, record, side, applied);
    case RECORD_AGAIN:
        return apply_again(partition, owner, record, side, applied);
    case RECORD_EXPIRE:
        return apply_expire(partition, owner, record, side, applied);
    case RECORD_DELIVERED:
    case RECORD_READ:
    case RECORD_BLOCK:
        return apply_receipt(partition, owner, record, side, applied);
    case RECORD_IMPORT:
        return apply_import(partition, owner, record, side, applied);
    case RECORD_USER_CREATE:
    case RECORD_USER_STATE:
    case RECORD_PASSWORD_SET:
    case RECORD_DEVICE_CREATE:
    case RECORD_DEVICE_REVOKE:
    case RECORD_ACK:
    case RECORD_SEEN:
    case RECORD_USER_CLAIM:
    case RECORD_RETENTION:
    case RECORD_TYPE_COUNT:
        break;
    }
    FAIL("two-sided record without apply");
}

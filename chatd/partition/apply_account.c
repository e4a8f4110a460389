// SPDX-License-Identifier: MIT
// Single-partition records: they may be refused here, because the log order decides (two
// registrations of one name: the first one wins).

#include "partition/apply.h"
#include "partition/residence.h"

static enum err create_user(struct partition *partition, const struct record *record)
{
    struct user *user = NULL;
    enum err err = residence_user(partition, record->user, &user);

    if (err == ERR_OK) {
        return ERR_EXISTS; // a deleted name too: it is never given again
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    if (record->secret.size > SECRET_BYTES_MAX) {
        return ERR_INVALID;
    }
    err = residence_add_user(partition, record->user, &user);
    if (err != ERR_OK) {
        return err;
    }
    user->created = record->ts;
    user->is_admin = (record->flags & USER_IS_ADMIN) != 0;
    user->state = (record->flags & USER_IS_INVITED) != 0 ? USER_INVITED : USER_ACTIVE;
    user->secret_bytes = (uint8_t)record->secret.size;
    if (record->secret.size > 0) {
        memcpy(user->secret, record->secret.data, record->secret.size);
    }
    return ERR_OK;
}

static enum err create_device(struct partition *partition, struct user *user,
        const struct record *record)
{
    if (user->state != USER_ACTIVE) {
        return ERR_FORBIDDEN;
    }
    if (user_device(user, record->device) != NULL) {
        return ERR_EXISTS;
    }
    if (user->device_count >= DEVICES_PER_USER_MAX) {
        return ERR_TOO_LARGE;
    }
    if (record->hash.size != TOKEN_HASH_BYTES || record->label.size > LABEL_BYTES_MAX) {
        return ERR_INVALID;
    }
    uint64_t before = user_bytes(user);
    struct device *device = user_add_device(user);
    if (device == NULL) {
        partition_quarantine(partition, "adding a device", ERR_MEMORY);
        return ERR_MEMORY;
    }
    partition->memory_bytes += user_bytes(user) - before;
    device->id = record->device;
    device->created = record->ts;
    device->is_consumer = (record->flags & DEVICE_IS_CONSUMER) != 0;
    device->label_bytes = (uint8_t)record->label.size;
    if (record->label.size > 0) {
        memcpy(device->label, record->label.data, record->label.size);
    }
    memcpy(device->token_hash, record->hash.data, TOKEN_HASH_BYTES);
    return ERR_OK;
}

// The invited one comes with the code: the name is theirs from now on.
static enum err claim_user(struct user *user, const struct record *record)
{
    struct bytes code_hash = { user->secret, user->secret_bytes };

    if (user->state != USER_INVITED || !bytes_equal(code_hash, record->hash) ||
            record->secret.size > SECRET_BYTES_MAX) {
        return ERR_FORBIDDEN;
    }
    user->state = USER_ACTIVE;
    user->secret_bytes = (uint8_t)record->secret.size;
    memcpy(user->secret, record->secret.data, record->secret.size);
    return ERR_OK;
}

static enum err set_password(struct user *user, const struct record *record)
{
    if (record->secret.size > SECRET_BYTES_MAX) {
        return ERR_INVALID;
    }
    user->secret_bytes = (uint8_t)record->secret.size;
    if (record->secret.size > 0) {
        memcpy(user->secret, record->secret.data, record->secret.size);
    }
    for (uint32_t i = 0; i < user->device_count; i++) {
        struct device *device = &user->devices[i];
        if (device->id != record->device && !device->is_revoked) {
            device->is_revoked = true;
            device->is_dirty = true;
        }
    }
    return ERR_OK;
}

static enum err change_device(struct user *user, const struct record *record)
{
    struct device *device = user_device(user, record->device);

    if (device == NULL) {
        return ERR_NOT_FOUND;
    }
    if (record->type == RECORD_DEVICE_REVOKE) {
        device->is_revoked = true;
    } else if (record->ts > device->last_seen) {
        device->last_seen = record->ts;
    }
    device->is_dirty = true;
    return ERR_OK;
}

void apply_acknowledge(struct partition *partition, struct user *owner, uint64_t id, uint64_t useq,
        struct applied *applied)
{
    struct device *device = user_device(owner, id);

    if (device == NULL) {
        return;
    }
    if (useq >= owner->next_useq) {
        useq = owner->next_useq - 1;
    }
    if (useq > device->acked_useq) {
        device->acked_useq = useq;
        device->is_dirty = true;
        residence_mark_user(partition, owner);
    }
    applied->acked_useq = device->acked_useq;
}

enum err apply_account(struct partition *partition, const struct record *record,
        struct applied *applied)
{
    struct user *user = NULL;

    if (record->type == RECORD_USER_CREATE) {
        return create_user(partition, record);
    }
    enum err err = residence_user(partition, record->user, &user);
    if (err != ERR_OK) {
        return err;
    }
    if (user->state == USER_DELETED) {
        return ERR_NOT_FOUND;
    }
    if (record->type == RECORD_ACK) {
        apply_acknowledge(partition, user, record->device, record->useq, applied);
        return ERR_OK;
    }
    if (record->type == RECORD_DEVICE_CREATE) {
        err = create_device(partition, user, record);
    } else if (record->type == RECORD_USER_CLAIM) {
        err = claim_user(user, record);
    } else if (record->type == RECORD_PASSWORD_SET) {
        err = set_password(user, record);
    } else if (record->type == RECORD_USER_STATE) {
        user->state = (enum user_state)record->flags;
    } else if (record->type == RECORD_RETENTION) {
        user->retention = record->flags;
    } else {
        err = change_device(user, record);
    }
    if (err == ERR_OK) {
        residence_mark_user(partition, user);
    }
    return err;
}

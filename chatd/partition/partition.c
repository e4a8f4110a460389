// SPDX-License-Identifier: MIT
#include "partition/partition.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "partition/apply.h"
#include "partition/home.h"
#include "partition/residence.h"
#include "shared/log.h"

struct partition *partition_create(uint16_t id, const struct partition_settings *settings)
{
    struct partition *partition = calloc(1, sizeof(*partition));

    if (partition == NULL) {
        return NULL;
    }
    partition->id = id;
    partition->settings = settings;
    partition->place = places_choose(settings->places, id);
    list_init(&partition->recent_users);
    list_init(&partition->recent);
    list_init(&partition->dirty_users);
    list_init(&partition->dirty_conversations);
    return partition;
}

void partition_destroy(struct partition *partition)
{
    if (partition == NULL) {
        return;
    }
    residence_clear(partition);
    map_finish(&partition->users);
    map_finish(&partition->conversations);
    store_close(partition->store);
    free(partition);
}

void partition_quarantine(struct partition *partition, const char *what, enum err err)
{
    if (partition->state == PARTITION_QUARANTINED) {
        return;
    }
    if (partition->reason[0] == '\0') {
        char path[PLACE_PATH_BYTES];
        partition_path(partition, path);
        snprintf(partition->reason, sizeof(partition->reason), "%s: %s: %s", path, what,
                err_kind(err));
    }
    partition->state = PARTITION_QUARANTINED;
    log_error("partition_quarantined",
            "partition=%u reason=\"%s\" fix=\"restore this file from a backup, then restart\"",
            partition->id, partition->reason);
    // Memory and file stay as they are until the owner has stopped using pointers into them;
    // nothing is applied, read or flushed any more.
}

// Opens or creates the file in the partition's place.
static void open_store(struct partition *partition)
{
    struct store_meta meta = { 0 };
    enum err err = home_open(partition, partition->place, &partition->store, &meta);

    if (err != ERR_OK) {
        partition_quarantine(partition, "opening", err);
        return;
    }
    partition->state = PARTITION_OPEN;
    partition->applied_index = meta.applied_index;
    partition->disk_index = meta.applied_index;
    partition->last_user_id = meta.last_user_id;
    partition->last_conversation_id = meta.last_conversation_id;
}

void partition_open(struct partition *partition)
{
    enum err err = partition->state == PARTITION_ABSENT ? home_find(partition) : ERR_NOT_FOUND;

    if (err == ERR_OK) {
        open_store(partition);
        // The start has synced all directories.
        partition->is_directory_synced = partition->disk_index > 0;
    } else if (err != ERR_NOT_FOUND) {
        partition_quarantine(partition, "finding its file", err);
    }
}

void partition_apply(struct partition *partition, uint64_t index, const struct record *record,
        enum side side, struct applied *applied)
{
    applied->side = side;
    if (partition->state == PARTITION_ABSENT) {
        open_store(partition);
    }
    if (partition->state == PARTITION_QUARANTINED) {
        applied->outcome = ERR_UNAVAILABLE;
        return;
    }
    if (index <= partition->disk_index) {
        applied->outcome = ERR_OK; // replay of what the file already has
        return;
    }
    CHECK(index >= partition->applied_index);
    applied->outcome = apply_record(partition, record, side, applied);
    if (partition->state == PARTITION_QUARANTINED) {
        applied->outcome = ERR_UNAVAILABLE;
        applied->has_event = false;
        return;
    }
    partition->applied_index = index;
    if (partition->dirty_index == 0) {
        partition->dirty_index = index;
    }
}

void partition_refuse(struct partition *partition, const char *reason)
{
    if (partition->state != PARTITION_QUARANTINED) {
        char path[PLACE_PATH_BYTES];
        partition_path(partition, path);
        snprintf(partition->reason, sizeof(partition->reason), "%s: %s", path, reason);
        partition_quarantine(partition, reason, ERR_DAMAGED);
    }
}

enum partition_state partition_state(const struct partition *partition)
{
    return partition->state;
}

uint16_t partition_id(const struct partition *partition)
{
    return partition->id;
}

const char *partition_reason(const struct partition *partition)
{
    return partition->reason;
}

void partition_path(const struct partition *partition, char path[PLACE_PATH_BYTES])
{
    places_file(partition->settings->places, partition->place, partition->id, path);
}

unsigned partition_place(const struct partition *partition)
{
    return partition->place;
}

uint64_t partition_disk_index(const struct partition *partition)
{
    return partition->disk_index;
}

uint64_t partition_applied_index(const struct partition *partition)
{
    return partition->applied_index;
}

uint64_t partition_dirty_index(const struct partition *partition)
{
    return partition->dirty_index;
}

uint64_t partition_memory_bytes(const struct partition *partition)
{
    return partition->memory_bytes;
}

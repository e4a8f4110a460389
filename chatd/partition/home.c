// SPDX-License-Identifier: MIT
#include "partition/home.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "disk/directory.h"
#include "shared/failpoint.h"
#include "shared/log.h"

static void remove_file(const char *path)
{
    char wal[PLACE_PATH_BYTES + 8];

    snprintf(wal, sizeof(wal), "%s-wal", path);
    unlink(path);
    unlink(wal);
}

enum err home_open(struct partition *partition, unsigned place, struct store **store,
        struct store_meta *meta)
{
    char path[PLACE_PATH_BYTES];

    places_file(partition->settings->places, place, partition->id, path);
    return store_open(path, partition->id, partition->settings->cell_id, store, meta,
            partition->reason, sizeof(partition->reason));
}

// Of several files the one that is furthest; the others are older states of the same partition.
static enum err keep_furthest(struct partition *partition, unsigned found)
{
    const struct places *places = partition->settings->places;
    char path[PLACE_PATH_BYTES];
    uint64_t furthest = 0;

    partition->place = PLACES_MAX;
    for (unsigned i = 0; i < places->count; i++) {
        struct store_meta meta = { 0 };
        struct store *store = NULL;
        if ((found & 1U << i) == 0) {
            continue;
        }
        enum err err = home_open(partition, i, &store, &meta);
        store_close(store);
        if (err != ERR_OK) {
            // It may be the one that is ahead: to go on with another could lose messages.
            partition->place = i;
            return err;
        }
        if (partition->place == PLACES_MAX || meta.applied_index > furthest) {
            partition->place = i;
            furthest = meta.applied_index;
        }
    }
    for (unsigned i = 0; i < places->count; i++) {
        if ((found & 1U << i) != 0 && i != partition->place) {
            places_file(places, i, partition->id, path);
            log_info("partition_superseded", "partition=%u path=%s index=%" PRIu64, partition->id,
                    path, furthest);
            remove_file(path);
        }
    }
    return ERR_OK;
}

enum err home_find(struct partition *partition)
{
    const struct places *places = partition->settings->places;
    unsigned found = places_find(places, partition->id);

    if (found == 0 && places_is_known(places, partition->id)) {
        snprintf(partition->reason, sizeof(partition->reason),
                "p%03u.db: the file is missing in all directories of data: is a disk not mounted?",
                partition->id);
        return ERR_UNAVAILABLE;
    }
    if (found == 0) {
        return ERR_NOT_FOUND;
    }
    if ((found & (found - 1)) != 0) {
        return keep_furthest(partition, found);
    }
    partition->place = (unsigned)__builtin_ctz(found);
    return ERR_OK;
}

void partition_copy_path(const struct partition *partition, unsigned place,
        char path[PLACE_PATH_BYTES])
{
    snprintf(path, PLACE_PATH_BYTES, "%s/p%03u" PLACE_COPY_SUFFIX,
            partition->settings->places->paths[place], partition->id);
}

// Gives the copy its name and opens it. On failure there is no copy any more.
static enum err take_copy(struct partition *partition, unsigned place, struct store **store,
        struct store_meta *meta)
{
    const struct places *places = partition->settings->places;
    char copy[PLACE_PATH_BYTES], path[PLACE_PATH_BYTES];
    enum err err = ERR_OK;

    partition_copy_path(partition, place, copy);
    places_file(places, place, partition->id, path);
    if (rename(copy, path) != 0) {
        unlink(copy);
        return ERR_IO;
    }
    if (FAILPOINT("move.renamed")) {
        err = ERR_IO;
    }
    if (err == ERR_OK) {
        err = directory_sync(places->paths[place]);
    }
    if (err == ERR_OK) {
        err = home_open(partition, place, store, meta);
    }
    if (err == ERR_OK && meta->applied_index != partition->disk_index) {
        err = ERR_DAMAGED;
    }
    if (err != ERR_OK) {
        store_close(*store);
        *store = NULL;
        remove_file(path);
        partition->reason[0] = '\0';
    }
    return err;
}

enum err partition_cut_over(struct partition *partition, unsigned place)
{
    struct store_meta meta = { 0 };
    struct store *store = NULL;
    char old[PLACE_PATH_BYTES];

    if (partition->state != PARTITION_OPEN) {
        return ERR_UNAVAILABLE;
    }
    enum err err = take_copy(partition, place, &store, &meta);
    if (err != ERR_OK) {
        return err;
    }
    partition_path(partition, old);
    store_close(partition->store);
    partition->store = store;
    partition->place = place;
    partition->is_directory_synced = true;
    (void)FAILPOINT("move.opened");
    remove_file(old);
    (void)FAILPOINT("move.removed");
    return ERR_OK;
}

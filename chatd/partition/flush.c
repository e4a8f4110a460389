// SPDX-License-Identifier: MIT
// Flush: everything applied goes into the file, with the index it brings the file up to, in one
// transaction; then the WAL is checkpointed and both are synced. Only then is the state on disk.

#include <stdlib.h>
#include <sys/stat.h>

#include "disk/directory.h"
#include "partition/partition.h"
#include "partition/residence.h"
#include "shared/failpoint.h"
#include "shared/limits.h"

static enum err write_users(struct partition *partition)
{
    enum err err = ERR_OK;

    LIST_EACH(node, &partition->dirty_users) {
        struct user *user = LIST_OF(node, struct user, dirty);
        err = store_put_user(partition->store, user);
        for (uint32_t i = 0; err == ERR_OK && i < user->device_count; i++) {
            if (user->devices[i].is_dirty) {
                err = store_put_device(partition->store, user, &user->devices[i]);
            }
        }
        if (err != ERR_OK) {
            return err;
        }
    }
    return err;
}

static enum err write_rows(struct partition *partition, const struct conversation *conversation)
{
    enum err err = ERR_OK;

    for (uint32_t i = 0; err == ERR_OK && i < conversation->patch_count; i++) {
        err = store_put_message(partition->store, conversation, conversation->patches[i]);
    }
    for (uint32_t i = 0; err == ERR_OK && i < conversation->tail_count; i++) {
        if (conversation->tail[i]->is_dirty) {
            err = store_put_message(partition->store, conversation, conversation->tail[i]);
        }
    }
    return err;
}

static enum err write_conversation(struct partition *partition,
        const struct conversation *conversation)
{
    enum err err = store_put_conversation(partition->store, conversation);

    for (uint32_t i = 0; err == ERR_OK && i < conversation->sender_count; i++) {
        if (conversation->senders[i].is_dirty) {
            err = store_put_sender(partition->store, conversation, i);
        }
    }
    for (uint32_t i = 0; err == ERR_OK && i < conversation->mark_count; i++) {
        err = store_put_mark(partition->store, conversation, &conversation->marks[i]);
    }
    if (err == ERR_OK) {
        err = write_rows(partition, conversation);
    }
    return err;
}

static int by_id(const void *a, const void *b)
{
    const struct conversation *const *first = a;
    const struct conversation *const *second = b;

    return ((*first)->id > (*second)->id) - ((*first)->id < (*second)->id);
}

// In the order of the clustered key, so that each page of the file is touched once.
static enum err write_conversations(struct partition *partition)
{
    size_t count = 0;
    enum err err = ERR_OK;

    LIST_EACH(node, &partition->dirty_conversations) {
        count++;
    }
    if (count == 0) {
        return ERR_OK;
    }
    struct conversation **sorted = malloc(count * sizeof(struct conversation *));
    if (sorted == NULL) {
        return ERR_MEMORY;
    }
    count = 0;
    LIST_EACH(node, &partition->dirty_conversations) {
        sorted[count++] = LIST_OF(node, struct conversation, dirty);
    }
    qsort(sorted, count, sizeof(struct conversation *), by_id);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        err = write_conversation(partition, sorted[i]);
        if (err == ERR_OK && i == count / 2 && FAILPOINT("flush.during")) {
            err = ERR_IO;
        }
    }
    free(sorted);
    return err;
}

static enum err write_all(struct partition *partition)
{
    enum err err = store_begin(partition->store);

    if (err == ERR_OK) {
        err = write_users(partition);
    }
    if (err == ERR_OK) {
        err = write_conversations(partition);
    }
    if (err == ERR_OK && PLANTED("applied_index_apart")) {
        err = store_commit(partition->store);
        (void)FAILPOINT("flush.between");
        if (err == ERR_OK) {
            err = store_begin(partition->store);
        }
    }
    if (err == ERR_OK) {
        err = store_put_applied_index(partition->store, partition->applied_index);
    }
    if (err == ERR_OK && FAILPOINT("flush.before_commit")) {
        err = ERR_IO;
    }
    if (err == ERR_OK) {
        err = store_commit(partition->store);
    }
    if (err != ERR_OK) {
        store_rollback(partition->store);
    }
    return err;
}

// The file now has what memory has.
static void settle(struct partition *partition)
{
    LIST_EACH(node, &partition->dirty_conversations) {
        struct conversation *conversation = LIST_OF(node, struct conversation, dirty);
        uint64_t before = conversation->bytes;
        conversation_settle(conversation, RECENT_MESSAGES);
        residence_count_bytes(partition, conversation, before);
        for (uint32_t i = 0; i < conversation->sender_count; i++) {
            conversation->senders[i].is_dirty = false;
        }
        conversation->stored_changed_useq = conversation->changed_useq;
        list_leave(&conversation->dirty);
    }
    LIST_EACH(node, &partition->dirty_users) {
        struct user *user = LIST_OF(node, struct user, dirty);
        for (uint32_t i = 0; i < user->device_count; i++) {
            user->devices[i].is_dirty = false;
        }
        list_leave(&user->dirty);
    }
}

static enum err sync_name(struct partition *partition)
{
    if (partition->is_directory_synced) {
        return ERR_OK;
    }
    if (FAILPOINT("file.created")) {
        return ERR_IO;
    }
    const struct places *places = partition->settings->places;
    enum err err = directory_sync(places->paths[partition->place]);
    if (err == ERR_OK) {
        err = places_remember(places, partition->id);
    }
    partition->is_directory_synced = err == ERR_OK;
    return err;
}

enum err partition_flush(struct partition *partition)
{
    if (partition->state == PARTITION_QUARANTINED) {
        return ERR_UNAVAILABLE;
    }
    if (partition->dirty_index == 0) {
        return ERR_OK;
    }
    enum err err = FAILPOINT("flush.before") ? ERR_IO : write_all(partition);
    if (err == ERR_OK && FAILPOINT("flush.committed")) {
        err = ERR_IO;
    }
    if (err == ERR_OK) {
        err = PLANTED("trim_before_sync") ? ERR_OK : store_checkpoint(partition->store);
    }
    if (err == ERR_OK) {
        err = sync_name(partition);
    }
    if (err == ERR_DISK_FULL) {
        return err; // everything is still in memory and in the log
    }
    if (err != ERR_OK) {
        partition_quarantine(partition, "flushing", err);
        return err;
    }
    settle(partition);
    partition->disk_index = partition->applied_index;
    partition->dirty_index = 0;
    (void)FAILPOINT("flush.done");
    partition_shed(partition);
    return ERR_OK;
}

enum err partition_settle(struct partition *partition)
{
    if (partition->state != PARTITION_OPEN) {
        return ERR_UNAVAILABLE;
    }
    if (partition->dirty_index != 0) {
        return partition_flush(partition);
    }
    enum err err = store_checkpoint(partition->store); // what a killed process had left there
    if (err != ERR_OK && err != ERR_DISK_FULL) {
        partition_quarantine(partition, "settling", err);
    }
    return err;
}

static uint64_t file_bytes(const struct partition *partition)
{
    char path[PLACE_PATH_BYTES];
    struct stat status;

    partition_path(partition, path);
    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

enum err partition_clean(struct partition *partition, struct cleaned *cleaned)
{
    // Only what is below a floor that the file itself knows may go: a replay would need the rest.
    enum err err = partition_settle(partition);
    uint64_t before = file_bytes(partition);

    *cleaned = (struct cleaned){ 0 };
    if (err != ERR_OK) {
        return err;
    }
    err = store_clean(partition->store, CLEAN_ROWS, CLEAN_PAGES, &cleaned->rows, &cleaned->is_done);
    if (err == ERR_OK) {
        err = store_checkpoint(partition->store);
    }
    if (err != ERR_OK && err != ERR_DISK_FULL) {
        partition_quarantine(partition, "giving space back", err);
    }
    uint64_t after = file_bytes(partition);
    cleaned->bytes = before > after ? before - after : 0;
    return err;
}

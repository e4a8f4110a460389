// SPDX-License-Identifier: MIT
#include "cluster/aside.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk/directory.h"
#include "shared/batch.h"
#include "shared/limits.h"
#include "shared/log.h"
#include "shared/name.h"

struct copy {
    FILE *file;
    uint16_t partition;
    uint16_t partition_count;
    uint64_t count;
};

static enum err copy_record(struct copy *copy, uint64_t index, struct bytes record)
{
    struct buffer line = { 0 };

    buffer_add_varint(&line, index);
    buffer_add_varint(&line, record.size);
    buffer_add(&line, record.data, record.size);
    bool is_written = buffer_is_whole(&line) && fwrite(line.data, line.bytes, 1, copy->file) == 1;
    buffer_finish(&line);
    copy->count++;
    return is_written ? ERR_OK : ERR_IO;
}

static enum err copy_batch(void *context, uint64_t index, struct bytes body)
{
    struct copy *copy = context;
    struct batch *batch = NULL;
    enum err err = batch_parse(index, body, copy->partition_count, &batch);

    if (err != ERR_OK) {
        return err;
    }
    for (uint32_t i = 0; err == ERR_OK && i < batch->count; i++) {
        const uint16_t *partitions = batch->entries[i].partitions;
        if (partitions[0] == copy->partition || partitions[1] == copy->partition) {
            err = copy_record(copy, index, batch_record(batch, i));
        }
    }
    batch_destroy(batch);
    return err;
}

enum err aside_copy(struct journal *journal, const char *directory, uint16_t partition,
        uint16_t partition_count, uint64_t from)
{
    char path[700], temporary[720];

    snprintf(path, sizeof(path), "%s/p%03u-%020" PRIu64 ".records", directory, partition, from);
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    struct copy copy = { fopen(temporary, "wxe"), partition, partition_count, 0 };
    if (copy.file == NULL) {
        unlink(temporary);
        copy.file = fopen(temporary, "wxe");
    }
    if (copy.file == NULL) {
        return ERR_IO;
    }
    fprintf(copy.file, "chatd records 1 partition %u\n", partition);
    enum err err = journal_read(journal, from, copy_batch, &copy);
    if (fflush(copy.file) != 0 || fsync(fileno(copy.file)) != 0) {
        err = ERR_IO;
    }
    if (fclose(copy.file) != 0 || err != ERR_OK || rename(temporary, path) != 0) {
        unlink(temporary);
        return err == ERR_OK ? ERR_IO : err;
    }
    log_warn("records_set_aside", "partition=%u records=%" PRIu64 " path=%s", partition, copy.count,
            path);
    return directory_sync(directory);
}

// The next varint of the file; false at its end.
static bool read_varint(FILE *file, uint64_t *value)
{
    int byte;

    *value = 0;
    for (unsigned shift = 0; shift < 64 && (byte = fgetc(file)) != EOF; shift += 7) {
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            return true;
        }
    }
    return false;
}

static enum err apply_line(struct partition *partition, uint16_t partition_count, uint64_t index,
        struct bytes line)
{
    struct record record;
    struct applied applied = { 0 };
    enum err err = record_decode(line, &record);

    if (err == ERR_OK && name_partition(record.user, partition_count) == partition_id(partition)) {
        partition_apply(partition, index, &record, SIDE_USER, &applied);
    }
    if (err == ERR_OK && record_is_two_sided(record.type) &&
            name_partition(record.peer, partition_count) == partition_id(partition)) {
        partition_apply(partition, index, &record, SIDE_PEER, &applied);
    }
    return err;
}

static enum err apply_file(const char *path, struct partition *partition, uint16_t partition_count)
{
    char heading[64], line[RECORD_BYTES_MAX];
    uint64_t index, size;
    FILE *file = fopen(path, "re");
    enum err err = ERR_OK;

    if (file == NULL || fgets(heading, sizeof(heading), file) == NULL) {
        err = ERR_IO;
    }
    while (err == ERR_OK && read_varint(file, &index)) {
        if (!read_varint(file, &size) || size > sizeof(line) || fread(line, size, 1, file) != 1) {
            err = ERR_DAMAGED;
            break;
        }
        err = apply_line(partition, partition_count, index, (struct bytes){ line, (uint32_t)size });
    }
    if (file != NULL) {
        fclose(file);
    }
    return err == ERR_OK ? partition_flush(partition) : err;
}

static void put_back(const char *path, struct partition *partition, uint16_t partition_count,
        uint64_t from)
{
    char applied[900];
    enum err err = ERR_OK;

    if (partition_disk_index(partition) + 1 < from) {
        partition_refuse(partition,
                "the file is older than the records set aside for it: restore "
                "a newer backup");
        return;
    }
    err = apply_file(path, partition, partition_count);
    if (err != ERR_OK) {
        partition_refuse(partition, "the records set aside for it cannot be put back");
        return;
    }
    snprintf(applied, sizeof(applied), "%s.applied", path);
    log_info("records_put_back", "partition=%u path=%s", partition_id(partition), path);
    if (rename(path, applied) != 0) {
        log_warn("records_put_back", "path=%s error=rename", path); // they are skipped next time
    }
}

static int is_aside_name(const struct dirent *entry)
{
    size_t bytes = strlen(entry->d_name);

    return entry->d_name[0] == 'p' && bytes > 8 &&
            strcmp(entry->d_name + bytes - 8, ".records") == 0;
}

void aside_put_back(const char *directory,
        struct partition *(*at)(const void *context, uint16_t id), const void *context,
        uint16_t partition_count)
{
    struct dirent **names = NULL;
    int count = scandir(directory, &names, is_aside_name, alphasort);

    for (int i = 0; i < count; i++) {
        unsigned id;
        uint64_t from;
        char path[800];
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]->d_name);
        if (sscanf(names[i]->d_name, "p%u-%" SCNu64 ".records", &id, &from) == 2 &&
                id < partition_count) {
            struct partition *partition = at(context, (uint16_t)id);
            // One that is still out of service waits; one without a file was lost with it.
            if (partition_state(partition) != PARTITION_QUARANTINED) {
                put_back(path, partition, partition_count, from);
            }
        }
        free(names[i]);
    }
    free(names);
}

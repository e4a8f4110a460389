// SPDX-License-Identifier: MIT
#include "cluster/aside.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "disk/directory.h"
#include "shared/batch.h"
#include "shared/log.h"

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

// SPDX-License-Identifier: MIT
#include "cluster/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "disk/page_copy.h"
#include "log/segment.h"
#include "shared/log.h"
#include "shared/manifest.h"
#include "shared/scoped.h"

#define PATH_ROOM 640
#define STAMP_BYTES 24

struct backup {
    char parent[480];
    char path[PATH_ROOM]; // with ".partial", until it is finished
    char name[STAMP_BYTES];
    struct manifest manifest;
    struct manifest last; // of the backup before, if there is one
    char last_name[STAMP_BYTES + 8];
    struct segment *segment;
    uint64_t log_next;
    bool is_finished;
};

static void remove_tree(const char *path)
{
    static const char *const parts[] = { "partitions", "journal", "" };

    // Only what a backup has: never more than this deep, and no links followed.
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char part[PATH_ROOM + 16];
        struct dirent **names = NULL;
        snprintf(part, sizeof(part), "%s/%s", path, parts[i]);
        int count = scandir(part, &names, NULL, NULL);
        for (int k = 0; k < count; k++) {
            char file[PATH_ROOM + 300];
            snprintf(file, sizeof(file), "%s/%s", part, names[k]->d_name);
            unlink(file);
            free(names[k]);
        }
        free(names);
        rmdir(part);
    }
}

static enum err make_directories(const char *path, char *reason, size_t reason_bytes)
{
    static const char *const parts[] = { "", "/partitions", "/journal" };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char part[PATH_ROOM + 16];
        snprintf(part, sizeof(part), "%s%s", path, parts[i]);
        if (mkdir(part, 0700) != 0) {
            snprintf(reason, reason_bytes, "cannot make %s: %s", part, strerror(errno));
            return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_INVALID;
        }
    }
    return ERR_OK;
}

static int is_backup_name(const struct dirent *entry)
{
    return strlen(entry->d_name) == 16 && entry->d_name[8] == 'T' && entry->d_name[15] == 'Z';
}

// The newest backup beside this one, if it is of the same life of the same server.
static void find_last(struct backup *backup)
{
    struct dirent **names = NULL;
    int count = scandir(backup->parent, &names, is_backup_name, alphasort);

    if (count > 0) {
        char path[PATH_ROOM + 300], reason[900];
        snprintf(path, sizeof(path), "%s/%s/" MANIFEST_NAME, backup->parent,
                names[count - 1]->d_name);
        if (manifest_read(&backup->last, path, reason, sizeof(reason)) == ERR_OK &&
                backup->last.cell_id == backup->manifest.cell_id &&
                backup->last.generation == backup->manifest.generation) {
            snprintf(backup->last_name, sizeof(backup->last_name), "%.16s",
                    names[count - 1]->d_name);
        } else {
            manifest_finish(&backup->last);
        }
    }
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
}

// After the second that it is begun in; the next one, if that is taken.
static void choose_name(struct backup *backup, time_t second)
{
    char whole[PATH_ROOM];
    struct tm utc;

    for (int i = 0; i < 60; i++, second++) {
        strftime(backup->name, sizeof(backup->name), "%Y%m%dT%H%M%SZ", gmtime_r(&second, &utc));
        snprintf(whole, sizeof(whole), "%s/%s", backup->parent, backup->name);
        snprintf(backup->path, sizeof(backup->path), "%s/%s.partial", backup->parent, backup->name);
        if (access(whole, F_OK) != 0 && access(backup->path, F_OK) != 0) {
            return;
        }
    }
}

enum err backup_create(const char *path, const struct data_directory *directory, int64_t now_ms,
        struct backup **out, char *reason, size_t reason_bytes)
{
    struct backup *backup = calloc(1, sizeof(*backup));

    *out = NULL;
    if (backup == NULL) {
        snprintf(reason, reason_bytes, "out of memory");
        return ERR_MEMORY;
    }
    snprintf(backup->parent, sizeof(backup->parent), "%s", path);
    choose_name(backup, (time_t)(now_ms / 1000));
    backup->manifest = (struct manifest){
        .cell_id = directory->cell_id,
        .generation = directory->generation,
        .partitions = directory->partition_count,
        .created_ms = now_ms,
    };
    (void)!mkdir(path, 0700); // the last part of the path may be missing
    enum err err = make_directories(backup->path, reason, reason_bytes);
    if (err != ERR_OK) {
        free(backup);
        return err;
    }
    find_last(backup);
    *out = backup;
    return ERR_OK;
}

void backup_destroy(struct backup *backup)
{
    if (backup == NULL) {
        return;
    }
    segment_close(backup->segment);
    if (!backup->is_finished) {
        remove_tree(backup->path);
    }
    manifest_finish(&backup->manifest);
    manifest_finish(&backup->last);
    free(backup);
}

void backup_file(const struct backup *backup, uint16_t partition, char *path, size_t path_bytes)
{
    snprintf(path, path_bytes, "%s/partitions/p%03u.db", backup->path, partition);
}

enum err backup_add(struct backup *backup, uint16_t partition, uint64_t index, uint64_t bytes,
        uint64_t hash)
{
    struct manifest_file file = { .bytes = bytes, .hash = hash, .index = index };

    snprintf(file.name, sizeof(file.name), "partitions/p%03u.db", partition);
    return manifest_add(&backup->manifest, &file);
}

bool backup_link(struct backup *backup, uint16_t partition, uint64_t index)
{
    char name[40], old[PATH_ROOM + 80], path[PATH_ROOM + 80];
    uint64_t bytes = 0, hash = 0;

    snprintf(name, sizeof(name), "partitions/p%03u.db", partition);
    const struct manifest_file *file = manifest_find(&backup->last, name);
    if (file == NULL || file->index != index) {
        return false;
    }
    snprintf(old, sizeof(old), "%s/%s/%s", backup->parent, backup->last_name, name);
    backup_file(backup, partition, path, sizeof(path));
    // Read first: damage must not go on from backup to backup.
    return file_hash(old, &bytes, &hash) == ERR_OK && bytes == file->bytes && hash == file->hash &&
            link(old, path) == 0 &&
            backup_add(backup, partition, index, file->bytes, file->hash) == ERR_OK;
}

enum err backup_add_log(struct backup *backup, uint64_t first, struct bytes bodies)
{
    enum err err = ERR_OK;

    if (backup->segment == NULL) {
        char path[PATH_ROOM + 16];
        snprintf(path, sizeof(path), "%s/journal", backup->path);
        err = segment_open(path, first, first - 1, &backup->segment);
        backup->manifest.log_first = first;
        backup->log_next = first;
    }
    CHECK(err != ERR_OK || first == backup->log_next);
    if (err == ERR_OK && bodies.size > 0) {
        err = segment_append_all(backup->segment, first, bodies);
        backup->log_next = err == ERR_OK ? segment_last_index(backup->segment) + 1 : first;
    }
    return err;
}

// The segment becomes one file: what is in its WAL goes into the database.
static enum err add_segment(struct backup *backup)
{
    struct manifest_file file = { .index = backup->log_next - 1 };
    char path[PATH_ROOM + 80], wal[PATH_ROOM + 90];
    enum err err = segment_seal(backup->segment);

    segment_close(backup->segment);
    backup->segment = NULL;
    snprintf(file.name, sizeof(file.name), "journal/%020" PRIu64 ".db", backup->manifest.log_first);
    snprintf(path, sizeof(path), "%s/%s", backup->path, file.name);
    snprintf(wal, sizeof(wal), "%s-wal", path);
    unlink(wal);
    if (err == ERR_OK) {
        err = file_hash(path, &file.bytes, &file.hash);
    }
    return err == ERR_OK ? manifest_add(&backup->manifest, &file) : err;
}

static enum err sync_all(const struct backup *backup)
{
    static const char *const parts[] = { "/partitions", "/journal", "" };
    enum err err = ERR_OK;

    for (size_t i = 0; err == ERR_OK && i < sizeof(parts) / sizeof(parts[0]); i++) {
        char path[PATH_ROOM + 16];
        snprintf(path, sizeof(path), "%s%s", backup->path, parts[i]);
        err = directory_sync(path);
    }
    return err;
}

enum err backup_finish(struct backup *backup, uint64_t log_last, char *path, size_t path_bytes)
{
    char manifest[PATH_ROOM + 16];
    enum err err = add_segment(backup);

    CHECK(err != ERR_OK || log_last == backup->log_next - 1);
    backup->manifest.log_last = log_last;
    snprintf(manifest, sizeof(manifest), "%s/" MANIFEST_NAME, backup->path);
    if (err == ERR_OK) {
        err = manifest_write(&backup->manifest, manifest);
    }
    if (err == ERR_OK) {
        err = sync_all(backup);
    }
    snprintf(path, path_bytes, "%s/%s", backup->parent, backup->name);
    if (err == ERR_OK && rename(backup->path, path) != 0) {
        err = ERR_IO;
    }
    if (err == ERR_OK) {
        backup->is_finished = true;
        err = directory_sync(backup->parent);
    }
    return err;
}

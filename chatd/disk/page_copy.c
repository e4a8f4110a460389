// SPDX-License-Identifier: MIT
#include "disk/page_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>
#include <xxhash.h>

#include "disk/database.h"
#include "disk/page_vfs.h"
#include "shared/failpoint.h"

#define CHUNK_BYTES (64 * PAGE_VFS_PAGE_BYTES)

struct page_copy {
    sqlite3_file *source;
    int target_fd; // -1: there is none
    char target[640];
    bool is_finished;
    uint64_t bytes;
    uint64_t done;
    uint64_t damaged;
    uint64_t first_damaged; // from 1
    XXH3_state_t *hash;
    char chunk[CHUNK_BYTES];
};

static enum err errno_err(void)
{
    return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
}

static enum err open_source(struct page_copy *copy, const char *path)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(PAGE_VFS_CHECKED);
    sqlite3_int64 bytes = 0;

    copy->source = calloc(1, (size_t)vfs->szOsFile);
    if (copy->source == NULL) {
        return ERR_MEMORY;
    }
    int code =
            vfs->xOpen(vfs, path, copy->source, SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, NULL);
    if (code == SQLITE_OK) {
        code = copy->source->pMethods->xFileSize(copy->source, &bytes);
    }
    copy->bytes = (uint64_t)bytes;
    if (code == SQLITE_OK && copy->bytes % PAGE_VFS_PAGE_BYTES != 0) {
        return ERR_DAMAGED;
    }
    return database_err(code);
}

enum err page_copy_open(const char *source, const char *target, struct page_copy **out)
{
    struct page_copy *copy = calloc(1, sizeof(*copy));
    enum err err = ERR_MEMORY;

    *out = NULL;
    if (copy == NULL) {
        return ERR_MEMORY;
    }
    copy->target_fd = -1;
    copy->hash = XXH3_createState();
    if (copy->hash != NULL && XXH3_64bits_reset(copy->hash) == XXH_OK) {
        err = open_source(copy, source);
    }
    if (err == ERR_OK && target != NULL) {
        snprintf(copy->target, sizeof(copy->target), "%s", target);
        copy->target_fd = open(target, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        err = copy->target_fd < 0 ? errno_err() : ERR_OK;
    }
    if (err != ERR_OK) {
        page_copy_close(copy);
        return err;
    }
    *out = copy;
    return ERR_OK;
}

// One page into the chunk. A damaged one is zeroes: it is only counted.
static enum err read_page(struct page_copy *copy, char *page)
{
    int code = copy->source->pMethods->xRead(copy->source, page, PAGE_VFS_PAGE_BYTES,
            (sqlite3_int64)copy->done);

    if (code == SQLITE_OK) {
        return ERR_OK;
    }
    if (copy->damaged++ == 0) {
        copy->first_damaged = copy->done / PAGE_VFS_PAGE_BYTES + 1;
    }
    // A sector that can't be read is as lost as one that was changed.
    return copy->target_fd >= 0 ? (code == SQLITE_IOERR_DATA ? ERR_DAMAGED : ERR_IO) : ERR_OK;
}

static enum err write_all(int fd, const char *data, size_t bytes)
{
    if (FAILPOINT("copy.during")) {
        return ERR_IO;
    }
    while (bytes > 0) {
        ssize_t written = write(fd, data, bytes);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return errno_err();
        }
        data += written;
        bytes -= (size_t)written;
    }
    return ERR_OK;
}

enum err page_copy_step(struct page_copy *copy, uint64_t bytes, bool *is_done)
{
    uint64_t end = copy->bytes - copy->done < bytes ? copy->bytes : copy->done + bytes;
    enum err err = ERR_OK;

    while (err == ERR_OK && copy->done < end) {
        size_t chunk = 0;
        while (err == ERR_OK && chunk < CHUNK_BYTES && copy->done < copy->bytes) {
            err = read_page(copy, copy->chunk + chunk);
            copy->done += PAGE_VFS_PAGE_BYTES;
            chunk += PAGE_VFS_PAGE_BYTES;
        }
        if (err == ERR_OK) {
            XXH3_64bits_update(copy->hash, copy->chunk, chunk);
        }
        if (err == ERR_OK && copy->target_fd >= 0) {
            err = write_all(copy->target_fd, copy->chunk, chunk);
        }
    }
    *is_done = copy->done == copy->bytes;
    return err;
}

static enum err compare(struct page_copy *copy)
{
    ssize_t bytes;
    XXH3_state_t *hash = XXH3_createState();
    enum err err = ERR_OK;

    if (hash == NULL || XXH3_64bits_reset(hash) != XXH_OK ||
            lseek(copy->target_fd, 0, SEEK_SET) != 0) {
        XXH3_freeState(hash);
        return ERR_MEMORY;
    }
    // From the disk, not from memory, as far as the kernel follows.
    (void)!posix_fadvise(copy->target_fd, 0, 0, POSIX_FADV_DONTNEED);
    while ((bytes = read(copy->target_fd, copy->chunk, CHUNK_BYTES)) > 0) {
        XXH3_64bits_update(hash, copy->chunk, (size_t)bytes);
    }
    if (bytes < 0) {
        err = ERR_IO;
    } else if (XXH3_64bits_digest(hash) != XXH3_64bits_digest(copy->hash)) {
        err = ERR_DAMAGED;
    }
    XXH3_freeState(hash);
    return err;
}

enum err page_copy_finish(struct page_copy *copy)
{
    CHECK(copy->done == copy->bytes);
    if (copy->target_fd >= 0) {
        enum err err = fsync(copy->target_fd) != 0 ? errno_err() : compare(copy);
        if (err != ERR_OK) {
            return err;
        }
    }
    copy->is_finished = true;
    return ERR_OK;
}

void page_copy_close(struct page_copy *copy)
{
    if (copy == NULL) {
        return;
    }
    if (copy->source != NULL && copy->source->pMethods != NULL) {
        copy->source->pMethods->xClose(copy->source);
    }
    free(copy->source);
    if (copy->target_fd >= 0) {
        close(copy->target_fd);
        if (!copy->is_finished) {
            unlink(copy->target);
        }
    }
    XXH3_freeState(copy->hash);
    free(copy);
}

uint64_t page_copy_bytes(const struct page_copy *copy)
{
    return copy->bytes;
}

uint64_t page_copy_done(const struct page_copy *copy)
{
    return copy->done;
}

uint64_t page_copy_hash(const struct page_copy *copy)
{
    return XXH3_64bits_digest(copy->hash);
}

uint64_t page_copy_damaged(const struct page_copy *copy, uint64_t *first_page)
{
    *first_page = copy->first_damaged;
    return copy->damaged;
}

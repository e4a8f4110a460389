// SPDX-License-Identifier: MIT
#include "tests/simulation/disk_vfs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "disk/page_vfs.h"
#include "shared/check.h"
#include "shared/clock.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/heap.h"

struct vfs_file {
    sqlite3_file base;
    struct disk_file *file;
    bool syncs_directory; // as os_unix.c does at the first sync of a new WAL or journal
    char path[DISK_PATH_BYTES];
};

static struct chance salts;

static struct vfs_file *file_of(sqlite3_file *base)
{
    return (struct vfs_file *)(void *)base;
}

static int on_close(sqlite3_file *base)
{
    disk_close(file_of(base)->file);
    return SQLITE_OK;
}

static int on_read(sqlite3_file *base, void *data, int bytes, sqlite3_int64 offset)
{
    size_t done = 0;

    if (disk_read(file_of(base)->file, data, (size_t)bytes, (uint64_t)offset, &done) != 0) {
        return SQLITE_IOERR_READ;
    }
    if (done < (size_t)bytes) {
        memset((char *)data + done, 0, (size_t)bytes - done);
        return SQLITE_IOERR_SHORT_READ;
    }
    return SQLITE_OK;
}

static int on_write(sqlite3_file *base, const void *data, int bytes, sqlite3_int64 offset)
{
    switch (disk_write(file_of(base)->file, data, (size_t)bytes, (uint64_t)offset)) {
    case 0:
        return SQLITE_OK;
    case ENOSPC:
        return SQLITE_FULL;
    default:
        return SQLITE_IOERR_WRITE;
    }
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 bytes)
{
    return disk_truncate(file_of(base)->file, (uint64_t)bytes) == 0 ? SQLITE_OK
                                                                    : SQLITE_IOERR_TRUNCATE;
}

static int sync_directory_of(const char *path)
{
    char directory[DISK_PATH_BYTES];

    snprintf(directory, sizeof(directory), "%s", path);
    *strrchr(directory, '/') = '\0';
    return disk_sync_directory(directory);
}

static int on_sync(sqlite3_file *base, int flags)
{
    struct vfs_file *file = file_of(base);

    (void)flags;
    if (disk_sync(file->file) != 0) {
        return SQLITE_IOERR_FSYNC;
    }
    // os_unix.c does not say whether this one worked.
    if (file->syncs_directory && sync_directory_of(file->path) == 0) {
        file->syncs_directory = false;
    }
    return SQLITE_OK;
}

static int on_file_size(sqlite3_file *base, sqlite3_int64 *bytes)
{
    *bytes = (sqlite3_int64)disk_bytes(file_of(base)->file);
    return SQLITE_OK;
}

static int on_lock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int on_check_reserved_lock(sqlite3_file *base, int *is_locked)
{
    (void)base;
    *is_locked = 0;
    return SQLITE_OK;
}

static int on_file_control(sqlite3_file *base, int operation, void *argument)
{
    (void)base;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

// What os_unix.c says of a usual disk.
static int on_sector_size(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

static int on_device_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_file_size,
    .xLock = on_lock,
    .xUnlock = on_lock,
    .xCheckReservedLock = on_check_reserved_lock,
    .xFileControl = on_file_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_device_characteristics,
};

static int on_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags,
        int *flags_out)
{
    struct vfs_file *file = file_of(base);

    (void)vfs;
    CHECK(name != NULL);
    memset(file, 0, sizeof(*file));
    bool is_new = !disk_exists(name);
    if (disk_open(name, (flags & SQLITE_OPEN_CREATE) != 0, (flags & SQLITE_OPEN_EXCLUSIVE) != 0,
                &file->file) != 0) {
        return SQLITE_CANTOPEN;
    }
    snprintf(file->path, sizeof(file->path), "%s", name);
    file->syncs_directory = is_new && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    base->pMethods = &methods;
    if (flags_out != NULL) {
        *flags_out = flags;
    }
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int syncs_directory)
{
    (void)vfs;
    if (disk_remove(name) != 0) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    return syncs_directory && sync_directory_of(name) != 0 ? SQLITE_IOERR_DIR_FSYNC : SQLITE_OK;
}

static int on_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
    (void)vfs;
    (void)flags;
    *result = disk_exists(name);
    return SQLITE_OK;
}

static int on_full_pathname(sqlite3_vfs *vfs, const char *name, int bytes, char *out)
{
    (void)vfs;
    snprintf(out, (size_t)bytes, "%s", name);
    return SQLITE_OK;
}

static int on_randomness(sqlite3_vfs *vfs, int bytes, char *out)
{
    (void)vfs;
    for (int i = 0; i < bytes; i++) {
        out[i] = (char)chance_next(&salts);
    }
    return bytes;
}

static int on_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int on_current_time(sqlite3_vfs *vfs, double *days)
{
    (void)vfs;
    *days = 2440587.5 + (double)clock_wall_ms() / 86400000.0;
    return SQLITE_OK;
}

static int on_last_error(sqlite3_vfs *vfs, int bytes, char *out)
{
    (void)vfs;
    if (bytes > 0) {
        out[0] = '\0';
    }
    return 0;
}

static void *allocate(int bytes)
{
    return heap_allocate((size_t)bytes);
}

static void *resize(void *memory, int bytes)
{
    return heap_resize(memory, (size_t)bytes);
}

static int bytes_of_memory(void *memory)
{
    return (int)heap_bytes_of(memory);
}

static int round_up(int bytes)
{
    return (bytes + 7) & ~7;
}

static int start_heap(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void stop_heap(void *context)
{
    (void)context;
}

void disk_vfs_install(void)
{
    static const sqlite3_mem_methods heap = { allocate, heap_release, resize, bytes_of_memory,
        round_up, start_heap, stop_heap, NULL };
    static sqlite3_vfs vfs = {
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct vfs_file),
        .mxPathname = DISK_PATH_BYTES,
        .zName = "simulated-disk",
        .xOpen = on_open,
        .xDelete = on_delete,
        .xAccess = on_access,
        .xFullPathname = on_full_pathname,
        .xRandomness = on_randomness,
        .xSleep = on_sleep,
        .xCurrentTime = on_current_time,
        .xGetLastError = on_last_error,
    };

    CHECK(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
    // One thread; and a mutex that was held at a death would be held for ever.
    CHECK(sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK);
    CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &heap) == SQLITE_OK);
    CHECK(sqlite3_initialize() == SQLITE_OK);
    CHECK(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
    page_vfs_register();
}

void disk_vfs_seed(uint64_t seed)
{
    chance_init(&salts, seed, 2);
    sqlite3_randomness(0, NULL); // the next one asks the VFS again
}

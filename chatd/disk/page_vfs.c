// SPDX-License-Identifier: MIT
#include "disk/page_vfs.h"

#include <stdbool.h>
#include <string.h>

#include <sqlite3.h>
#include <xxhash.h>

#include "shared/check.h"
#include "shared/failpoint.h"
#include "shared/log.h"

#define PAGE_BYTES PAGE_VFS_PAGE_BYTES
#define BODY_BYTES (PAGE_BYTES - PAGE_VFS_RESERVE_BYTES)

struct file {
    sqlite3_file base;
    bool is_checked; // a main database file of the checked variant
    bool is_wal;
    bool is_segment;
    const char *name;    // lent by SQLite while the file is open
    sqlite3_file real[]; // the system's, as large as its VFS says
};

static struct file *file_of(sqlite3_file *base)
{
    return (struct file *)(void *)base;
}

static bool is_whole_page(const struct file *file, int bytes, sqlite3_int64 offset)
{
    return file->is_checked && bytes == PAGE_BYTES && offset % PAGE_BYTES == 0;
}

static int on_close(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xClose(file_of(base)->real);
}

static int on_read(sqlite3_file *base, void *data, int bytes, sqlite3_int64 offset)
{
    struct file *file = file_of(base);
    int code = file->real->pMethods->xRead(file->real, data, bytes, offset);
    XXH64_hash_t stored;
    sqlite3_int64 size = 0;

    // SQLite takes what is missing for zeros, a new file: right at the end, wrong before it.
    if (code == SQLITE_IOERR_SHORT_READ &&
            file->real->pMethods->xFileSize(file->real, &size) == SQLITE_OK &&
            offset + bytes <= size) {
        log_error("read_short", "path=%s offset=%lld", file->name, (long long)offset);
        return SQLITE_IOERR_READ;
    }
    if (code != SQLITE_OK || !is_whole_page(file, bytes, offset)) {
        return code;
    }
    memcpy(&stored, (const char *)data + BODY_BYTES, sizeof(stored));
    if (stored != XXH3_64bits_withSeed(data, BODY_BYTES, (XXH64_hash_t)offset)) {
        log_error("page_damaged", "path=%s page=%lld", file->name,
                (long long)(offset / PAGE_BYTES + 1));
        return SQLITE_IOERR_DATA;
    }
    return SQLITE_OK;
}

static int on_write(sqlite3_file *base, const void *data, int bytes, sqlite3_int64 offset)
{
    struct file *file = file_of(base);
    char page[PAGE_BYTES];

    if (!is_whole_page(file, bytes, offset)) {
        return file->real->pMethods->xWrite(file->real, data, bytes, offset);
    }
    if (FAILPOINT("checkpoint.during")) {
        return SQLITE_IOERR_WRITE;
    }
    // The offset is the seed: a page written to the wrong place does not pass either.
    XXH64_hash_t hash = XXH3_64bits_withSeed(data, BODY_BYTES, (XXH64_hash_t)offset);
    memcpy(page, data, BODY_BYTES);
    memcpy(page + BODY_BYTES, &hash, sizeof(hash));
    return file->real->pMethods->xWrite(file->real, page, bytes, offset);
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 bytes)
{
    return file_of(base)->real->pMethods->xTruncate(file_of(base)->real, bytes);
}

static int on_sync(sqlite3_file *base, int flags)
{
    struct file *file = file_of(base);

    if (file->is_wal && file->is_segment && FAILPOINT("journal.before_sync")) {
        return SQLITE_IOERR_FSYNC;
    }
    return file->real->pMethods->xSync(file->real, flags);
}

static int on_file_size(sqlite3_file *base, sqlite3_int64 *bytes)
{
    return file_of(base)->real->pMethods->xFileSize(file_of(base)->real, bytes);
}

static int on_lock(sqlite3_file *base, int level)
{
    return file_of(base)->real->pMethods->xLock(file_of(base)->real, level);
}

static int on_unlock(sqlite3_file *base, int level)
{
    return file_of(base)->real->pMethods->xUnlock(file_of(base)->real, level);
}

static int on_check_reserved_lock(sqlite3_file *base, int *is_locked)
{
    return file_of(base)->real->pMethods->xCheckReservedLock(file_of(base)->real, is_locked);
}

static int on_file_control(sqlite3_file *base, int operation, void *argument)
{
    return file_of(base)->real->pMethods->xFileControl(file_of(base)->real, operation, argument);
}

static int on_sector_size(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xSectorSize(file_of(base)->real);
}

static int on_device_characteristics(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xDeviceCharacteristics(file_of(base)->real);
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
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_reserved_lock,
    .xFileControl = on_file_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_device_characteristics,
};

static int on_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags,
        int *flags_out)
{
    struct file *file = file_of(base);
    sqlite3_vfs *system = vfs->pAppData;
    bool is_checked_variant = strcmp(vfs->zName, PAGE_VFS_CHECKED) == 0;

    memset(file, 0, sizeof(*file));
    int code = system->xOpen(system, name, file->real, flags, flags_out);
    if (code != SQLITE_OK) {
        return code;
    }
    file->is_checked = is_checked_variant && (flags & SQLITE_OPEN_MAIN_DB) != 0;
    file->is_wal = (flags & SQLITE_OPEN_WAL) != 0;
    file->is_segment = !is_checked_variant;
    file->name = name == NULL ? "" : name;
    base->pMethods = &methods;
    return SQLITE_OK;
}

static void register_variant(sqlite3_vfs *variant, const char *name, sqlite3_vfs *system)
{
    *variant = *system;
    variant->pNext = NULL;
    variant->zName = name;
    variant->pAppData = system;
    variant->szOsFile = (int)sizeof(struct file) + system->szOsFile;
    variant->xOpen = on_open;
    CHECK(sqlite3_vfs_register(variant, 0) == SQLITE_OK);
}

void page_vfs_register(void)
{
    static sqlite3_vfs checked, plain;
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);

    CHECK(system != NULL);
    register_variant(&checked, PAGE_VFS_CHECKED, system);
    register_variant(&plain, PAGE_VFS_PLAIN, system);
}

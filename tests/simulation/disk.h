// SPDX-License-Identifier: MIT
// A disk that loses power. For each file it has what was written and what was synced; at a power
// loss everything unsynced (writes, sizes, names made and removed) is kept, dropped or torn at
// 512-byte sectors, as the seed wants. It also fails: the Nth read, write or sync, or all that
// needs room.
//
// Who uses it: SQLite through disk_vfs.c, the rest of chatd through disk_posix.c.
// Source:      what an operating system promises: fsync(2), rename(2), and sqlite.org/atomiccommit.
// Thread:      one.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/simulation/chance.h"

#define DISK_PATH_BYTES 120

struct disk_file;

enum disk_fault {
    DISK_READ_ERROR,  // EIO
    DISK_READ_SHORT,  // fewer bytes than there are
    DISK_WRITE_ERROR, // EIO, after a part of it
    DISK_WRITE_FULL,  // ENOSPC, after a part of it
    DISK_SYNC_ERROR,  // EIO; what is unsynced stays so
    DISK_FAULT_COUNT
};

extern const char *const disk_fault_names[DISK_FAULT_COUNT];

// An empty disk.
void disk_init(uint64_t seed);
void disk_finish(void);

// Power is lost and comes back; nothing may be open any more.
void disk_lose_power(void);
// The process died: what it had open is closed.
void disk_close_all(void);

// The nth call of that kind from now on fails, and `more` behind it; nth 0: none does any more.
void disk_fail_at(enum disk_fault fault, uint64_t nth, uint64_t more);
// From now on nothing that needs room is written, until false.
void disk_fill(bool is_full);
bool disk_is_full(void);
uint64_t disk_bites(enum disk_fault fault); // faults that came to pass, in all
// What power losses did to unsynced writes and names, in all.
struct disk_losses {
    uint64_t writes_kept, writes_dropped, writes_torn, names_kept, names_dropped;
};
struct disk_losses disk_losses(void);

// An errno value, or 0.
int disk_open(const char *path, bool may_create, bool is_exclusive, struct disk_file **file);
void disk_close(struct disk_file *file);
// *done is how much could be read: less than asked at the end of the file.
int disk_read(struct disk_file *file, void *data, size_t bytes, uint64_t offset, size_t *done);
int disk_write(struct disk_file *file, const void *data, size_t bytes, uint64_t offset);
int disk_truncate(struct disk_file *file, uint64_t bytes);
int disk_sync(struct disk_file *file);
uint64_t disk_bytes(const struct disk_file *file);

bool disk_exists(const char *path);
int disk_remove(const char *path);
int disk_rename(const char *path, const char *to);
// The names in a directory survive from now on.
int disk_sync_directory(const char *path);
// The directory entries, one after the other: starts with *position 0; NULL at the end.
const char *disk_list(const char *directory, size_t *position);

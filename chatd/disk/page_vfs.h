// SPDX-License-Identifier: MIT
// A SQLite VFS over the system's own. The checked variant keeps an XXH3 checksum in the last eight
// bytes of every page of a database file: written with the page, compared when it is read, so that
// a flipped bit is an error (SQLITE_IOERR_DATA) and never an answer. SQLite leaves those bytes
// alone once they are reserved (sqlite.org/fileformat2.html, "Reserved bytes per page").
//
// It is also where test builds place the fail points of syncs and page writes. Shared memory is not
// offered, which is right for locking_mode=EXCLUSIVE (sqlite.org/wal.html, section 8).

#pragma once

#define PAGE_VFS_CHECKED "chat-checked"
#define PAGE_VFS_PLAIN "chat-plain"
#define PAGE_VFS_RESERVE_BYTES 8
#define PAGE_VFS_PAGE_BYTES 4096

// Once, before any database is opened.
void page_vfs_register(void);

// SPDX-License-Identifier: MIT
// Reading a whole database file that nobody writes to, page by page, against its checksums; and
// writing a copy of it, if one is wanted. Knows no schema: a file that is settled (its WAL is
// empty) is copied as it is.
//
// The file is opened through SQLite's VFS: closing it by another way would drop the locks that this
// process has on it (sqlite.org/howtocorrupt.html, section 2.2).
//
// Owner: who opens it. Thread: one at a time; every call blocks.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/check.h"
#include "shared/err.h"

struct page_copy;

// target: the copy (mode 0600; one that is there is replaced), or NULL to read only.
enum err page_copy_open(const char *source, const char *target, struct page_copy **copy) MUST_USE;

// Reads, and writes, up to that many bytes more; *is_done at the end. A damaged page of a file that
// is only read is counted, and the reading goes on; of one that is copied it is ERR_DAMAGED.
enum err page_copy_step(struct page_copy *copy, uint64_t bytes, bool *is_done) MUST_USE;

// The copy is synced, read again from the disk and compared. ERR_DAMAGED: it is not what was
// written.
enum err page_copy_finish(struct page_copy *copy) MUST_USE;

// Accepts NULL. A copy that was not finished is removed.
void page_copy_close(struct page_copy *copy);

uint64_t page_copy_bytes(const struct page_copy *copy); // of the source
uint64_t page_copy_done(const struct page_copy *copy);  // bytes read so far
uint64_t page_copy_hash(const struct page_copy *copy);  // XXH3 of all bytes, once finished
uint64_t page_copy_damaged(const struct page_copy *copy, uint64_t *first_page); // how many pages

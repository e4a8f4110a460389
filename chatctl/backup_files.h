// SPDX-License-Identifier: MIT
// A backup's files, read without a server: against the manifest's sizes and checksums, and copied
// to a new data directory.
//
// Thread: one; every call blocks.

#pragma once

#include <stddef.h>

#include "shared/check.h"
#include "shared/manifest.h"

// Reads every file; what is damaged, missing or too much is told to found, a sentence each. Returns
// how many there were.
size_t backup_files_verify(const char *path, const struct manifest *manifest,
        void (*found)(void *context, const char *sentence), void *context);

// Copies all files to the directory, which must not exist or be empty, and checks them on the way;
// everything is synced at the end. ERR_DAMAGED, ERR_DISK_FULL, ERR_IO, ERR_EXISTS: reason is a
// sentence, and what was made is a half that no chatd takes (it has no chat.format).
enum err backup_files_restore(const char *path, const struct manifest *manifest,
        const char *directory, uint64_t generation, char *reason, size_t reason_bytes) MUST_USE;

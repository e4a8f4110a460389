// SPDX-License-Identifier: MIT
// The manifest of a backup: what it is a backup of, and every file with its size and XXH3. In the
// file: one line of JSON, and the XXH3 of that line (16 hexadecimal digits) in a second one, so
// that a damaged byte in the manifest is noticed too.
//
// Owner: whoever makes it; manifest_finish() frees. Thread: any one at a time.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "shared/check.h"
#include "shared/err.h"

#define MANIFEST_NAME "manifest"
#define MANIFEST_FORMAT 1

struct manifest_file {
    char name[64]; // below the backup's directory
    uint64_t bytes;
    uint64_t hash;  // XXH3 of the whole file
    uint64_t index; // a partition: the log index that it is as of
};

struct manifest {
    uint64_t cell_id;
    uint64_t generation;
    uint64_t log_first, log_last; // the state is as of log_last
    uint64_t partitions;
    int64_t created_ms; // wall clock
    struct manifest_file *files;
    size_t count;
};

enum err manifest_add(struct manifest *manifest, const struct manifest_file *file) MUST_USE;
void manifest_finish(struct manifest *manifest);

// The file of that name; NULL: there is none.
const struct manifest_file *manifest_find(const struct manifest *manifest, const char *name);

// Size and XXH3 of a file.
enum err file_hash(const char *path, uint64_t *bytes, uint64_t *hash) MUST_USE;

// Synced when it returns ERR_OK.
enum err manifest_write(const struct manifest *manifest, const char *path) MUST_USE;

// ERR_NOT_FOUND: there is no such file. Other errors: reason is a sentence. Names that lead out of
// the backup are refused.
enum err manifest_read(struct manifest *manifest, const char *path, char *reason,
        size_t reason_bytes) MUST_USE;

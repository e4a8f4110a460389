// SPDX-License-Identifier: MIT
// A backup as it is on disk: a directory with the partitions' files, each as it was at its own log
// index, and the log from the first record that some file lacks up to the one where the backup
// ends. Put in place and started, the server replays that log onto the files as after any crash:
// the state of all partitions at exactly that index.
//
//     manifest           one line of JSON that names every file with size and XXH3, and the XXH3 of
//                        that line in a second one: written last
//     partitions/pNNN.db
//     journal/N.db       one segment
//
// It grows as "<path>/<time>.partial" and is renamed when it is complete and synced. A file that
// has not changed since the last backup in the same path, and is still good there, is linked from
// there instead of copied.
//
// Owner: a job. Thread: one at a time; the calls block.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "disk/directory.h"
#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"

struct backup;

#define BACKUP_PATH_BYTES_MAX 440 // of the directory of backups; theirs are longer by a name

// Makes the directory. On failure writes a sentence to reason.
enum err backup_create(const char *path, const struct data_directory *directory, int64_t now_ms,
        struct backup **backup, char *reason, size_t reason_bytes) MUST_USE;
// Accepts NULL; one that is not finished is removed.
void backup_destroy(struct backup *backup);

// Where the copy of the partition's file goes.
void backup_file(const struct backup *backup, uint16_t partition, char *path, size_t path_bytes);

// Takes the file from the last backup if that has it as of the same index.
bool backup_link(struct backup *backup, uint16_t partition, uint64_t index) MUST_USE;

// The copy is there.
enum err backup_add(struct backup *backup, uint16_t partition, uint64_t index, uint64_t bytes,
        uint64_t hash) MUST_USE;

// Batches of the log, in order, the first one at `first`; one call, one transaction. bodies are
// length (4 bytes) and body, one after the other.
enum err backup_add_log(struct backup *backup, uint64_t first, struct bytes bodies) MUST_USE;

// Syncs, writes the manifest, gives the directory its name, which is written to path.
enum err backup_finish(struct backup *backup, uint64_t log_last, char *path,
        size_t path_bytes) MUST_USE;

// SPDX-License-Identifier: MIT
// The data directory: its lock, its format stamp, and space kept in reserve for a full disk.
//
//   chat.format     "chatd data 1 partitions 900 generation 1 cell <id>": written once, read first
//   lock            held with flock(2) by the running chatd; a second one is refused
//   reserve         RESERVE_FILE_BYTES of nothing, given back to the disk when it is full
//   journal/  partitions/  quarantine/
//
// Owner: main. Thread: start and stop only, but data_directory_reserve_...: the log thread.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "disk/places.h"
#include "shared/check.h"
#include "shared/err.h"

struct data_directory {
    char path[512]; // the first: log, lock, format, reserve, quarantine
    struct places places;
    int lock_fd;
    uint16_t partition_count;
    uint64_t generation; // raised by restoring a backup; part of every cursor
    uint64_t cell_id;
};

// paths: one directory, or several with commas between; the others hold partitions only. Creates
// what is missing (mode 0700); partition_count is used for a new directory only. On failure writes
// one plain sentence to reason.
enum err data_directory_open(struct data_directory *directory, const char *paths,
        uint16_t partition_count, char *reason, size_t reason_bytes) MUST_USE;
void data_directory_close(struct data_directory *directory);

// The first of the paths; false: there is none, or it is longer than the buffer.
bool data_directory_first(const char *paths, char *path, size_t path_bytes);

// Bytes free for this user, in the fullest of the directories; 0 when that can't be known.
uint64_t data_directory_free_bytes(const struct data_directory *directory);

// Gives the reserve back to the disk; takes it again when there is room. Both may be repeated.
void data_directory_reserve_release(const struct data_directory *directory);
bool data_directory_reserve_restore(const struct data_directory *directory);

// fsync of a directory, so that a new name in it survives a power loss.
enum err directory_sync(const char *path) MUST_USE;

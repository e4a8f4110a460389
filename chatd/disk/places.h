// SPDX-License-Identifier: MIT
// Where the partitions' files are: the directories (disks) that `data` names, and which partitions
// have ever had a file, so that one that is missing (a disk that is not mounted) is told from one
// that never was.
//
// Owner:  the data directory; lent for life to all partitions.
// Thread: filled at the start; afterwards read by any, and places_remember() by the partition's.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"

#define PLACES_MAX 16
#define PLACE_BYTES_MAX 560
#define PLACE_PATH_BYTES (PLACE_BYTES_MAX + 40)

struct places {
    char paths[PLACES_MAX][PLACE_BYTES_MAX]; // "<directory>/partitions"
    unsigned count;
    int known_fd; // a byte for each partition: 1 when it has had a file
};

void places_init(struct places *places);
void places_finish(struct places *places);

#define PLACE_COPY_SUFFIX ".db.moving" // of a copy that is not complete

// Makes "<directory>/partitions" if it is missing; removes copies in it that were never completed.
enum err places_add(struct places *places, const char *directory) MUST_USE;

// Opens the list of known partitions in the first place. Files that are there and not yet on it (it
// is younger than they are) are put on it.
enum err places_open_known(struct places *places, uint16_t partition_count) MUST_USE;

void places_file(const struct places *places, unsigned place, uint16_t partition,
        char path[PLACE_PATH_BYTES]);

// A bit for each place that has the partition's file.
unsigned places_find(const struct places *places, uint16_t partition);

// Where a new partition's file goes: in turn, so that all disks get their share.
unsigned places_choose(const struct places *places, uint16_t partition);

// The directory as `data` names it; lent.
struct bytes places_directory(const struct places *places, unsigned place);

// The place of this directory, as `data` names it or with "/partitions"; PLACES_MAX: none of them.
unsigned places_of(const struct places *places, const char *directory);

bool places_is_known(const struct places *places, uint16_t partition);
// Durable when it returns ERR_OK. Comes before the log is trimmed past the partition's records.
enum err places_remember(const struct places *places, uint16_t partition) MUST_USE;

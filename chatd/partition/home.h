// SPDX-License-Identifier: MIT
// In which of the data directories a partition's file is: finding it at the start, and changing it.
// For the files of this folder only.
//
// A move copies the file under another name, gives it its own name once it is complete and synced,
// and then removes the old one. A crash between the last two leaves two files with the same
// content; the next start keeps the one that is ahead and removes the other.

#pragma once

#include "partition/partition.h"
#include "partition/residence.h"

// Sets partition->place. ERR_NOT_FOUND: it has never had a file. Other errors: reason says why.
enum err home_find(struct partition *partition) MUST_USE;

// Opens or creates the partition's file in that place.
enum err home_open(struct partition *partition, unsigned place, struct store **store,
        struct store_meta *meta) MUST_USE;

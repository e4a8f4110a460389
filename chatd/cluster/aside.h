// SPDX-License-Identifier: MIT
// Copies the records that a quarantined partition's file may lack out of the log, so that the log
// can be trimmed all the same and the partition repaired later.
//
// Thread: the log thread (it reads the journal).

#pragma once

#include <stdint.h>

#include "log/journal.h"
#include "partition/partition.h"
#include "shared/check.h"
#include "shared/err.h"

// Writes every record of the log from index `from` on that concerns the partition to
// <directory>/p042-<from>.records, synced. Format: a line "chatd records 1 partition 42", then per
// record: index and size as varints, and the bytes.
enum err aside_copy(struct journal *journal, const char *directory, uint16_t partition,
        uint16_t partition_count, uint64_t from) MUST_USE;

// Start, before the log is replayed: puts the records back into a partition whose file is good
// again (a backup was restored), flushes it and renames the records to "....applied". A file that
// is too old for them is refused: it would lack what came between. at(context, id) finds the
// partition, and no other thread may be using it.
void aside_put_back(const char *directory,
        struct partition *(*at)(const void *context, uint16_t id), const void *context,
        uint16_t partition_count);

// SPDX-License-Identifier: MIT
#include "shared/data_format.h"

#include <inttypes.h>
#include <stdio.h>

int data_format_print(char line[DATA_FORMAT_LINE_BYTES], unsigned partitions, uint64_t generation,
        uint64_t cell_id)
{
    return snprintf(line, DATA_FORMAT_LINE_BYTES,
            "chatd data %d partitions %u generation %" PRIu64 " cell %012" PRIx64 "\n",
            DATA_FORMAT_VERSION, partitions, generation, cell_id);
}

// SPDX-License-Identifier: MIT
// The line in "chat.format" that says what a data directory is; chatd writes it, and so does who
// makes a data directory of a backup.

#pragma once

#include <stdint.h>

#define DATA_FORMAT_NAME "chat.format"
#define DATA_FORMAT_VERSION 1
#define DATA_FORMAT_LINE_BYTES 160

// Returns its length.
int data_format_print(char line[DATA_FORMAT_LINE_BYTES], unsigned partitions, uint64_t generation,
        uint64_t cell_id);

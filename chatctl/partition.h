// SPDX-License-Identifier: MIT
// What the partition commands have in common.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rpc.h"

// An operand that is a partition's number. False: said what is wrong.
bool partition_number(const struct rpc *rpc, const char *word, uint64_t *number);

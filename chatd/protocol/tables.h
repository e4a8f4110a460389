// SPDX-License-Identifier: MIT
// shared/methods.def and shared/params.h as arrays: what requests are checked by, and what
// rpc.discover shows. Inside of this folder.

#pragma once

#include <stddef.h>

#include "protocol/request.h"

struct method_entry {
    const char *name;
    enum access access;
    uint64_t required; // bits of enum param_field
    uint64_t optional;
};

// By enum method, which is the order of the names.
extern const struct method_entry method_table[METHOD_COUNT];

enum param_type { NAME, STRING, INTEGER, FLAG, ARRAY };

struct param_entry {
    uint64_t field;
    const char *name;
    enum param_type type;
    uint64_t least; // bytes, value or elements
    uint64_t most;
    size_t offset; // in struct params
};

extern const struct param_entry param_table[];
extern const size_t param_count;

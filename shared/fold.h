// SPDX-License-Identifier: MIT
// Texts compared as people search: Unicode case folding and compatibility forms (utf8proc,
// NFKC_Casefold). The only file that knows utf8proc in the server.
//
// Thread: any.

#pragma once

#include <stdbool.h>

#include "shared/bytes.h"
#include "shared/check.h"

struct fold {
    char *text; // folded, owned
    uint32_t size;
};

// False when memory is exhausted.
bool fold_init(struct fold *fold, struct bytes text) MUST_USE;
void fold_finish(struct fold *fold);

// Whether the text contains the needle, both folded.
bool fold_contains(struct bytes text, const struct fold *needle);

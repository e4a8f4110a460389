// SPDX-License-Identifier: MIT
// The conversations of a user that changed within a range of useq, from file and memory merged.
// Inside of this folder.

#pragma once

#include "partition/residence.h"

struct changed {
    struct conversation **items; // newest change first
    uint32_t count;
    uint32_t capacity;
};

// Those with after < changed_useq < before, at most `limit` of the newest. All of them are in
// memory afterwards, and stay there until the next partition_shed().
enum err changed_find(struct partition *partition, struct user *user, uint64_t after,
        uint64_t before, uint32_t limit, struct changed *changed) MUST_USE;
void changed_finish(struct changed *changed);

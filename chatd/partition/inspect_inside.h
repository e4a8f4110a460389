// SPDX-License-Identifier: MIT
// What the inspect*.c files share.

#pragma once

#include "partition/inspect.h"
#include "partition/residence.h"

// Without its text.
void inspect_entry(const struct conversation *conversation, const struct message *row,
        struct entry_view *view);

// All but its peer.
enum err inspect_copy(struct partition *partition, struct conversation *conversation,
        struct copy_view *view) MUST_USE;

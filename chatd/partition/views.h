// SPDX-License-Identifier: MIT
// From rows to views: what a row looks like to the owner of the conversation. Inside this folder.

#pragma once

#include "partition/residence.h"
#include "shared/arena.h"
#include "shared/view.h"

// Copies the row's strings into the arena. False when memory is exhausted.
bool view_message(struct arena *arena, const struct conversation *conversation,
        const struct message *row, struct message_view *view) MUST_USE;

// The conversation's head with its last message and the count of unread ones.
enum err view_head(struct partition *partition, struct arena *arena,
        struct conversation *conversation, struct head_view *view) MUST_USE;

// What every question begins with: the user, or why there is no answer.
enum err view_owner(struct partition *partition, struct bytes name, struct user **user) MUST_USE;

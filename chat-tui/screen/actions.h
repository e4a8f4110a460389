// SPDX-License-Identifier: MIT
// What keys do to the screen, and what the user asks for. No curses, no sockets: what has to be
// done outside goes through an actor.

#pragma once

#include <stdbool.h>

#include "shared/bytes.h"
#include "ui.h"

struct actor {
    // False: it was not taken, and why was said.
    bool (*send)(void *context, struct conversation *conversation, struct bytes text);
    // One's own message; text empty: it is deleted.
    bool (*change)(void *context, struct conversation *conversation, uint64_t seq,
            struct bytes text);
    // To the clipboard of the terminal.
    void (*copy)(void *context, struct bytes text);
    void (*retry)(void *context);
    void (*typed)(void *context, struct conversation *conversation);
    void (*quit)(void *context);
};

void action_key(struct ui *ui, const struct actor *actor, void *context, const char *key);
// Typed or pasted: it never sends by itself.
void action_text(struct ui *ui, const struct actor *actor, void *context, struct bytes text);

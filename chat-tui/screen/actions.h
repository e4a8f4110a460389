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
    void (*open_link)(void *context, const char *link);
    // What is typed, in the user's editor.
    void (*edit)(void *context);
    // "online", "away" or "invisible".
    void (*be)(void *context, const char *state);
    void (*whois)(void *context, const char *name);
    void (*block)(void *context, const char *name, bool is_blocked);
    // The open conversation, as read or as unread again.
    void (*mark)(void *context, bool is_read);
    void (*more)(void *context); // older messages
};

void action_key(struct ui *ui, const struct actor *actor, void *context, const char *key);
// A click of the mouse on this row of the list.
void action_click(struct ui *ui, uint32_t row);
// Typed or pasted: it never sends by itself.
void action_text(struct ui *ui, const struct actor *actor, void *context, struct bytes text);

// SPDX-License-Identifier: MIT
// One message of the open conversation is chosen: to be copied, quoted, edited or deleted. Free of
// curses and sockets.

#pragma once

#include "actions.h"
#include "keys.h"
#include "ui.h"

// Begins with the newest; behind it the selection is left.
void selection_step(struct ui *ui, int by);
void selection_leave(struct ui *ui);
void selection_key(struct ui *ui, enum action action);
// What is typed while a message is selected.
void selection_letter(struct ui *ui, const struct actor *actor, void *context, const char *typed);

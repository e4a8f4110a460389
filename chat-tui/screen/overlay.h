// SPDX-License-Identifier: MIT
// What lies over the messages for a while: help, the switcher, a search, the list of links. Free of
// curses and sockets.

#pragma once

#include <stdbool.h>

#include "actions.h"
#include "keys.h"
#include "ui.h"

void overlay_help(struct ui *ui);
// ui.warning, until Escape.
void overlay_warn(struct ui *ui);
void overlay_switch(struct ui *ui);
// False: there is no conversation to search in, and this was said.
bool overlay_search(struct ui *ui, bool is_everywhere);
// Those of the messages on the screen, newest first; of the selected message, if one is.
void overlay_links(struct ui *ui);

bool overlay_is_open(const struct ui *ui);
void overlay_key(struct ui *ui, const struct actor *actor, void *context, enum action action);
// Typed or pasted. Letters that stand for keys (digits, y) only when they are typed alone.
void overlay_text(struct ui *ui, const struct actor *actor, void *context, struct bytes text);

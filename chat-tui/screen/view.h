// SPDX-License-Identifier: MIT
// Draws the model with curses, and nothing else: what it finds out on the way (how many rows fit,
// that older messages are wanted) it leaves in the ui.
//
// Thread: one, between terminal_start() and terminal_stop().

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ui.h"

// After terminal_start(): in the look that was chosen.
void view_start(const struct settings *settings);
void view_draw(struct ui *ui, int64_t now_ms);
// Whether the list of conversations is in this column.
bool view_is_list(int x);
// The terminal has another size.
void view_resize(void);

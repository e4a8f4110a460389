// SPDX-License-Identifier: MIT
// Draws the model with curses, and nothing else: what it finds out on the way (how many rows fit,
// that older messages are wanted) it leaves in the ui.
//
// Thread: one, between terminal_start() and terminal_stop().

#pragma once

#include <stdint.h>

#include "ui.h"

void view_draw(struct ui *ui, int64_t now_ms);
// The terminal has another size.
void view_resize(void);

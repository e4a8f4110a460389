// SPDX-License-Identifier: MIT
// Moving the place that the timeline shows, by rows of the screen. Free of curses.

#pragma once

#include <stdbool.h>

#include "ui.h"

// Up; negative: down. Neither the start nor the end is passed.
void scroll_by(struct ui *ui, int rows);
// False: nothing is new here.
bool scroll_to_first_unread(struct ui *ui);
// The oldest message that is here.
void scroll_to_start(struct ui *ui);

// SPDX-License-Identifier: MIT
// The parts of the screen, for view.c: each draws into its area.

#pragma once

#include <stdint.h>

#include "pen.h"
#include "ui.h"

void view_list(const struct ui *ui, const struct area *area);
void view_timeline(struct ui *ui, const struct area *area);
void view_welcome(const struct area *area);
void view_status(const struct ui *ui, const struct area *area, int64_t now_ms);
// How many rows what is typed takes.
int view_composer_rows(const struct ui *ui, int cells);
// The last rows of what is typed, or the pattern of an overlay; and the cursor.
void view_composer(const struct ui *ui, const struct area *area);
// False: none is open.
bool view_overlay(struct ui *ui, const struct area *area);

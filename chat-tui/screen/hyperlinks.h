// SPDX-License-Identifier: MIT
// Links that a terminal can open by itself (OSC 8, "Hyperlinks in Terminal Emulators"). Curses does
// not know them, so those that are on the screen are written over it after each drawing.
//
// Thread: one, as pen.h.

#pragma once

#include <stdbool.h>

#include "shared/bytes.h"

// auto: by what is known of the terminal (its TERM, VTE_VERSION).
bool hyperlinks_are_known_here(void);
// A new drawing begins.
void hyperlinks_begin(bool is_on);
// The text, drawn in its safe form, is part of that link.
void hyperlinks_add(int y, int x, int end, struct bytes text, struct bytes link);
// Everything was drawn.
void hyperlinks_write(void);

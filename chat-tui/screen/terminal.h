// SPDX-License-Identifier: MIT
// The terminal: curses on and off, keys by name, pastes as one piece, whether it has the focus.
//
// Thread: one. The only file besides the view's that knows curses.

#pragma once

#include <stdbool.h>

#include "keys.h"
#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"

// False: said what is wrong (no terminal, an unknown one).
bool terminal_start(bool has_mouse) MUST_USE;
void terminal_stop(void);

enum terminal_input {
    TERMINAL_NOTHING,
    TERMINAL_KEY,   // its name
    TERMINAL_TEXT,  // typed or pasted, UTF-8
    TERMINAL_FOCUS, // got
    TERMINAL_BLUR,  // lost
    TERMINAL_RESIZE,
    TERMINAL_CLICK, // of the mouse: terminal_clicked()
};

// What came next, without waiting. text is cleared first.
enum terminal_input terminal_read(char key[KEY_NAME_BYTES], struct buffer *text);
// Where the last click was.
void terminal_clicked(int *y, int *x);
// Another program gets the terminal for a while.
void terminal_pause(void);
void terminal_resume(void);
// A control sequence of our own, as it is.
void terminal_write(struct bytes sequence);
// Of the window; what it was before comes back at the end (xterm's ctlseqs). Safe text only.
void terminal_title(const char *title);
void terminal_bell(void);
// To the clipboard, with OSC 52 (xterm's ctlseqs): most terminals ask or can be told not to.
void terminal_copy(struct bytes text);

// SPDX-License-Identifier: MIT
// Other people's text on a terminal: nothing in it may do more than stand there.

#pragma once

#include "shared/buffer.h"
#include "shared/bytes.h"

// Valid UTF-8 in, one line out: control characters (C0, C1, DEL), line and paragraph separators and
// the controls of writing direction become '?' or, for line ends and tabs, a space.
void text_add_safely(struct buffer *out, struct bytes text);
// The same, but a line end stays one, followed by the indent.
void text_add_lines(struct buffer *out, struct bytes text, const char *indent);

// How many bytes at this place (before the end) are one of those, line ends and tabs too; 0: none.
uint32_t text_harmful_at(struct bytes text, uint32_t place);

// SPDX-License-Identifier: MIT
// Links in a text, to be numbered and opened: http:// and https://, up to a space, a quote,
// anything harmful (text.h), a bracket that was not opened in the link, and without the punctuation
// behind.
//
// What is found has no control character and no space, so that it can be given to a program or
// stand in an escape sequence; a byte that is not UTF-8 it can have.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"

// The next link from the position on, which is moved behind it; false when there is none. The link
// is a part of the text.
bool links_next(struct bytes text, uint32_t *position, struct bytes *link);

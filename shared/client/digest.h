// SPDX-License-Identifier: MIT
// SHA-256 as text, for names of files that must not tell what they are made from.

#pragma once

#include "shared/bytes.h"

#define DIGEST_TEXT_BYTES 65 // 64 hexadecimal digits and NUL

void digest_text(struct bytes data, char text[DIGEST_TEXT_BYTES]);

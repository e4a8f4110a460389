// SPDX-License-Identifier: MIT
// Any text as a cursor: malformed, or numbers that survive being written and read again.
#include "protocol/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char text[CURSOR_TEXT_BYTES];
    uint64_t useq = 0, again = 0;
    struct bytes cursor = { (const char *)data, (uint32_t)bytes };

    if (decode_cursor(cursor, 1, &useq) != CURSOR_VALID) {
        return 0;
    }
    encode_cursor(text, 1, useq);
    CHECK(decode_cursor(bytes_of(text), 1, &again) == CURSOR_VALID);
    CHECK(useq == again);
    return 0;
}

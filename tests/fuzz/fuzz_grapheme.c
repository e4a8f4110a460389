// SPDX-License-Identifier: MIT
// Any bytes as a text on the screen: every step goes on, nothing is wider or longer than it says,
// and rows together are the text.

#include <locale.h>
#include <stddef.h>
#include <stdint.h>

#include "chat-tui/grapheme.h"
#include "chat-tui/wrap.h"
#include "shared/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *locale;
    const struct bytes text = { (const char *)data, (uint32_t)size };
    struct grapheme grapheme;
    struct wrap_row row;
    struct wrap wrap;
    uint32_t position = 0, before = 0, end = 0;

    if (locale == NULL) {
        locale = setlocale(LC_ALL, "C.UTF-8");
        CHECK(locale != NULL);
    }
    while (grapheme_next(text, &position, &grapheme)) {
        CHECK(grapheme.start == before && grapheme.size > 0 && position == before + grapheme.size);
        CHECK(grapheme.cells <= 2 && grapheme.drawn_size <= GRAPHEME_DRAWN_BYTES_MAX);
        before = position;
    }
    CHECK(before == text.size);
    wrap_init(&wrap, text, size > 0 ? data[0] % 40 + 1U : 1);
    while (wrap_next(&wrap, &row)) {
        CHECK(row.start >= end && row.start + row.size <= text.size);
        end = row.start + row.size;
    }
    return 0;
}

// SPDX-License-Identifier: MIT
#include "pattern.h"

#include <string.h>

#include "chat-tui/grapheme.h"
#include "shared/cli/text.h"

void pattern_clear(struct pattern *pattern)
{
    pattern->bytes = 0;
    pattern->text[0] = '\0';
}

bool pattern_add(struct pattern *pattern, struct bytes typed)
{
    uint32_t before = pattern->bytes, place = 0;

    while (place < typed.size) {
        uint32_t harmful = text_harmful_at(typed, place);
        uint32_t size = harmful > 0 ? harmful : grapheme_utf8_at(typed, place);
        if (size == 0 || (harmful == 0 && pattern->bytes + size > SEARCH_QUERY_BYTES_MAX)) {
            break;
        }
        if (harmful == 0) {
            memcpy(pattern->text + pattern->bytes, typed.data + place, size);
            pattern->bytes += size;
        }
        place += size;
    }
    pattern->text[pattern->bytes] = '\0';
    return pattern->bytes > before;
}

bool pattern_shorten(struct pattern *pattern)
{
    struct grapheme grapheme = { 0 };
    uint32_t position = 0;

    if (pattern->bytes == 0) {
        return false;
    }
    while (grapheme_next(pattern_bytes(pattern), &position, &grapheme)) {
    }
    pattern->bytes = grapheme.start;
    pattern->text[pattern->bytes] = '\0';
    return true;
}

// SPDX-License-Identifier: MIT
#include "shared/cli/text.h"

uint32_t text_harmful_at(struct bytes given, uint32_t place)
{
    const unsigned char *text = (const unsigned char *)given.data + place;
    uint32_t rest = given.size - place;

    if (text[0] < 0x20 || text[0] == 0x7f) {
        return 1;
    }
    if (text[0] == 0xc2 && rest > 1 && text[1] < 0xa0) { // U+0080 to U+009F
        return 2;
    }
    if (text[0] == 0xd8 && rest > 1 && text[1] == 0x9c) { // U+061C
        return 2;
    }
    if (text[0] != 0xe2 || rest < 3) {
        return 0;
    }
    // U+200E, U+200F; U+2028 to U+202E; U+2066 to U+2069 (Unicode UAX #9, explicit formatting)
    bool is_direction =
            (text[1] == 0x80 &&
                    (text[2] == 0x8e || text[2] == 0x8f || (text[2] >= 0xa8 && text[2] <= 0xae))) ||
            (text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9);
    return is_direction ? 3 : 0;
}

static void add(struct buffer *out, struct bytes text, const char *indent)
{
    uint32_t start = 0, i = 0;

    while (i < text.size) {
        uint32_t length = text_harmful_at(text, i);
        if (length == 0) {
            i++;
            continue;
        }
        buffer_add(out, text.data + start, i - start);
        if (text.data[i] == '\n' && indent != NULL) {
            buffer_print(out, "\n%s", indent);
        } else {
            buffer_add_byte(out, text.data[i] == '\n' || text.data[i] == '\t' ? ' ' : '?');
        }
        i += length;
        start = i;
    }
    buffer_add(out, text.data + start, text.size - start);
}

void text_add_safely(struct buffer *out, struct bytes text)
{
    add(out, text, NULL);
}

void text_add_lines(struct buffer *out, struct bytes text, const char *indent)
{
    add(out, text, indent);
}

// SPDX-License-Identifier: MIT
#include "grapheme.h"

#include <wchar.h>

#include <utf8proc.h>

#define REPLACEMENT 0xfffd
#define JOINER 0x200d

// One code point, or REPLACEMENT for each byte that begins none.
static uint32_t decode(struct bytes text, uint32_t position, utf8proc_int32_t *code)
{
    utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *)text.data + position,
            (utf8proc_ssize_t)(text.size - position), code);

    if (bytes <= 0) {
        *code = REPLACEMENT;
        return 1;
    }
    return (uint32_t)bytes;
}

static bool is_harmful(utf8proc_int32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e ||
            code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
            (code >= 0x2066 && code <= 0x2069) || code == 0xfeff || code == 0xad;
}

// It changes only how the one before it looks, and terminals disagree on that.
static bool is_left_out(utf8proc_int32_t code)
{
    return code == JOINER || code == 0x200c || (code >= 0xfe00 && code <= 0xfe0f) ||
            code == 0x20e3 || (code >= 0x1f3fb && code <= 0x1f3ff) ||
            (code >= 0xe0000 && code <= 0xe0fff);
}

static bool is_flag_letter(utf8proc_int32_t code)
{
    return code >= 0x1f1e6 && code <= 0x1f1ff;
}

static bool is_mark(utf8proc_int32_t code)
{
    utf8proc_category_t category = utf8proc_category(code);

    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME;
}

static void draw(struct grapheme *grapheme, utf8proc_int32_t code, int width)
{
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t count = utf8proc_encode_char(code, bytes);

    if (count <= 0 || grapheme->drawn_bytes + count > GRAPHEME_BYTES) {
        return;
    }
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        grapheme->drawn[grapheme->drawn_bytes++] = (char)bytes[i];
    }
    grapheme->width = (uint8_t)(grapheme->width + width);
}

// The first of the cluster: it decides the width.
static void draw_base(struct grapheme *grapheme, utf8proc_int32_t code)
{
    int width = wcwidth((wchar_t)code);

    if (code == '\n') {
        grapheme->is_newline = true;
    } else if (is_harmful(code)) {
        draw(grapheme, code == '\t' ? ' ' : '?', 1);
    } else if (is_flag_letter(code)) {
        draw(grapheme, 'A' + (code - 0x1f1e6), 1);
    } else if (is_left_out(code) || is_mark(code)) { // alone, without what it belongs to
        draw(grapheme, REPLACEMENT, 1);
    } else if (width < 1 || width != utf8proc_charwidth(code)) {
        draw(grapheme, width == 1 || width == 2 ? code : REPLACEMENT, width == 2 ? 2 : 1);
    } else {
        draw(grapheme, code, width);
    }
}

static void draw_more(struct grapheme *grapheme, utf8proc_int32_t code, unsigned *marks)
{
    if (is_flag_letter(code) && grapheme->width == 1) {
        draw(grapheme, 'A' + (code - 0x1f1e6), 1);
    } else if (is_mark(code) && !is_left_out(code) && wcwidth((wchar_t)code) == 0 &&
            *marks < GRAPHEME_MARKS && grapheme->width > 0) {
        draw(grapheme, code, 0);
        (*marks)++;
    }
}

bool grapheme_next(struct bytes text, uint32_t *position, struct grapheme *grapheme)
{
    utf8proc_int32_t code, next, state = 0;
    unsigned marks = 0;

    if (*position >= text.size) {
        return false;
    }
    *grapheme = (struct grapheme){ .start = *position };
    *position += decode(text, *position, &code);
    draw_base(grapheme, code);
    grapheme->is_space = code == ' ' || code == '\t';
    bool has_wide_base = grapheme->drawn_bytes > 0 && !is_harmful(code);
    while (*position < text.size && !grapheme->is_newline) {
        uint32_t bytes = decode(text, *position, &next);
        if (next == '\n' || utf8proc_grapheme_break_stateful(code, next, &state)) {
            break;
        }
        if (has_wide_base) {
            draw_more(grapheme, next, &marks);
        }
        code = next;
        *position += bytes;
    }
    grapheme->size = *position - grapheme->start;
    return true;
}

uint32_t grapheme_width(struct bytes text)
{
    struct grapheme grapheme;
    uint32_t position = 0, width = 0;

    while (grapheme_next(text, &position, &grapheme)) {
        width += grapheme.width;
    }
    return width;
}

uint32_t grapheme_before(struct bytes text, uint32_t position)
{
    // Clusters are found from the front; a line's beginning is a safe place to start at.
    uint32_t at = position > 0 ? position - 1 : 0;
    struct grapheme grapheme = { 0 };

    while (at > 0 && text.data[at - 1] != '\n') {
        at--;
    }
    uint32_t before = at;
    while (at < position && grapheme_next(text, &at, &grapheme)) {
        before = grapheme.start;
    }
    return before;
}

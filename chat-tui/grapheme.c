// SPDX-License-Identifier: MIT
#include "grapheme.h"

#include <wchar.h>

#include <utf8proc.h>

#include "shared/check.h"
#include "shared/cli/text.h"

#define REPLACEMENT 0xfffd
#define ENCLOSING_KEYCAP 0x20e3

// What of a cluster may be drawn.
struct parts {
    int32_t code_points[GRAPHEME_CODE_POINTS_MAX];
    int count;
    bool is_closed;  // another base came: marks are not for ours any more
    bool is_strange; // more parts than can be measured
};

// The code point at the place, or -1 for a byte that is not UTF-8.
static int32_t code_point_at(struct bytes text, uint32_t place, uint32_t *size)
{
    utf8proc_int32_t code_point;
    utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *)text.data + place,
            text.size - place, &code_point);

    *size = bytes > 0 ? (uint32_t)bytes : 1;
    return bytes > 0 ? code_point : -1;
}

static bool is_skin(int32_t code_point)
{
    return code_point >= 0x1f3fb && code_point <= 0x1f3ff;
}

static bool is_regional_indicator(int32_t code_point)
{
    return code_point >= 0x1f1e6 && code_point <= 0x1f1ff;
}

static bool is_mark(int32_t code_point)
{
    utf8proc_category_t category = utf8proc_category(code_point);

    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME;
}

// Marks of a cell of their own, like Thai and Indic vowels: programs disagree on the width of a
// cluster that has one, but not on its own.
static bool is_spacing_mark(int32_t code_point)
{
    int class = utf8proc_get_property(code_point)->boundclass;

    return class == UTF8PROC_BOUNDCLASS_SPACINGMARK ||
            (class == UTF8PROC_BOUNDCLASS_EXTEND && wcwidth(code_point) == 1);
}

static bool is_jamo(int32_t code_point)
{
    int class = utf8proc_get_property(code_point)->boundclass;

    return class == UTF8PROC_BOUNDCLASS_L || class == UTF8PROC_BOUNDCLASS_V ||
            class == UTF8PROC_BOUNDCLASS_T || class == UTF8PROC_BOUNDCLASS_LV ||
            class == UTF8PROC_BOUNDCLASS_LVT;
}

static void parts_add(struct parts *parts, int32_t code_point)
{
    bool is_base = parts->count == 0;

    // Joiners, variation selectors, tags, fillers.
    if (utf8proc_get_property(code_point)->ignorable) {
        return;
    }
    if (!is_base && (is_skin(code_point) || code_point == ENCLOSING_KEYCAP)) {
        return;
    }
    if (!is_base && !is_jamo(code_point) && !is_regional_indicator(code_point)) {
        parts->is_closed = parts->is_closed || !is_mark(code_point);
        if (parts->is_closed || parts->count == GRAPHEME_CODE_POINTS_MAX) {
            return;
        }
    }
    if (parts->count == GRAPHEME_CODE_POINTS_MAX) {
        parts->is_strange = true;
        return;
    }
    parts->code_points[parts->count++] = code_point;
}

// Puts the parts of the cluster at the place together and returns where it ends.
static uint32_t gather(struct bytes text, uint32_t place, struct parts *parts)
{
    utf8proc_int32_t state = 0;
    uint32_t size, end;
    int32_t last = code_point_at(text, place, &size);

    parts_add(parts, last);
    for (end = place + size; end < text.size; end += size) {
        int32_t next = code_point_at(text, end, &size);
        if (next < 0 || is_spacing_mark(next) ||
                utf8proc_get_property(last)->boundclass == UTF8PROC_BOUNDCLASS_PREPEND ||
                utf8proc_grapheme_break_stateful(last, next, &state)) {
            break;
        }
        parts_add(parts, next);
        last = next;
    }
    return end;
}

static void draw(struct grapheme *grapheme, int32_t code_point, int cells)
{
    utf8proc_uint8_t encoded[4];
    utf8proc_ssize_t size = utf8proc_encode_char(code_point, encoded);

    CHECK(size > 0 && grapheme->drawn_size + size <= GRAPHEME_DRAWN_BYTES_MAX);
    memcpy(grapheme->drawn + grapheme->drawn_size, encoded, (size_t)size);
    grapheme->drawn_size = (uint8_t)(grapheme->drawn_size + size);
    grapheme->cells = (uint8_t)(grapheme->cells + cells);
}

// Cells of a base, or 0 for one that is better not drawn.
static int measure(int32_t code_point)
{
    int cells = wcwidth(code_point);
    bool is_agreed = cells == utf8proc_charwidth(code_point) ||
            utf8proc_category(code_point) == UTF8PROC_CATEGORY_MC;

    return cells > 0 && is_agreed && !is_skin(code_point) ? cells : 0;
}

static void draw_letter(struct grapheme *grapheme, struct parts *parts)
{
    int count = parts->count, cells;

    // One code point for a letter and its marks, and for a Korean syllable, leaves less to measure.
    if (count > 1) {
        count = (int)utf8proc_normalize_utf32(parts->code_points, count,
                UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    }
    cells = measure(parts->code_points[0]);
    for (int i = 1; i < count; i++) {
        int32_t mark = parts->code_points[i];
        if (!is_mark(mark) || wcwidth(mark) != 0 || utf8proc_charwidth(mark) != 0) {
            cells = 0;
        }
    }
    if (cells == 0 || parts->is_strange) {
        draw(grapheme, REPLACEMENT, 1);
        return;
    }
    draw(grapheme, parts->code_points[0], cells);
    for (int i = 1; i < count; i++) {
        draw(grapheme, parts->code_points[i], 0);
    }
}

static void draw_parts(struct grapheme *grapheme, struct parts *parts)
{
    if (parts->count == 0) {
        return;
    }
    if (!is_regional_indicator(parts->code_points[0])) {
        draw_letter(grapheme, parts);
        return;
    }
    for (int i = 0; i < parts->count && is_regional_indicator(parts->code_points[i]); i++) {
        draw(grapheme, 'A' + parts->code_points[i] - 0x1f1e6, 1);
    }
}

static enum grapheme_kind kind_of(const struct parts *parts)
{
    if (parts->count == 0) {
        return GRAPHEME_OTHER;
    }
    int32_t base = parts->code_points[0];
    utf8proc_category_t category = utf8proc_category(base);
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO) {
        return GRAPHEME_WORD; // letters, marks and numbers
    }
    bool is_breaking = base != 0xa0 && base != 0x2007 && base != 0x202f;
    return category == UTF8PROC_CATEGORY_ZS && is_breaking && parts->count == 1 ? GRAPHEME_SPACE
                                                                                : GRAPHEME_OTHER;
}

static void take_harmful(struct grapheme *grapheme, struct bytes text, uint32_t size)
{
    const char *at = text.data + grapheme->start;
    bool is_crlf = *at == '\r' && grapheme->start + 1 < text.size && at[1] == '\n';

    grapheme->size = size + is_crlf;
    if (*at == '\n' || is_crlf) {
        grapheme->kind = GRAPHEME_LINE_END;
    } else if (*at == '\t') {
        grapheme->kind = GRAPHEME_SPACE;
        draw(grapheme, ' ', 1);
    } else {
        draw(grapheme, '?', 1);
    }
}

static bool is_plain(char byte)
{
    return byte >= ' ' && byte <= '~';
}

static bool is_alphanumeric(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
            (byte >= 'a' && byte <= 'z');
}

static void take_plain(struct grapheme *grapheme, char byte)
{
    grapheme->size = 1;
    grapheme->kind = byte == ' '    ? GRAPHEME_SPACE
            : is_alphanumeric(byte) ? GRAPHEME_WORD
                                    : GRAPHEME_OTHER;
    draw(grapheme, byte, 1);
}

bool grapheme_next(struct bytes text, uint32_t *position, struct grapheme *grapheme)
{
    uint32_t place = *position, size;

    if (place >= text.size) {
        return false;
    }
    *grapheme = (struct grapheme){ .start = place, .kind = GRAPHEME_OTHER };
    uint32_t harmful = text_harmful_at(text, place);
    // Most text is ASCII, where clusters are bytes.
    if (is_plain(text.data[place]) &&
            (place + 1 == text.size || (unsigned char)text.data[place + 1] < 0x80)) {
        take_plain(grapheme, text.data[place]);
    } else if (harmful > 0) {
        take_harmful(grapheme, text, harmful);
    } else if (code_point_at(text, place, &size) < 0) {
        grapheme->size = size;
        draw(grapheme, REPLACEMENT, 1);
    } else {
        struct parts parts = { 0 };
        grapheme->size = gather(text, place, &parts) - place;
        grapheme->kind = kind_of(&parts);
        draw_parts(grapheme, &parts);
    }
    *position = place + grapheme->size;
    return true;
}

uint32_t grapheme_width(struct bytes text)
{
    struct grapheme grapheme;
    uint32_t position = 0, cells = 0;

    while (grapheme_next(text, &position, &grapheme)) {
        cells += grapheme.cells;
    }
    return cells;
}

uint32_t grapheme_fit(struct bytes text, uint32_t cells)
{
    struct grapheme grapheme;
    uint32_t position = 0;

    while (grapheme_next(text, &position, &grapheme)) {
        if (grapheme.kind == GRAPHEME_LINE_END || grapheme.cells > cells) {
            return grapheme.start;
        }
        cells -= grapheme.cells;
    }
    return text.size;
}

uint32_t grapheme_utf8_at(struct bytes text, uint32_t place)
{
    uint32_t size;

    return code_point_at(text, place, &size) < 0 ? 0 : size;
}

// SPDX-License-Identifier: MIT
#include "grapheme.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#define EMOJI_TEST "/usr/share/unicode/emoji/emoji-test.txt"

// The whole text is one cluster, which is drawn like that.
static void assert_drawn(const char *text, const char *drawn, int cells)
{
    struct grapheme grapheme;
    uint32_t position = 0;

    assert_true(grapheme_next(bytes_of(text), &position, &grapheme));
    assert_int_equal(grapheme.size, strlen(text));
    assert_string_equal(grapheme.drawn, drawn);
    assert_int_equal(grapheme.cells, cells);
    assert_false(grapheme_next(bytes_of(text), &position, &grapheme));
}

// All that the text is drawn as, clusters put together.
static void assert_drawn_as(struct bytes text, const char *drawn)
{
    struct grapheme grapheme;
    uint32_t position = 0;
    char out[256] = "";

    while (grapheme_next(text, &position, &grapheme)) {
        assert_true(strlen(out) + grapheme.drawn_size < sizeof(out));
        strcat(out, grapheme.drawn);
    }
    assert_string_equal(out, drawn);
}

// What is promised of every cluster: it goes on, what is drawn is as wide as it says by the
// locale's own measure, and nothing is in it that joins, selects, colours or controls.
static void assert_sound(const struct grapheme *grapheme)
{
    mbstate_t state = { 0 };
    const char *drawn = grapheme->drawn;
    wchar_t wide[GRAPHEME_DRAWN_BYTES_MAX + 1];
    size_t count = mbsrtowcs(wide, &drawn, GRAPHEME_DRAWN_BYTES_MAX + 1, &state);
    int cells = 0;

    assert_true(grapheme->size > 0);
    assert_true(grapheme->cells <= 2);
    assert_int_equal(strlen(grapheme->drawn), grapheme->drawn_size);
    assert_true(count <= GRAPHEME_CODE_POINTS_MAX);
    for (size_t i = 0; i < count; i++) {
        unsigned at = (unsigned)wide[i];
        assert_true(wcwidth(wide[i]) >= 0);
        cells += wcwidth(wide[i]);
        assert_true(at >= 0x20 && (at < 0x7f || at >= 0xa0));
        assert_false(at >= 0x200b && at <= 0x200f);
        assert_false(at >= 0x2028 && at <= 0x202e);
        assert_false(at >= 0x2060 && at <= 0x206f);
        assert_false(at == 0x61c || at == 0x20e3 || at == 0xfeff);
        assert_false((at >= 0xfe00 && at <= 0xfe0f) || (at >= 0xe0000 && at <= 0xe0fff));
        assert_false(at >= 0x1f3fb && at <= 0x1f3ff);
        assert_false(at >= 0x1f1e6 && at <= 0x1f1ff);
    }
    assert_int_equal(cells, grapheme->cells);
}

static void assert_all_sound(struct bytes text)
{
    struct grapheme grapheme;
    uint32_t position = 0, before = 0;

    while (grapheme_next(text, &position, &grapheme)) {
        assert_int_equal(grapheme.start, before);
        assert_int_equal(grapheme.start + grapheme.size, position);
        assert_sound(&grapheme);
        before = position;
    }
    assert_int_equal(position, text.size);
}

static uint32_t encode(char *out, uint32_t code_point)
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    uint32_t size = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (uint32_t i = size - 1; i > 0; i--, code_point >>= 6) {
        out[i] = (char)(0x80 | (code_point & 0x3f));
    }
    out[0] = (char)((0xf00 >> size) | code_point);
    return size;
}

static void letters_stay_what_they_are(void **state)
{
    (void)state;
    assert_drawn("a", "a", 1);
    assert_drawn("ü", "ü", 1);
    assert_drawn("漢", "漢", 2);
    assert_drawn("👍", "👍", 2);
    assert_drawn("e\xcc\x81", "é", 1);                                 // composed
    assert_drawn("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "한", 2);     // three jamo
    assert_drawn("q\xcc\x87\xcc\xa3\xcc\x81", "q\xcc\x87\xcc\xa3", 1); // the third is too much
    assert_drawn_as(bytes_of("กำ हिन्दी Ελλάδα"), "กำ हिन्दी Ελλάδα");
    assert_int_equal(grapheme_width(bytes_of("กำ")), 2);
    assert_drawn_as(bytes_of("\xe0\xb5\x8e\xe0\xb4\x95"),
            "\xe0\xb5\x8e\xe0\xb4\x95"); // a mark before
}

static void every_control_character_is_a_question_mark(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 0xa0; i++) {
        char text[5] = "", joined[16] = "x";
        uint32_t size = encode(text, i);
        struct grapheme grapheme;
        uint32_t position = 0;
        if (i >= 0x20 && i < 0x7f) {
            continue;
        }
        assert_true(grapheme_next((struct bytes){ text, size }, &position, &grapheme));
        assert_int_equal(position, size);
        assert_string_equal(grapheme.drawn, i == '\n' ? "" : i == '\t' ? " " : "?");
        assert_int_equal(grapheme.cells, i == '\n' ? 0 : 1);
        assert_int_equal(grapheme.kind == GRAPHEME_LINE_END, i == '\n');
        // Neither may it hide behind a letter or below a mark.
        encode(joined + 1, i);
        encode(joined + 1 + size, 0x301);
        assert_drawn_as((struct bytes){ joined, size + 3 },
                i == '\n'           ? "x\xef\xbf\xbd"
                        : i == '\t' ? "x \xef\xbf\xbd"
                                    : "x?\xef\xbf\xbd");
    }
}

static void writing_direction_is_not_obeyed(void **state)
{
    static const uint32_t directions[] = { 0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b,
        0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069 };

    (void)state;
    for (size_t i = 0; i < sizeof(directions) / sizeof(directions[0]); i++) {
        char text[5] = "";
        encode(text, directions[i]);
        assert_drawn(text, "?", 1);
    }
}

static void line_ends_are_told(void **state)
{
    struct grapheme grapheme;
    uint32_t position = 0;

    (void)state;
    assert_true(grapheme_next(bytes_of("\r\nx"), &position, &grapheme));
    assert_int_equal(grapheme.kind, GRAPHEME_LINE_END);
    assert_int_equal(grapheme.size, 2);
    assert_int_equal(grapheme.cells, 0);
    assert_drawn("\r", "?", 1);
}

static void kinds_are_those_of_words(void **state)
{
    static const struct {
        const char *text;
        enum grapheme_kind kind;
    } cases[] = { { "a", GRAPHEME_WORD }, { "7", GRAPHEME_WORD }, { "é", GRAPHEME_WORD },
        { "漢", GRAPHEME_WORD }, { " ", GRAPHEME_SPACE }, { "\t", GRAPHEME_SPACE },
        { "\xe3\x80\x80", GRAPHEME_SPACE }, { "\xc2\xa0", GRAPHEME_OTHER }, { "-", GRAPHEME_OTHER },
        { "…", GRAPHEME_OTHER }, { "👍", GRAPHEME_OTHER }, { "\xff", GRAPHEME_OTHER } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct grapheme grapheme;
        uint32_t position = 0;
        assert_true(grapheme_next(bytes_of(cases[i].text), &position, &grapheme));
        assert_int_equal(grapheme.kind, cases[i].kind);
    }
}

static void emoji_are_reduced_to_what_is_sure(void **state)
{
    (void)state;
    assert_drawn("👩\xe2\x80\x8d👩\xe2\x80\x8d👧", "👩", 2);       // a family
    assert_drawn("👍\xf0\x9f\x8f\xbd", "👍", 2);                 // a skin
    assert_drawn("❤\xef\xb8\x8f", "❤", 1);                     // VS16
    assert_drawn("❤\xef\xb8\x8e", "❤", 1);                     // VS15
    assert_drawn("5\xef\xb8\x8f\xe2\x83\xa3", "5", 1);         // a keycap
    assert_drawn("\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa", "DE", 2); // a flag
    assert_drawn("\xf0\x9f\x87\xa9", "D", 1);                  // half of one
    assert_drawn_as(bytes_of("\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\xf0\x9f\x87\xab"), "DEF");
    assert_drawn("\xf0\x9f\x8f\xbd", "\xef\xbf\xbd", 1);                             // a skin alone
    assert_drawn("🏴\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2\xf3\xa0\x81\xbf", "🏴", 2); // tags
}

static void what_is_measured_differently_is_replaced(void **state)
{
    (void)state;
    assert_drawn("䷿", "\xef\xbf\xbd", 1); // glibc 2.36: 2, utf8proc 2.8: 1
    assert_drawn("\xe1\x84\x92\xe1\x84\x92\xe1\x85\xa1", "\xef\xbf\xbd", 1); // no syllable
    assert_drawn("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x86\xab", "\xef\xbf\xbd", 1); // two ends
    assert_drawn("\xe1\x85\xa1", "\xef\xbf\xbd", 1); // a vowel alone
}

static void spacing_marks_stand_alone(void **state)
{
    struct grapheme grapheme;
    uint32_t position = 0;

    (void)state;
    assert_true(grapheme_next(bytes_of("कि"), &position, &grapheme));
    assert_string_equal(grapheme.drawn, "क");
    assert_true(grapheme_next(bytes_of("कि"), &position, &grapheme));
    assert_string_equal(grapheme.drawn, "\xe0\xa4\xbf");
    assert_int_equal(grapheme.cells, 1);
    assert_int_equal(grapheme.kind, GRAPHEME_WORD);
}

static void what_cannot_be_seen_takes_no_cell(void **state)
{
    (void)state;
    assert_drawn("\xe2\x80\x8b", "", 0); // zero width space
    assert_drawn("\xe2\x80\x8d", "", 0); // joiner
    assert_drawn("\xc2\xad", "", 0);     // soft hyphen
    assert_drawn("\xef\xbb\xbf", "", 0); // byte order mark
    assert_drawn("\xe3\x85\xa4", "", 0); // Hangul filler
}

static void ten_thousand_marks_are_two(void **state)
{
    static char text[1 + 2 * 10000];
    struct grapheme grapheme;
    uint32_t position = 0;

    (void)state;
    text[0] = 'q';
    for (size_t i = 0; i < 10000; i++) {
        encode(text + 1 + 2 * i, 0x301);
    }
    assert_true(grapheme_next((struct bytes){ text, sizeof(text) }, &position, &grapheme));
    assert_int_equal(grapheme.size, sizeof(text));
    assert_string_equal(grapheme.drawn, "q\xcc\x81\xcc\x81");
    // And none of them without a letter: they would stand on what is ours.
    position = 0;
    assert_true(grapheme_next((struct bytes){ text + 1, 20000 }, &position, &grapheme));
    assert_string_equal(grapheme.drawn, "\xef\xbf\xbd");
    assert_int_equal(position, 20000);
}

static void every_code_point_is_sound(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 0x110000; i++) {
        char text[16] = "x";
        uint32_t size = encode(text + 1, i);
        // Alone, behind a letter, before a mark.
        assert_all_sound((struct bytes){ text + 1, size });
        assert_all_sound((struct bytes){ text, size + 1 });
        encode(text + 1 + size, 0x301);
        assert_all_sound((struct bytes){ text + 1, size + 2 });
    }
}

static void every_known_emoji_is_sound(void **state)
{
    FILE *file = fopen(EMOJI_TEST, "r");
    char line[1024], text[128];
    int count = 0;

    (void)state;
    if (file == NULL) {
        print_message("%s is not here: install unicode-data\n", EMOJI_TEST);
        skip();
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        struct bytes emoji = { text, 0 };
        char *at = line, *end;
        unsigned long code_point = strtoul(at, &end, 16);
        while (end != at) {
            emoji.size += encode(text + emoji.size, (uint32_t)code_point);
            at = end;
            code_point = strtoul(at, &end, 16);
        }
        if (emoji.size == 0) {
            continue;
        }
        struct grapheme grapheme;
        uint32_t position = 0;
        assert_true(grapheme_next(emoji, &position, &grapheme));
        assert_int_equal(grapheme.size, emoji.size);
        assert_true(grapheme.cells > 0);
        assert_sound(&grapheme);
        count++;
    }
    assert_true(count > 1000);
    assert_int_equal(fclose(file), 0);
}

static void bytes_that_are_not_utf8_are_replaced_each(void **state)
{
    (void)state;
    assert_drawn("\xff", "\xef\xbf\xbd", 1);
    assert_drawn_as(bytes_of("a\xe2\x80"), "a\xef\xbf\xbd\xef\xbf\xbd");
    assert_drawn_as(bytes_of("\xc0\x80z"), "\xef\xbf\xbd\xef\xbf\xbdz"); // overlong
    assert_drawn_as(bytes_of("\xed\xa0\x80"),
            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); // half a pair
    assert_drawn_as(bytes_of("x\xcc"), "x\xef\xbf\xbd");
}

static void random_bytes_are_sound(void **state)
{
    enum { COUNT = 1000000 };
    char *text = malloc(COUNT);

    (void)state;
    assert_non_null(text);
    srandom(7);
    for (size_t i = 0; i < COUNT; i++) {
        text[i] = (char)random();
    }
    assert_all_sound((struct bytes){ text, COUNT });
    // The bytes that interesting code points begin with, more often.
    static const char leads[] = "\xe2\x80\x8d\xf0\x9f\x8f\x87\xcc\xe1\xef\xb8\x8f\xc2\xe0\r\n a";
    for (size_t i = 0; i < COUNT; i++) {
        text[i] = (char)random();
        if (random() % 2 == 0) {
            text[i] = leads[(size_t)random() % (sizeof(leads) - 1)];
        }
    }
    assert_all_sound((struct bytes){ text, COUNT });
    free(text);
}

static void what_fits_is_found(void **state)
{
    (void)state;
    assert_int_equal(grapheme_width(bytes_of("")), 0);
    assert_int_equal(grapheme_width(bytes_of("a漢👍\xcc\x81\n")), 5);
    assert_int_equal(grapheme_fit(bytes_of("a漢b"), 0), 0);
    assert_int_equal(grapheme_fit(bytes_of("a漢b"), 1), 1);
    assert_int_equal(grapheme_fit(bytes_of("a漢b"), 2), 1);
    assert_int_equal(grapheme_fit(bytes_of("a漢b"), 3), 4);
    assert_int_equal(grapheme_fit(bytes_of("a漢b"), 99), 5);
    assert_int_equal(grapheme_fit(bytes_of("ab\ncd"), 99), 2);
    assert_int_equal(grapheme_fit(bytes_of("e\xcc\xa3\xcc\x81x"), 1), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_stay_what_they_are),
        cmocka_unit_test(every_control_character_is_a_question_mark),
        cmocka_unit_test(writing_direction_is_not_obeyed),
        cmocka_unit_test(line_ends_are_told),
        cmocka_unit_test(kinds_are_those_of_words),
        cmocka_unit_test(emoji_are_reduced_to_what_is_sure),
        cmocka_unit_test(what_is_measured_differently_is_replaced),
        cmocka_unit_test(spacing_marks_stand_alone),
        cmocka_unit_test(what_cannot_be_seen_takes_no_cell),
        cmocka_unit_test(ten_thousand_marks_are_two),
        cmocka_unit_test(every_code_point_is_sound),
        cmocka_unit_test(every_known_emoji_is_sound),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced_each),
        cmocka_unit_test(random_bytes_are_sound),
        cmocka_unit_test(what_fits_is_found),
    };

    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
        print_error("there is no locale C.UTF-8\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

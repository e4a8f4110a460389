// SPDX-License-Identifier: MIT
#include "wrap.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "grapheme.h"

// The rows with a bar behind each.
static void assert_rows(const char *text, uint32_t cells, const char *wanted)
{
    struct wrap wrap;
    struct wrap_row row;
    char rows[256] = "";

    wrap_init(&wrap, bytes_of(text), cells);
    while (wrap_next(&wrap, &row)) {
        assert_true(strlen(rows) + row.size + 1 < sizeof(rows));
        strncat(rows, text + row.start, row.size);
        strcat(rows, "|");
    }
    assert_string_equal(rows, wanted);
}

static void words_stay_whole_where_they_can(void **state)
{
    (void)state;
    assert_rows("the quick fox", 9, "the quick|fox|");
    assert_rows("the quick fox", 10, "the quick|fox|");
    assert_rows("the quick fox", 8, "the|quick|fox|");
    assert_rows("the quick fox", 99, "the quick fox|");
}

static void long_words_are_cut(void **state)
{
    (void)state;
    assert_rows("abcdefgh", 3, "abc|def|gh|");
    assert_rows("see https://example.org/x y", 8, "see|https://|example.|org/x y|");
    assert_rows("  abcdefgh", 4, "  |abcd|efgh|");
}

static void line_ends_end_rows(void **state)
{
    (void)state;
    assert_rows("", 5, "|");
    assert_rows("a\n", 5, "a||");
    assert_rows("\n\n", 5, "|||");
    assert_rows("abc\ndef", 3, "abc|def|");
    assert_rows("a\r\nb", 3, "a|b|");
}

static void only_the_space_at_the_break_is_swallowed(void **state)
{
    (void)state;
    assert_rows("     ", 2, "  |  |");
    assert_rows("ab  cd", 2, "ab| |cd|");
    assert_rows("ab cd ", 5, "ab cd||");
    assert_rows("a b", 1, "a|b|");
}

static void one_cell_is_enough(void **state)
{
    (void)state;
    assert_rows("abc", 1, "a|b|c|");
    assert_rows("a漢漢b", 1, "a|漢|漢|b|");
    assert_rows("ae\xcc\x81\n", 1, "a|e\xcc\x81||");
}

static void wide_clusters_are_not_cut(void **state)
{
    (void)state;
    assert_rows("漢字漢", 3, "漢|字|漢|");
    assert_rows("漢字漢", 4, "漢字|漢|");
    assert_rows("a漢字", 2, "a|漢|字|");
    assert_rows("👩\xe2\x80\x8d👧👩\xe2\x80\x8d👧", 2, "👩\xe2\x80\x8d👧|👩\xe2\x80\x8d👧|");
}

static void random_texts_lose_nothing_but_breaks(void **state)
{
    static const char *const pieces[] = { "a", "bc", " ", " ", "漢", "\n", "e\xcc\x81", "\t",
        "\xe2\x80\x8b", "\xff", "\r\n", "👍" };

    (void)state;
    srandom(3);
    for (int round = 0; round < 2000; round++) {
        char text[512] = "";
        for (long i = random() % 60; i > 0; i--) {
            strcat(text, pieces[(size_t)random() % (sizeof(pieces) / sizeof(pieces[0]))]);
        }
        uint32_t cells = 2 + (uint32_t)random() % 9, end = 0;
        struct wrap wrap;
        struct wrap_row row;
        wrap_init(&wrap, bytes_of(text), cells);
        while (wrap_next(&wrap, &row)) {
            struct bytes left = { text + end, row.start - end };
            assert_true(grapheme_width((struct bytes){ text + row.start, row.size }) <= cells);
            assert_true(left.size <= 2);
            assert_true(left.size == 0 || strchr(" \t\n\r", left.data[0]) != NULL);
            end = row.start + row.size;
        }
        assert_int_equal(end, strlen(text));
    }
}

static void a_megabyte_is_no_burden(void **state)
{
    enum { SIZE = 1 << 20 };
    char *text = malloc(SIZE);
    struct wrap wrap;
    struct wrap_row row;
    uint32_t count = 0;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', SIZE);
    wrap_init(&wrap, (struct bytes){ text, SIZE }, SIZE - 1);
    while (wrap_next(&wrap, &row)) {
        count++;
    }
    assert_int_equal(count, 2);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_stay_whole_where_they_can),
        cmocka_unit_test(long_words_are_cut),
        cmocka_unit_test(line_ends_end_rows),
        cmocka_unit_test(only_the_space_at_the_break_is_swallowed),
        cmocka_unit_test(one_cell_is_enough),
        cmocka_unit_test(wide_clusters_are_not_cut),
        cmocka_unit_test(random_texts_lose_nothing_but_breaks),
        cmocka_unit_test(a_megabyte_is_no_burden),
    };

    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
        print_error("there is no locale C.UTF-8\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/cli/text.h"

// The links with a space between.
static void assert_links(const char *text, const char *wanted)
{
    struct bytes link;
    uint32_t position = 0;
    char found[256] = "";

    while (links_next(bytes_of(text), &position, &link)) {
        assert_true(strlen(found) + link.size + 1 < sizeof(found));
        strcat(found, *found != '\0' ? " " : "");
        strncat(found, link.data, link.size);
    }
    assert_string_equal(found, wanted);
}

static void links_are_found_anywhere(void **state)
{
    (void)state;
    assert_links("", "");
    assert_links("no link here: http:/x https:// http://", "");
    assert_links("http://a", "http://a");
    assert_links("see https://example.org/a?b=c&d=%20#e and HTTP://B.c/", //
            "https://example.org/a?b=c&d=%20#e HTTP://B.c/");
    assert_links("a,http://b.c\nhttps://[::1]:80/x", "http://b.c https://[::1]:80/x");
    assert_links("https://münchen.de/straße", "https://münchen.de/straße");
    assert_links("xhttp://a.b shttps://c.d", "");
    assert_links("http://http://a.b", "http://http://a.b");
    assert_links("http:///x http://a.b", "http://a.b");
    assert_links("http://-a https://...b", "");
}

static void sentences_are_not_part_of_them(void **state)
{
    (void)state;
    assert_links("Is it http://a.b? Or http://a.b/c..., or http://a.b/d!", //
            "http://a.b http://a.b/c http://a.b/d");
    assert_links("\"http://a.b\" <http://c.d> 'http://e.f' `http://g.h`", //
            "http://a.b http://c.d http://e.f http://g.h");
    assert_links("“http://a.b” „http://c.d“ http://e.f… http://g.h。", //
            "http://a.b http://c.d http://e.f http://g.h");
    assert_links("http://a.b\xc2\xa0x http://c.d\xe3\x80\x80x", "http://a.b http://c.d");
    assert_links("*http://a.b* _http://c.d_", "http://a.b http://c.d");
}

static void brackets_need_their_partner(void **state)
{
    (void)state;
    assert_links("(http://a.b/c) (see http://a.b/c_(d)) [http://e.f]", //
            "http://a.b/c http://a.b/c_(d) http://e.f");
    assert_links("[text](http://a.b/c).", "http://a.b/c");
    assert_links("http://a.b/c(d.", "http://a.b/c(d");
    assert_links("{http://a.b/}}", "http://a.b/");
}

static void nothing_harmful_gets_into_them(void **state)
{
    (void)state;
    assert_links("http://a.b\033]8;;http://c.d\a", "http://a.b http://c.d");
    assert_links("http://a.b\xc2\x9bx http://c.d\xe2\x80\xaegro", "http://a.b http://c.d");
    assert_links("http://a.b\x7f", "http://a.b");
}

static void random_texts_end_and_stay_harmless(void **state)
{
    static const char *const pieces[] = { "http://", "https://", "a", "(", ")", "]", "[", ".", " ",
        "\033", "\xe2", "\x80", "…", "'", "/", "\xc2\x9b", "\n", "”" };

    (void)state;
    srandom(5);
    for (int round = 0; round < 5000; round++) {
        char text[512] = "";
        for (long i = random() % 50; i > 0; i--) {
            strcat(text, pieces[(size_t)random() % (sizeof(pieces) / sizeof(pieces[0]))]);
        }
        struct bytes link;
        uint32_t position = 0, before = 0;
        while (links_next(bytes_of(text), &position, &link)) {
            assert_true(position > before && link.data >= text + before);
            assert_true(link.data + link.size == text + position);
            for (uint32_t i = 0; i < link.size; i++) {
                assert_true(link.data[i] != ' ' && text_harmful_at(link, i) == 0);
            }
            before = position;
        }
    }
}

static void links_without_a_host_cost_no_time(void **state)
{
    enum { COUNT = 40000 };
    static char text[COUNT * 8];
    uint32_t position = 0;
    struct bytes link;

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = "http:///"[i % 8];
    }
    assert_false(links_next((struct bytes){ text, sizeof(text) }, &position, &link));
    assert_int_equal(position, sizeof(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_are_found_anywhere),
        cmocka_unit_test(sentences_are_not_part_of_them),
        cmocka_unit_test(brackets_need_their_partner),
        cmocka_unit_test(nothing_harmful_gets_into_them),
        cmocka_unit_test(links_without_a_host_cost_no_time),
        cmocka_unit_test(random_texts_end_and_stay_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "search.h"

#include "chat-tui/grapheme.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct search search;

static int begin(void **state)
{
    (void)state;
    setlocale(LC_ALL, "C.UTF-8");
    search_finish(&search);
    return 0;
}

static int end(void **state)
{
    (void)state;
    search_finish(&search);
    return 0;
}

static void look_for(const char *words)
{
    pattern_clear(&search.pattern);
    assert_true(pattern_add(&search.pattern, bytes_of(words)));
    search_changed(&search, 1000);
}

static void add(const char *peer, uint64_t seq, uint64_t ts, const char *text)
{
    const struct message_view message = { .peer = bytes_of(peer),
        .from = bytes_of(peer),
        .seq = seq,
        .ts = ts,
        .text = bytes_of(text) };

    assert_true(search_add(&search, &message, bytes_of("ann")));
}

static void what_is_found_is_newest_first_and_once(void **state)
{
    (void)state;
    look_for("x");
    add("bob", 3, 300, "x3");
    add("bob", 5, 500, "x5");
    add("carl", 4, 400, "x4");
    add("bob", 4, 400, "x4 of another");
    add("bob", 5, 500, "x5"); // the server has it, too
    add("carl", 4, 400, "x4");
    assert_int_equal(search.count, 4);
    for (uint32_t i = 1; i < search.count; i++) {
        assert_true(search.found[i - 1].ts >= search.found[i].ts);
    }
}

static void the_chosen_one_stays_chosen_when_newer_ones_are_found(void **state)
{
    (void)state;
    look_for("x");
    add("bob", 3, 300, "x3");
    add("bob", 2, 200, "x2");
    search_move(&search, 1);
    add("bob", 4, 400, "x4");
    assert_int_equal(search.found[search.choice].seq, 2);
    search_move(&search, 100);
    assert_int_equal(search.choice, 2);
    assert_true(search.wants_more);
    search_move(&search, -100);
    assert_int_equal(search.choice, 0);
}

static void another_pattern_begins_anew(void **state)
{
    (void)state;
    look_for("x");
    add("bob", 3, 300, "x3");
    uint64_t serial = search.serial;
    look_for("y");
    assert_int_equal(search.count, 0);
    assert_int_not_equal(search.serial, serial);
    assert_true(search.due_ms > 1000);
    while (pattern_shorten(&search.pattern)) {
    }
    search_changed(&search, 1000);
    assert_true(search.due_ms == INT64_MAX); // nothing is looked for
}

static void an_excerpt_is_valid_and_shows_the_words(void **state)
{
    char text[4000];

    (void)state;
    look_for("needle");
    for (uint32_t length = 900; length < 910; length++) {
        memset(text, 0, sizeof(text));
        for (uint32_t i = 0; i < length; i++) {
            strcat(text, i % 3 == 0 ? "ä" : i % 3 == 1 ? "漢" : "a");
        }
        strcat(text, " a NEEDLE in it ");
        for (int i = 0; i < 300; i++) {
            strcat(text, "漢");
        }
        add("bob", length, length, text);
        struct found *found = &search.found[0];
        assert_true(found->bytes <= SEARCH_EXCERPT_BYTES);
        assert_non_null(memmem(found->text, found->bytes, "NEEDLE", 6));
        for (uint32_t at = 0, size; at < found->bytes; at += size) {
            size = grapheme_utf8_at((struct bytes){ found->text, found->bytes }, at);
            assert_true(size > 0);
        }
    }
}

static void there_is_a_bound(void **state)
{
    (void)state;
    look_for("x");
    for (uint64_t seq = 1; seq < 2 * SEARCH_FOUND_MAX; seq++) {
        add("bob", seq, seq, "x");
    }
    assert_int_equal(search.count, SEARCH_FOUND_MAX);
    add("not a name", 1, 1, "x");
    assert_int_equal(search.count, SEARCH_FOUND_MAX);
}

static void a_pattern_is_typed_by_characters(void **state)
{
    (void)state;
    look_for("e\xcc\x81\n\x1b[2J");
    assert_string_equal(search.pattern.text, "e\xcc\x81[2J");
    for (int i = 0; i < 3; i++) {
        assert_true(pattern_shorten(&search.pattern));
    }
    assert_string_equal(search.pattern.text, "e\xcc\x81");
    assert_true(pattern_shorten(&search.pattern));
    assert_false(pattern_shorten(&search.pattern));
    for (int i = 0; i < SEARCH_QUERY_BYTES_MAX; i++) {
        (void)pattern_add(&search.pattern, bytes_of("漢"));
    }
    assert_int_equal(search.pattern.bytes, SEARCH_QUERY_BYTES_MAX / 3 * 3);
    assert_false(pattern_add(&search.pattern, bytes_of("漢")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_found_is_newest_first_and_once, begin, end),
        cmocka_unit_test_setup_teardown(the_chosen_one_stays_chosen_when_newer_ones_are_found,
                begin, end),
        cmocka_unit_test_setup_teardown(another_pattern_begins_anew, begin, end),
        cmocka_unit_test_setup_teardown(an_excerpt_is_valid_and_shows_the_words, begin, end),
        cmocka_unit_test_setup_teardown(there_is_a_bound, begin, end),
        cmocka_unit_test_setup_teardown(a_pattern_is_typed_by_characters, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

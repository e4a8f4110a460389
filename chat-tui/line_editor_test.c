// SPDX-License-Identifier: MIT
#include "line_editor.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "grapheme.h"
#include "shared/limits.h"

#define FAMILY "👩\xe2\x80\x8d👧"
#define ACUTE "\xcc\x81"

static int create(void **state)
{
    *state = line_editor_create();
    return *state == NULL;
}

static int destroy(void **state)
{
    line_editor_destroy(*state);
    return 0;
}

static void insert(struct line_editor *editor, const char *text)
{
    assert_int_equal(line_editor_insert(editor, bytes_of(text)), ERR_OK);
}

static void type(struct line_editor *editor, const char *text)
{
    for (; *text != '\0'; text++) {
        assert_int_equal(line_editor_insert(editor, (struct bytes){ text, 1 }), ERR_OK);
    }
}

// The text with a bar at the cursor.
static void assert_shows(const struct line_editor *editor, const char *wanted)
{
    struct bytes text = line_editor_text(editor);
    char shown[1024];

    assert_true(text.size + 2 < sizeof(shown));
    snprintf(shown, sizeof(shown), "%.*s|%.*s", (int)line_editor_cursor(editor), text.data,
            (int)(text.size - line_editor_cursor(editor)), text.data + line_editor_cursor(editor));
    assert_string_equal(shown, wanted);
}

// The given text has a bar where the cursor is to be.
static void set(struct line_editor *editor, const char *given)
{
    const char *bar = strchr(given, '|');

    assert_non_null(bar);
    assert_int_equal(line_editor_set(editor, bytes_of(bar + 1)), ERR_OK);
    while (line_editor_run(editor, LINE_EDITOR_LEFT)) {
    }
    assert_int_equal(line_editor_insert(editor, (struct bytes){ given, (uint32_t)(bar - given) }),
            ERR_OK);
    // What comes is not joined to this.
    assert_false(line_editor_run(editor, LINE_EDITOR_SENT_AFTER));
}

static void send(struct line_editor *editor, const char *text)
{
    struct buffer out = { 0 };

    assert_int_equal(line_editor_set(editor, bytes_of(text)), ERR_OK);
    assert_int_equal(line_editor_take(editor, &out), ERR_OK);
    assert_int_equal(out.bytes, strlen(text));
    assert_memory_equal(out.data, text, out.bytes);
    buffer_finish(&out);
}

static void each_command_does_what_it_says(void **state)
{
    static const struct {
        enum line_editor_command command;
        const char *before, *after;
    } cases[] = {
        { LINE_EDITOR_LEFT, "ab|c", "a|bc" },
        { LINE_EDITOR_LEFT, "a" FAMILY "|c", "a|" FAMILY "c" },
        { LINE_EDITOR_LEFT, "ae" ACUTE "|", "a|e" ACUTE },
        { LINE_EDITOR_LEFT, "a\n|b", "a|\nb" },
        { LINE_EDITOR_RIGHT, "a|bc", "ab|c" },
        { LINE_EDITOR_RIGHT, "|" FAMILY "c", FAMILY "|c" },
        { LINE_EDITOR_WORD_LEFT, "one two. |", "one |two. " },
        { LINE_EDITOR_WORD_LEFT, "one, |two", "|one, two" },
        { LINE_EDITOR_WORD_LEFT, "é漢x|", "|é漢x" },
        { LINE_EDITOR_WORD_RIGHT, "one| two.", "one two|." },
        { LINE_EDITOR_WORD_RIGHT, "o|ne\ntwo", "one|\ntwo" },
        { LINE_EDITOR_LINE_BEGIN, "a\nbc|\nd", "a\n|bc\nd" },
        { LINE_EDITOR_LINE_END, "a\n|bc\nd", "a\nbc|\nd" },
        { LINE_EDITOR_UP, "abc\nde|f", "ab|c\ndef" },
        { LINE_EDITOR_UP, "漢\nabc|", "漢|\nabc" },
        { LINE_EDITOR_UP, "漢\na|bc", "|漢\nabc" },
        { LINE_EDITOR_DOWN, "abc|\nd\n", "abc\nd|\n" },
        { LINE_EDITOR_DOWN, "|\n", "\n|" },
        { LINE_EDITOR_DELETE_LEFT, "a" FAMILY "|b", "a|b" },
        { LINE_EDITOR_DELETE_LEFT, "a\n|b", "a|b" },
        { LINE_EDITOR_DELETE_LEFT, "e\n|" ACUTE, "e" ACUTE "|" }, // they become one
        { LINE_EDITOR_DELETE_RIGHT, "a|" FAMILY "b", "a|b" },
        { LINE_EDITOR_KILL_WORD_LEFT, "one two.| x", "one | x" },
        { LINE_EDITOR_KILL_WORD_RIGHT, "one| two. x", "one|. x" },
        { LINE_EDITOR_KILL_TO_SPACE, "one t-w.o  | x", "one | x" },
        { LINE_EDITOR_KILL_TO_LINE_BEGIN, "a\nbc|d", "a\n|d" },
        { LINE_EDITOR_KILL_TO_LINE_END, "a|bc\nd", "a|\nd" },
        { LINE_EDITOR_KILL_TO_LINE_END, "a|\nd", "a|d" },
    };
    struct line_editor *editor = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        set(editor, cases[i].before);
        bool is_change = strlen(cases[i].before) != strlen(cases[i].after);
        assert_true(line_editor_run(editor, cases[i].command));
        assert_shows(editor, cases[i].after);
        if (is_change) {
            assert_true(line_editor_run(editor, LINE_EDITOR_UNDO));
            assert_shows(editor, cases[i].before);
        }
    }
}

static void at_the_end_of_the_way_commands_say_so(void **state)
{
    static const struct {
        enum line_editor_command command;
        const char *text;
    } cases[] = { { LINE_EDITOR_LEFT, "|a" }, { LINE_EDITOR_RIGHT, "a|" },
        { LINE_EDITOR_WORD_LEFT, "|a" }, { LINE_EDITOR_WORD_RIGHT, "a|" },
        { LINE_EDITOR_LINE_BEGIN, "a\n|b" }, { LINE_EDITOR_LINE_END, "a|\nb" },
        { LINE_EDITOR_UP, "a|b\nc" }, { LINE_EDITOR_DOWN, "a\nb|" },
        { LINE_EDITOR_DELETE_LEFT, "|a" }, { LINE_EDITOR_DELETE_RIGHT, "a|" },
        { LINE_EDITOR_KILL_WORD_LEFT, "|a" }, { LINE_EDITOR_KILL_WORD_RIGHT, "a|" },
        { LINE_EDITOR_KILL_TO_SPACE, "|a" }, { LINE_EDITOR_KILL_TO_LINE_BEGIN, "a\n|b" },
        { LINE_EDITOR_KILL_TO_LINE_END, "a|" }, { LINE_EDITOR_YANK, "a|" },
        { LINE_EDITOR_SENT_BEFORE, "a|" }, { LINE_EDITOR_SENT_AFTER, "a|" } };
    struct line_editor *editor = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        set(editor, cases[i].text);
        assert_false(line_editor_run(editor, cases[i].command));
        assert_shows(editor, cases[i].text);
    }
    assert_int_equal(line_editor_set(editor, bytes_of("a")), ERR_OK);
    assert_false(line_editor_run(editor, LINE_EDITOR_UNDO));
}

static void the_column_is_kept_over_short_lines(void **state)
{
    struct line_editor *editor = *state;

    set(editor, "abcd\n\nefg|h");
    assert_true(line_editor_run(editor, LINE_EDITOR_UP));
    assert_shows(editor, "abcd\n|\nefgh");
    assert_true(line_editor_run(editor, LINE_EDITOR_UP));
    assert_shows(editor, "abc|d\n\nefgh");
    assert_true(line_editor_run(editor, LINE_EDITOR_LEFT));
    assert_true(line_editor_run(editor, LINE_EDITOR_DOWN));
    assert_true(line_editor_run(editor, LINE_EDITOR_DOWN));
    assert_shows(editor, "abcd\n\nef|gh");
}

static void pastes_are_cleaned_and_never_too_long(void **state)
{
    static char big[TEXT_BYTES_MAX + 1];
    struct line_editor *editor = *state;

    insert(editor, "a\rb\r\nc\nd\xff\t\033");
    assert_shows(editor, "a\nb\nc\nd\xef\xbf\xbd\t\033|");
    assert_int_equal(line_editor_set(editor, (struct bytes){ "x\0y", 3 }), ERR_OK);
    assert_shows(editor, "x\xef\xbf\xbdy|");

    memset(big, 'z', sizeof(big));
    assert_int_equal(line_editor_insert(editor, (struct bytes){ big, TEXT_BYTES_MAX }),
            ERR_TOO_LARGE);
    assert_shows(editor, "x\xef\xbf\xbdy|");
    assert_int_equal(line_editor_set(editor, (struct bytes){ big, TEXT_BYTES_MAX + 1 }),
            ERR_TOO_LARGE);
    assert_int_equal(line_editor_set(editor, (struct bytes){ big, TEXT_BYTES_MAX }), ERR_OK);
    assert_int_equal(line_editor_insert(editor, bytes_of("a")), ERR_TOO_LARGE);
    assert_true(line_editor_run(editor, LINE_EDITOR_KILL_WORD_LEFT));
    assert_true(line_editor_run(editor, LINE_EDITOR_YANK));
    assert_false(line_editor_run(editor, LINE_EDITOR_YANK));
    assert_int_equal(line_editor_text(editor).size, TEXT_BYTES_MAX);
}

static void kills_in_a_row_are_one(void **state)
{
    struct line_editor *editor = *state;

    set(editor, "one two| three four");
    assert_true(line_editor_run(editor, LINE_EDITOR_KILL_WORD_RIGHT));
    assert_true(line_editor_run(editor, LINE_EDITOR_KILL_TO_SPACE));
    assert_true(line_editor_run(editor, LINE_EDITOR_KILL_WORD_RIGHT));
    assert_shows(editor, "one |");
    assert_true(line_editor_run(editor, LINE_EDITOR_YANK));
    assert_shows(editor, "one two three four|");
    assert_true(line_editor_run(editor, LINE_EDITOR_KILL_WORD_LEFT));
    assert_true(line_editor_run(editor, LINE_EDITOR_LINE_BEGIN));
    assert_true(line_editor_run(editor, LINE_EDITOR_YANK));
    assert_shows(editor, "four|one two three ");
}

static void typing_is_undone_at_once(void **state)
{
    struct line_editor *editor = *state;

    type(editor, "hello");
    insert(editor, "pasted");
    type(editor, "ab\ncd");
    for (int i = 0; i < 2; i++) {
        assert_true(line_editor_run(editor, LINE_EDITOR_DELETE_LEFT));
    }
    assert_shows(editor, "hellopastedab\n|");
    assert_true(line_editor_run(editor, LINE_EDITOR_UNDO));
    assert_shows(editor, "hellopastedab\ncd|");
    assert_true(line_editor_run(editor, LINE_EDITOR_UNDO));
    assert_shows(editor, "hellopastedab\n|");
    assert_true(line_editor_run(editor, LINE_EDITOR_UNDO));
    assert_true(line_editor_run(editor, LINE_EDITOR_UNDO));
    assert_shows(editor, "hellopasted|");
    assert_true(line_editor_run(editor, LINE_EDITOR_UNDO));
    assert_shows(editor, "hello|");
    assert_true(line_editor_run(editor, LINE_EDITOR_UNDO));
    assert_shows(editor, "|");
    assert_false(line_editor_run(editor, LINE_EDITOR_UNDO));
}

static void moving_the_cursor_begins_a_new_step(void **state)
{
    struct line_editor *editor = *state;

    type(editor, "ac");
    assert_true(line_editor_run(editor, LINE_EDITOR_LEFT));
    type(editor, "b");
    assert_true(line_editor_run(editor, LINE_EDITOR_UNDO));
    assert_shows(editor, "a|c");
}

static void a_part_is_replaced_as_one_step(void **state)
{
    struct line_editor *editor = *state;

    set(editor, "say /he| x");
    assert_int_equal(line_editor_replace(editor, 4, 7, bytes_of("/help")), ERR_OK);
    assert_shows(editor, "say /help| x");
    assert_true(line_editor_run(editor, LINE_EDITOR_UNDO));
    assert_shows(editor, "say /he| x");
}

static void what_was_sent_comes_back_and_so_does_what_was_not(void **state)
{
    struct line_editor *editor = *state;

    send(editor, "first");
    send(editor, "second");
    send(editor, "second");
    send(editor, "");
    type(editor, "unsent");
    assert_true(line_editor_run(editor, LINE_EDITOR_SENT_BEFORE));
    assert_shows(editor, "second|");
    assert_true(line_editor_run(editor, LINE_EDITOR_SENT_BEFORE));
    assert_shows(editor, "first|");
    assert_false(line_editor_run(editor, LINE_EDITOR_SENT_BEFORE));
    assert_true(line_editor_run(editor, LINE_EDITOR_SENT_AFTER));
    assert_true(line_editor_run(editor, LINE_EDITOR_SENT_AFTER));
    assert_shows(editor, "unsent|");
    assert_false(line_editor_run(editor, LINE_EDITOR_SENT_AFTER));

    // An edited line is sent like any other; undo leads back to where the walk began.
    assert_true(line_editor_run(editor, LINE_EDITOR_SENT_BEFORE));
    assert_true(line_editor_run(editor, LINE_EDITOR_SENT_BEFORE));
    type(editor, "!");
    assert_shows(editor, "first!|");
    assert_true(line_editor_run(editor, LINE_EDITOR_UNDO));
    assert_true(line_editor_run(editor, LINE_EDITOR_UNDO));
    assert_shows(editor, "unsent|");
    assert_false(line_editor_run(editor, LINE_EDITOR_SENT_AFTER));
}

static void the_oldest_sent_line_is_forgotten(void **state)
{
    struct line_editor *editor = *state;
    char text[16];
    int count = 0;

    for (int i = 0; i < SENT_LINES_MAX + 5; i++) {
        snprintf(text, sizeof(text), "line %d", i);
        send(editor, text);
    }
    while (line_editor_run(editor, LINE_EDITOR_SENT_BEFORE)) {
        count++;
    }
    assert_int_equal(count, SENT_LINES_MAX);
    assert_shows(editor, "line 5|");
}

static void undo_is_bounded(void **state)
{
    static char big[TEXT_BYTES_MAX - 1000];
    struct line_editor *editor = *state;
    int count = 0;

    memset(big, 'z', sizeof(big));
    assert_int_equal(line_editor_set(editor, (struct bytes){ big, sizeof(big) }), ERR_OK);
    for (int i = 0; i < 900; i++) {
        insert(editor, "\n");
    }
    while (line_editor_run(editor, LINE_EDITOR_UNDO)) {
        count++;
    }
    assert_in_range(count, 50, UNDO_BYTES_MAX / sizeof(big));
    assert_int_equal(line_editor_set(editor, bytes_of("")), ERR_OK);
    for (int i = 0; i < UNDO_STEPS_MAX + 10; i++) {
        insert(editor, "\n");
    }
    for (count = 0; line_editor_run(editor, LINE_EDITOR_UNDO); count++) {
    }
    assert_in_range(count, 500, UNDO_STEPS_MAX);
}

static void assert_sound(const struct line_editor *editor)
{
    struct bytes text = line_editor_text(editor);
    uint32_t cursor = line_editor_cursor(editor), position = 0;
    bool is_between = cursor == 0;
    struct grapheme grapheme;

    assert_true(text.size <= TEXT_BYTES_MAX);
    for (uint32_t place = 0, step; place < text.size; place += step) {
        step = grapheme_utf8_at(text, place);
        assert_true(step > 0 && text.data[place] != '\r' && text.data[place] != '\0');
    }
    while (grapheme_next(text, &position, &grapheme)) {
        is_between = is_between || position == cursor;
    }
    assert_true(is_between);
}

static void do_something(struct line_editor *editor)
{
    static const char *const pieces[] = { "a", "b", " ", "\n", "é", "漢", ACUTE, "\xe2\x80\x8d",
        "👩", "\xf0\x9f\x87\xa9", "\xf0\x9f\x8f\xbd", "\xef\xb8\x8f", "\xff", "\r", "two words",
        "a\r\nb\n", "\xe1\x84\x92", "\xe1\x85\xa1", "\xe0\xb8\xb3", "." };
    long choice = random() % 8;

    if (choice < 4) {
        insert(editor, pieces[(size_t)random() % (sizeof(pieces) / sizeof(pieces[0]))]);
    } else if (choice < 7) {
        (void)line_editor_run(editor,
                (enum line_editor_command)(random() % LINE_EDITOR_COMMAND_COUNT));
    } else {
        (void)line_editor_run(editor,
                random() % 2 ? LINE_EDITOR_KILL_TO_SPACE : LINE_EDITOR_KILL_WORD_RIGHT);
    }
}

static void nothing_breaks_it(void **state)
{
    struct line_editor *editor = *state;

    srandom(11);
    for (int i = 0; i < 100000; i++) {
        do_something(editor);
        assert_sound(editor);
        if (random() % 1000 == 0) {
            struct buffer out = { 0 };
            assert_int_equal(line_editor_take(editor, &out), ERR_OK);
            buffer_finish(&out);
        }
    }
}

static void undoing_everything_leads_back_to_the_beginning(void **state)
{
    struct line_editor *editor = *state;

    send(editor, "something");
    send(editor, "else\nover lines");
    for (unsigned round = 0; round < 200; round++) {
        srandom(round);
        assert_int_equal(line_editor_set(editor, bytes_of("the\nbeginning")), ERR_OK);
        for (int i = 0; i < 400; i++) {
            do_something(editor);
        }
        while (line_editor_run(editor, LINE_EDITOR_UNDO)) {
            assert_sound(editor);
        }
        assert_int_equal(line_editor_text(editor).size, strlen("the\nbeginning"));
        assert_memory_equal(line_editor_text(editor).data, "the\nbeginning", 13);
        assert_false(line_editor_run(editor, LINE_EDITOR_SENT_AFTER));
    }
}

int main(void)
{
#define WITH_EDITOR(test) cmocka_unit_test_setup_teardown(test, create, destroy)
    const struct CMUnitTest tests[] = {
        WITH_EDITOR(each_command_does_what_it_says),
        WITH_EDITOR(at_the_end_of_the_way_commands_say_so),
        WITH_EDITOR(the_column_is_kept_over_short_lines),
        WITH_EDITOR(pastes_are_cleaned_and_never_too_long),
        WITH_EDITOR(kills_in_a_row_are_one),
        WITH_EDITOR(typing_is_undone_at_once),
        WITH_EDITOR(moving_the_cursor_begins_a_new_step),
        WITH_EDITOR(a_part_is_replaced_as_one_step),
        WITH_EDITOR(what_was_sent_comes_back_and_so_does_what_was_not),
        WITH_EDITOR(the_oldest_sent_line_is_forgotten),
        WITH_EDITOR(undo_is_bounded),
        WITH_EDITOR(nothing_breaks_it),
        WITH_EDITOR(undoing_everything_leads_back_to_the_beginning),
    };

    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
        print_error("there is no locale C.UTF-8\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

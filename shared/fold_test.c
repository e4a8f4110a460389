// SPDX-License-Identifier: MIT
#include "shared/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void ascii_is_folded_as_it_is_among_other_letters(void **state)
{
    (void)state;
    for (int byte = 1; byte < 0x80; byte++) {
        const char text[] = { (char)byte, 'Q', '\xc3', '\xa4' };
        struct fold alone, among;
        assert_true(fold_init(&alone, (struct bytes){ text, 2 }));
        assert_true(fold_init(&among, (struct bytes){ text, 4 }));
        assert_int_equal(alone.size + 2, among.size);
        assert_memory_equal(alone.text, among.text, alone.size);
        fold_finish(&alone);
        fold_finish(&among);
    }
}

static void case_and_form_do_not_count(void **state)
{
    struct fold needle;

    (void)state;
    assert_true(fold_init(&needle, bytes_of("gr\xc3\x9cSSE")));
    assert_true(fold_contains(bytes_of("viele Gru\xcc\x88\xc3\x9f"
                                       "e"),
            &needle));
    assert_false(fold_contains(bytes_of("viele Gruesse"), &needle));
    assert_false(fold_contains(bytes_of(""), &needle));
    fold_finish(&needle);
    assert_true(fold_init(&needle, bytes_of("")));
    assert_true(fold_contains(bytes_of("anything"), &needle));
    fold_finish(&needle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ascii_is_folded_as_it_is_among_other_letters),
        cmocka_unit_test(case_and_form_do_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

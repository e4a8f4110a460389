// SPDX-License-Identifier: MIT
#include "keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct key_table table;
static char wrong[160], shown[KEYS_SHOWN_BYTES];

static int begin(void **state)
{
    (void)state;
    keys_init(&table);
    return 0;
}

static void every_action_has_a_name_of_its_own_and_a_key(void **state)
{
    (void)state;
    for (int action = ACTION_NONE + 1; action < ACTION_COUNT; action++) {
        assert_int_equal(action_find(action_info((enum action)action)->name), action);
        keys_of(&table, (enum action)action, shown);
        assert_string_equal(shown, action_info((enum action)action)->keys);
    }
    assert_int_equal(action_find("nonsense"), ACTION_NONE);
}

static void no_key_does_two_things_at_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < table.count; i++) {
        for (unsigned j = 0; j < i; j++) {
            const struct binding *one = &table.bindings[i], *other = &table.bindings[j];
            assert_true(strcmp(one->key, other->key) != 0 ||
                    (one->action >= ACTION_LEFT) != (other->action >= ACTION_LEFT));
        }
    }
}

static void a_key_may_edit_what_is_typed_and_go_elsewhere_when_nothing_is(void **state)
{
    (void)state;
    assert_int_equal(keys_find(&table, "C-k", true), ACTION_KILL_TO_LINE_END);
    assert_int_equal(keys_find(&table, "C-k", false), ACTION_SWITCH);
    assert_int_equal(keys_find(&table, "C-a", false), ACTION_LINE_BEGIN);
    assert_int_equal(keys_find(&table, "Enter", true), ACTION_SEND);
    assert_int_equal(keys_find(&table, "C-z", true), ACTION_NONE);
}

static void a_key_is_bound_again(void **state)
{
    (void)state;
    assert_true(keys_bind(&table, "C-k", "search-here", wrong, sizeof(wrong)));
    assert_int_equal(keys_find(&table, "C-k", true), ACTION_SEARCH_HERE);
    assert_int_equal(keys_find(&table, "C-k", false), ACTION_SEARCH_HERE);
    assert_true(keys_bind(&table, "F5", "retry  redraw", wrong, sizeof(wrong)));
    assert_int_equal(keys_find(&table, "F5", false), ACTION_RETRY);
    assert_true(keys_bind(&table, "F5", "none", wrong, sizeof(wrong)));
    assert_int_equal(keys_find(&table, "F5", false), ACTION_NONE);
    keys_of(&table, ACTION_SWITCH, shown);
    assert_string_equal(shown, "M-g");
}

static void a_wrong_line_is_named(void **state)
{
    (void)state;
    assert_false(keys_bind(&table, "F5", "retry jump", wrong, sizeof(wrong)));
    assert_non_null(strstr(wrong, "\"jump\""));
    assert_false(keys_bind(&table, "a-key-with-a-long-name", "retry", wrong, sizeof(wrong)));
    assert_false(keys_bind(&table, "", "retry", wrong, sizeof(wrong)));
}

static void keys_may_follow_each_other(void **state)
{
    (void)state;
    assert_true(keys_is_prefix(&table, "C-x"));
    assert_false(keys_is_prefix(&table, "C-"));
    assert_int_equal(keys_find(&table, "C-x e", true), ACTION_EDITOR);
    assert_true(keys_bind(&table, "C-x e", "none", wrong, sizeof(wrong)));
    assert_true(keys_bind(&table, "C-x C-e", "none", wrong, sizeof(wrong)));
    assert_false(keys_is_prefix(&table, "C-x"));
}

static void the_table_has_a_bound(void **state)
{
    (void)state;
    bool is_taken = true;
    for (int i = 0; i < BINDINGS_MAX && is_taken; i++) {
        char key[KEY_NAME_BYTES];
        snprintf(key, sizeof(key), "F%d", i);
        is_taken = keys_bind(&table, key, "retry", wrong, sizeof(wrong));
    }
    assert_false(is_taken);
    assert_int_equal(table.count, BINDINGS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_action_has_a_name_of_its_own_and_a_key, begin),
        cmocka_unit_test_setup(no_key_does_two_things_at_once, begin),
        cmocka_unit_test_setup(a_key_may_edit_what_is_typed_and_go_elsewhere_when_nothing_is,
                begin),
        cmocka_unit_test_setup(a_key_is_bound_again, begin),
        cmocka_unit_test_setup(a_wrong_line_is_named, begin),
        cmocka_unit_test_setup(keys_may_follow_each_other, begin),
        cmocka_unit_test_setup(the_table_has_a_bound, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

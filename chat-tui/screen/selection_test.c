// SPDX-License-Identifier: MIT
#include "selection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "screen_world.h"

// What was asked for outside.
static char changes[200], copied[200];

static bool change(void *context, struct conversation *conversation, uint64_t seq,
        struct bytes text)
{
    size_t length = strlen(changes);

    (void)context;
    snprintf(changes + length, sizeof(changes) - length, "%s:%u=%.*s;", conversation->peer.text,
            (unsigned)seq, (int)text.size, text.data);
    return true;
}

static void copy(void *context, struct bytes text)
{
    (void)context;
    snprintf(copied, sizeof(copied), "%.*s", (int)text.size, text.data);
}

static const struct actor actor = { .change = change, .copy = copy };

// bob 1, ann 2, bob 3, ann 4, and one on its way.
static int begin(void **state)
{
    static int handle;

    if (world_begin(state) != 0) {
        return -1;
    }
    struct world *world = *state;
    changes[0] = '\0';
    copied[0] = '\0';
    world_page(world, 1, 4);
    return model_queue(world->model, world->bob, bytes_of("queued"), WORLD_TS, &handle) != NULL
            ? 0
            : -1;
}

static void step(struct world *world, int by, uint64_t wanted)
{
    selection_step(&world->ui, by);
    assert_int_equal(world->bob->selected_seq, wanted);
    assert_int_equal(world->ui.mode, wanted == 0 ? UI_CHAT : UI_SELECT);
}

static void letters(struct world *world, const char *typed)
{
    for (; *typed != '\0'; typed++) {
        const char one[] = { *typed, '\0' };
        selection_letter(&world->ui, &actor, world, one);
    }
}

// Selects that one, from wherever it is.
static void select_seq(struct world *world, uint64_t seq)
{
    selection_leave(&world->ui);
    while (world->bob->selected_seq != seq) {
        selection_step(&world->ui, -1);
    }
}

static void assert_typed(const struct world *world, const char *wanted)
{
    struct bytes typed = line_editor_text(world->ui.editor);

    assert_true(bytes_equal(typed, bytes_of(wanted)));
}

static void assert_said(const struct world *world, const char *words)
{
    assert_non_null(strstr(world->model->notice, words));
}

static void it_begins_at_the_newest_and_stops_at_the_oldest(void **state)
{
    struct world *world = *state;

    step(world, -1, 4); // what is on its way can't be changed
    step(world, -1, 3);
    step(world, -1, 2);
    step(world, -1, 1);
    step(world, -1, 1);
    step(world, 1, 2);
    step(world, 1, 3);
    step(world, 1, 4);
    step(world, 1, 0);
    step(world, 1, 4);
}

static void without_messages_there_is_nothing_to_select(void **state)
{
    struct world *world = *state;

    timeline_clear(&world->bob->timeline);
    step(world, -1, 0);
    letters(world, "yred");
    world->model->open = NULL;
    selection_step(&world->ui, -1);
    letters(world, "yred");
    selection_key(&world->ui, ACTION_UP);
    selection_leave(&world->ui);
    assert_int_equal(world->ui.mode, UI_CHAT);
    assert_string_equal(changes, "");
}

static void keys_move_it_or_leave_it(void **state)
{
    struct world *world = *state;

    step(world, -1, 4);
    selection_key(&world->ui, ACTION_UP);
    assert_int_equal(world->bob->selected_seq, 3);
    selection_key(&world->ui, ACTION_SELECT_UP);
    assert_int_equal(world->bob->selected_seq, 2);
    selection_key(&world->ui, ACTION_DOWN);
    assert_int_equal(world->bob->selected_seq, 3);
    selection_key(&world->ui, ACTION_SELECT_DOWN);
    assert_int_equal(world->bob->selected_seq, 4);
    selection_key(&world->ui, ACTION_CANCEL);
    assert_int_equal(world->bob->selected_seq, 0);
    assert_int_equal(world->ui.mode, UI_CHAT);
}

static void a_text_is_copied_as_it_is(void **state)
{
    struct world *world = *state;

    world_says(world, 5, "bob", "two\nlines \x1b[31m");
    select_seq(world, 5);
    letters(world, "y");
    assert_string_equal(copied, "two\nlines \x1b[31m");
    assert_int_equal(world->ui.mode, UI_CHAT);
}

static void every_line_of_a_text_is_quoted(void **state)
{
    struct world *world = *state;

    world_says(world, 5, "bob", "two\n\nlines\n");
    select_seq(world, 5);
    letters(world, "r");
    assert_typed(world, "> two\n> \n> lines\n");
    world_says(world, 6, "ann", "without an end");
    select_seq(world, 6);
    letters(world, "r");
    assert_typed(world, "> two\n> \n> lines\n> without an end\n");
    assert_int_equal(world->ui.mode, UI_CHAT);
}

static void ones_own_message_is_edited(void **state)
{
    struct world *world = *state;

    select_seq(world, 2);
    letters(world, "e");
    assert_typed(world, "number 2");
    assert_int_equal(world->ui.editing_seq, 2);
    assert_int_equal(world->ui.mode, UI_CHAT);
    assert_string_equal(changes, ""); // Enter does it
}

static void what_is_typed_is_not_lost_by_an_edit(void **state)
{
    struct world *world = *state;

    assert_int_equal(line_editor_insert(world->ui.editor, bytes_of("half a sentence")), 0);
    select_seq(world, 2);
    letters(world, "e");
    assert_typed(world, "half a sentence");
    assert_int_equal(world->ui.editing_seq, 0);
    assert_said(world, "first send or cut");
}

static void only_ones_own_messages_are_changed(void **state)
{
    struct world *world = *state;

    select_seq(world, 3);
    letters(world, "edd");
    assert_string_equal(changes, "");
    assert_typed(world, "");
    assert_int_equal(world->ui.editing_seq, 0);
    assert_int_equal(world->bob->selected_seq, 3);
    assert_said(world, "only your own");
}

static void two_in_a_row_delete(void **state)
{
    struct world *world = *state;

    select_seq(world, 2);
    letters(world, "d");
    assert_string_equal(changes, "");
    assert_said(world, "for both of you");
    letters(world, "d");
    assert_string_equal(changes, "bob:2=;");
    assert_int_equal(world->ui.mode, UI_CHAT);
    select_seq(world, 4);
    letters(world, "d"); // asked anew
    assert_string_equal(changes, "bob:2=;");
}

static void anything_between_two_d_takes_the_first_back(void **state)
{
    struct world *world = *state;

    select_seq(world, 2);
    letters(world, "dxd");
    assert_string_equal(changes, "");
    select_seq(world, 3);
    letters(world, "d");
    selection_step(&world->ui, -1);
    letters(world, "d");
    assert_string_equal(changes, "");
    selection_key(&world->ui, ACTION_CANCEL);
    select_seq(world, 2);
    letters(world, "d");
    assert_string_equal(changes, "");
}

static void a_deleted_message_has_nothing_left(void **state)
{
    struct world *world = *state;

    world_event(world, world_delete(5, "ann", 4));
    select_seq(world, 4);
    letters(world, "edd");
    assert_string_equal(changes, "");
    letters(world, "y");
    assert_string_equal(copied, "");
    assert_said(world, "nothing is left");
    letters(world, "r");
    assert_typed(world, "");
    step(world, -1, 3); // but the way goes over it
}

static void a_message_that_is_gone_is_not_selected(void **state)
{
    struct world *world = *state;

    select_seq(world, 2);
    letters(world, "d");
    world_page(world, 50, 60); // another part of the history took its place
    letters(world, "d");
    assert_string_equal(changes, "");
    assert_int_equal(world->ui.mode, UI_CHAT);
    select_seq(world, 52);
    world_page(world, 100, 101);
    step(world, -1, 101);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(it_begins_at_the_newest_and_stops_at_the_oldest),
        IN_WORLD(without_messages_there_is_nothing_to_select),
        IN_WORLD(keys_move_it_or_leave_it),
        IN_WORLD(a_text_is_copied_as_it_is),
        IN_WORLD(every_line_of_a_text_is_quoted),
        IN_WORLD(ones_own_message_is_edited),
        IN_WORLD(what_is_typed_is_not_lost_by_an_edit),
        IN_WORLD(only_ones_own_messages_are_changed),
        IN_WORLD(two_in_a_row_delete),
        IN_WORLD(anything_between_two_d_takes_the_first_back),
        IN_WORLD(a_deleted_message_has_nothing_left),
        IN_WORLD(a_message_that_is_gone_is_not_selected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

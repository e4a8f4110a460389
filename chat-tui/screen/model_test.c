// SPDX-License-Identifier: MIT
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "screen_world.h"

// ---- how far one's own message has come

static enum tick tick_of(const struct world *world, uint64_t seq)
{
    const struct message *message = timeline_find(&world->bob->timeline, seq);

    assert_non_null(message);
    return model_tick(world->bob, message);
}

static void a_message_goes_from_queued_to_read(void **state)
{
    struct world *world = *state;
    int handle;

    world_page(world, 1, 3);
    struct message *queued =
            model_queue(world->model, world->bob, bytes_of("hello"), WORLD_TS, &handle);
    assert_non_null(queued);
    assert_int_equal(model_tick(world->bob, queued), TICK_QUEUED);
    model_stored(world->model, world->bob, &handle, 4, WORLD_TS);
    assert_int_equal(world->bob->pending.count, 0);
    assert_string_equal(world_text_of(world, 4), "hello");
    assert_int_equal(tick_of(world, 4), TICK_STORED);
    model_delivered(world->bob, 4);
    assert_int_equal(tick_of(world, 4), TICK_DELIVERED);
    model_peer_read(world->bob, 4);
    assert_int_equal(tick_of(world, 4), TICK_READ);
    world_event(world, world_delete(5, "ann", 4));
    assert_int_equal(tick_of(world, 4), TICK_NONE);
}

static void other_peoples_messages_have_no_tick(void **state)
{
    struct world *world = *state;

    world_page(world, 1, 3);
    model_peer_read(world->bob, 3);
    assert_int_equal(tick_of(world, 3), TICK_NONE);
    assert_int_equal(tick_of(world, 2), TICK_READ);
}

static void what_was_read_was_delivered(void **state)
{
    struct world *world = *state;

    model_peer_read(world->bob, 7);
    assert_int_equal(world->bob->peer_delivered_seq, 7);
}

static void a_refused_message_stays_until_it_is_dismissed(void **state)
{
    struct world *world = *state;
    int first, second;

    assert_non_null(model_queue(world->model, world->bob, bytes_of("one"), WORLD_TS, &first));
    assert_non_null(model_queue(world->model, world->bob, bytes_of("two"), WORLD_TS, &second));
    model_refused(world->bob, &first);
    struct message *failed = &world->bob->pending.messages[0];
    assert_int_equal(model_tick(world->bob, failed), TICK_FAILED);
    assert_int_equal(model_tick(world->bob, failed + 1), TICK_QUEUED);
    model_dismiss(world->bob, failed);
    assert_int_equal(world->bob->pending.count, 1);
    assert_string_equal(world->bob->pending.messages[0].text, "two");
    model_stored(world->model, world->bob, &first, 9, WORLD_TS); // nobody's any more
    assert_int_equal(world->bob->pending.count, 1);
}

// The app's handle is memory that is freed and given out again.
static void a_handle_is_free_again_behind_a_refusal(void **state)
{
    struct world *world = *state;
    int handle;

    world_page(world, 1, 1);
    assert_non_null(model_queue(world->model, world->bob, bytes_of("bad"), WORLD_TS, &handle));
    model_refused(world->bob, &handle);
    assert_non_null(model_queue(world->model, world->bob, bytes_of("good"), WORLD_TS, &handle));
    model_stored(world->model, world->bob, &handle, 2, WORLD_TS);
    assert_string_equal(world_text_of(world, 2), "good");
    assert_int_equal(world->bob->pending.count, 1);
    assert_true(world->bob->pending.messages[0].is_failed);
}

static void marks_never_go_back(void **state)
{
    struct world *world = *state;

    world_page(world, 1, 9);
    model_peer_read(world->bob, 8);
    model_own_read(world->bob, 9);
    model_delivered(world->bob, 3);
    model_peer_read(world->bob, 2);
    model_own_read(world->bob, 1);
    model_head(world->model,
            &(struct head_view){ .peer = bytes_of("bob"),
                    .seq = 4,
                    .read_seq = 2,
                    .peer_delivered_seq = 1,
                    .peer_read_seq = 1,
                    .unread = 2 });
    assert_int_equal(world->bob->peer_delivered_seq, 8);
    assert_int_equal(world->bob->peer_read_seq, 8);
    assert_int_equal(world->bob->read_seq, 9);
    assert_int_equal(world->bob->told_read_seq, 9);
}

// ---- what is unread

static void only_other_peoples_texts_are_unread(void **state)
{
    struct world *world = *state;

    world_page(world, 1, 3);
    world_says(world, 4, "bob", "a");
    world_says(world, 5, "ann", "b");
    world_event(world, world_edit(6, "bob", 4, "c"));
    world_event(world, world_delete(7, "bob", 4));
    world_says(world, 8, "bob", "d");
    world_says(world, 8, "bob", "d");
    assert_int_equal(world->bob->unread, 2);
    model_own_read(world->bob, 7);
    assert_int_equal(world->bob->unread, 2); // how many of them, the next head says
    model_own_read(world->bob, 8);
    assert_int_equal(world->bob->unread, 0);
}

static struct head_view head_of(uint64_t seq, uint64_t read_seq, uint64_t unread)
{
    return (struct head_view){
        .peer = bytes_of("bob"),
        .seq = seq,
        .read_seq = read_seq,
        .unread = unread,
        .has_last = true,
        .last = world_text(seq, "bob", "the last one"),
    };
}

static void a_head_that_was_overtaken_does_not_count(void **state)
{
    struct world *world = *state;
    const struct head_view heads[] = { head_of(5, 5, 0), head_of(7, 2, 5) };

    world_page(world, 1, 5);
    model_head(world->model, &heads[0]);
    world_says(world, 6, "bob", "six");
    world_says(world, 7, "bob", "seven");
    model_head(world->model, &heads[0]); // of before six
    assert_int_equal(world->bob->unread, 2);
    assert_int_equal(world->bob->head_seq, 7);
    assert_string_equal(world->bob->snippet, "seven");
    model_own_read(world->bob, 7);
    model_head(world->model, &heads[1]); // of before it was read
    assert_int_equal(world->bob->unread, 0);
}

static void a_newer_head_makes_stale_what_was_read(void **state)
{
    struct world *world = *state;
    struct head_view head = head_of(9, 5, 2);

    model_head(world->model, &head);
    assert_false(world->bob->timeline.is_stale); // nothing was read: nothing is missing
    assert_string_equal(world->bob->snippet, "the last one");
    world_page(world, 1, 9);
    model_head(world->model, &head);
    assert_false(world->bob->timeline.is_stale);
    head = (struct head_view){ .peer = bytes_of("bob"), .seq = 10, .read_seq = 5, .unread = 3 };
    model_head(world->model, &head); // also without its text
    assert_true(world->bob->timeline.is_stale);
    assert_int_equal(world->bob->head_seq, 10);
    assert_int_equal(world->bob->unread, 3);
}

// ---- the list

static void check_snippet(struct world *world, uint64_t seq, const char *text, size_t bytes)
{
    world_says(world, seq, "bob", text);
    assert_int_equal(strlen(world->bob->snippet), bytes);
    for (size_t i = 0; i < bytes; i++) {
        assert_true(world->bob->snippet[i] == (text[i] == '\n' ? ' ' : text[i]));
    }
}

static void a_snippet_ends_between_characters(void **state)
{
    struct world *world = *state;
    const char *const characters[] = { "a", "é", "漢", "🦉", "e\xcc\x81", "\n" };
    uint64_t seq = 0;
    char text[400];

    for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
        for (size_t shift = 0; shift < 4; shift++) {
            size_t length = (size_t)snprintf(text, sizeof(text), "%.*s", (int)shift, "xyz");
            size_t step = strlen(characters[i]), fits = shift;
            while (length + step < sizeof(text)) {
                memcpy(text + length, characters[i], step + 1);
                length += step;
            }
            while (fits + step < SNIPPET_BYTES) {
                fits += step;
            }
            if (i == 4 && fits + 1 < SNIPPET_BYTES) {
                fits++; // the accent may go, not half of it
            }
            check_snippet(world, ++seq, text, fits);
        }
    }
    for (size_t length = 0; length < SNIPPET_BYTES + 4; length++) {
        memset(text, 'x', length);
        text[length] = '\0';
        check_snippet(world, ++seq, text, length < SNIPPET_BYTES ? length : SNIPPET_BYTES - 1);
    }
}

static void a_snippet_is_what_a_head_would_say(void **state)
{
    struct world *world = *state;

    world_says(world, 1, "ann", "mine");
    assert_true(world->bob->is_snippet_own);
    world_event(world, world_edit(2, "bob", 1, "edited"));
    assert_string_equal(world->bob->snippet, "edited");
    assert_false(world->bob->is_snippet_own);
    world_event(world, world_delete(3, "bob", 1)); // a deleted text stands nowhere
    assert_string_equal(world->bob->snippet, "");
}

static struct conversation *first_of(const struct model *model)
{
    return LIST_OF(model->conversations.next, struct conversation, of_model);
}

static void the_newest_change_is_first_in_the_list(void **state)
{
    struct world *world = *state;
    struct conversation *carl = model_get(world->model, bytes_of("carl"));
    struct conversation *dora = model_get(world->model, bytes_of("dora"));

    model_touch(world->model, carl, 50);
    model_touch(world->model, world->bob, 70);
    model_touch(world->model, dora, 60);
    assert_ptr_equal(first_of(world->model), world->bob);
    assert_ptr_equal(first_of(world->model)->of_model.next, &dora->of_model);
    model_touch(world->model, carl, 70);
    assert_ptr_equal(first_of(world->model), carl);
    model_touch(world->model, carl, 10);
    assert_ptr_equal(first_of(world->model), carl);
    assert_int_equal(world->model->conversation_count, 3);
}

static void a_name_that_can_not_be_makes_no_conversation(void **state)
{
    struct world *world = *state;
    char long_name[40];

    memset(long_name, 'a', sizeof(long_name));
    assert_null(model_get(world->model, (struct bytes){ long_name, 33 }));
    assert_non_null(model_get(world->model, (struct bytes){ long_name, 32 }));
    assert_null(model_get(world->model, bytes_of("")));
    assert_null(model_get(world->model, bytes_of("Bob")));
    assert_null(model_get(world->model, bytes_of("bob\x1b[2J")));
    assert_ptr_equal(model_get(world->model, bytes_of("bob")), world->bob);
    assert_null(model_find(world->model, bytes_of("bo")));
    assert_int_equal(world->model->conversation_count, 2);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_message_goes_from_queued_to_read),
        IN_WORLD(other_peoples_messages_have_no_tick),
        IN_WORLD(what_was_read_was_delivered),
        IN_WORLD(a_refused_message_stays_until_it_is_dismissed),
        IN_WORLD(a_handle_is_free_again_behind_a_refusal),
        IN_WORLD(marks_never_go_back),
        IN_WORLD(only_other_peoples_texts_are_unread),
        IN_WORLD(a_head_that_was_overtaken_does_not_count),
        IN_WORLD(a_newer_head_makes_stale_what_was_read),
        IN_WORLD(a_snippet_ends_between_characters),
        IN_WORLD(a_snippet_is_what_a_head_would_say),
        IN_WORLD(the_newest_change_is_first_in_the_list),
        IN_WORLD(a_name_that_can_not_be_makes_no_conversation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

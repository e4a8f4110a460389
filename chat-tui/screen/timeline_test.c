// SPDX-License-Identifier: MIT
// Timelines of the model: events and pages, and what is known to be missing.
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "screen_world.h"

// ---- events

static void an_event_is_put_behind_what_is_there(void **state)
{
    struct world *world = *state;

    world_page(world, 1, 3);
    world_says(world, 4, "bob", "four");
    assert_string_equal(world_text_of(world, 4), "four");
    assert_int_equal(world->bob->timeline.last_seq, 4);
    assert_false(world->bob->timeline.is_stale);
}

static void nothing_is_put_where_nothing_was_read(void **state)
{
    struct world *world = *state;

    world_says(world, 4, "bob", "four");
    assert_int_equal(world->bob->timeline.count, 0);
    assert_int_equal(world->bob->head_seq, 4);
    assert_int_equal(world->bob->unread, 1);
}

static void a_gap_makes_stale_and_the_next_page_whole(void **state)
{
    struct world *world = *state;

    world_page(world, 1, 3);
    world_says(world, 5, "bob", "five");
    assert_true(world->bob->timeline.is_stale);
    assert_int_equal(world->bob->timeline.last_seq, 3);
    assert_string_equal(world_text_of(world, 5), "(none)");
    world_page(world, 2, 5);
    assert_false(world->bob->timeline.is_stale);
    assert_int_equal(world->bob->timeline.count, 5);
    assert_int_equal(world->bob->timeline.first_seq, 1);
}

static void an_event_that_comes_late_is_put_in_its_place(void **state)
{
    struct world *world = *state;

    world_page(world, 1, 3);
    world_says(world, 5, "bob", "five");
    world_says(world, 4, "bob", "four");
    assert_string_equal(world_text_of(world, 4), "four");
    assert_true(world->bob->timeline.is_stale); // five is still missing
    assert_int_equal(world->bob->head_seq, 5);
}

static void an_event_that_comes_again_changes_nothing(void **state)
{
    struct world *world = *state;

    world_page(world, 1, 3);
    world_says(world, 4, "bob", "helo");
    world_event(world, world_edit(5, "bob", 4, "hallo"));
    world_event(world, world_edit(6, "bob", 4, "hello"));
    world_says(world, 4, "bob", "helo");
    world_event(world, world_edit(5, "bob", 4, "hallo"));
    assert_string_equal(world_text_of(world, 4), "hello");
    assert_true(timeline_find(&world->bob->timeline, 4)->is_edited);
    world_event(world, world_delete(7, "bob", 4));
    world_says(world, 4, "bob", "helo");
    assert_string_equal(world_text_of(world, 4), "");
    assert_int_equal(world->bob->unread, 1);
}

static void an_entry_without_a_number_is_nothing(void **state)
{
    struct world *world = *state;

    world_page(world, 1, 3);
    world_says(world, 0, "ann", "zero");
    assert_int_equal(world->bob->timeline.count, 3);
    assert_int_equal(world->bob->head_seq, 0);
}

static void edits_and_deletes_change_what_is_held(void **state)
{
    struct world *world = *state;

    world_page(world, 1, 3);
    world_event(world, world_edit(4, "bob", 3, "changed"));
    assert_string_equal(world_text_of(world, 3), "changed");
    world_event(world, world_delete(5, "bob", 3));
    assert_true(timeline_find(&world->bob->timeline, 3)->is_deleted);
    assert_string_equal(world_text_of(world, 3), "");
    world_event(world, world_edit(6, "bob", 3, "back?"));
    assert_string_equal(world_text_of(world, 3), "");
    assert_int_equal(world->bob->timeline.count, 3); // entries that change others are not shown
    assert_int_equal(world->bob->timeline.last_seq, 6);
}

static void edits_and_deletes_of_what_is_not_held_leave_the_rest(void **state)
{
    struct world *world = *state;

    world_page(world, 5, 8);
    world_event(world, world_edit(9, "bob", 2, "older"));
    world_event(world, world_delete(10, "bob", 3));
    world_event(world, world_edit(11, "bob", 99, "not yet"));
    world_event(world, world_edit(12, "bob", 12, "itself"));
    world_event(world, world_delete(13, "bob", 0));
    assert_int_equal(world->bob->timeline.count, 4);
    assert_string_equal(world_text_of(world, 5), "number 5");
    assert_string_equal(world_text_of(world, 8), "number 8");
}

// ---- pages

static void pages_join_at_either_end(void **state)
{
    struct world *world = *state;
    const struct timeline *timeline = &world->bob->timeline;

    world_page(world, 10, 14);
    world_page(world, 5, 9);   // in front
    world_page(world, 15, 17); // behind
    world_page(world, 16, 20); // over the end
    world_page(world, 3, 6);   // over the start
    world_page(world, 8, 12);  // within
    assert_int_equal(timeline->first_seq, 3);
    assert_int_equal(timeline->last_seq, 20);
    assert_int_equal(timeline->count, 18);
}

static void a_page_that_does_not_join_replaces(void **state)
{
    struct world *world = *state;
    const struct timeline *timeline = &world->bob->timeline;

    world_page(world, 10, 14);
    world_page(world, 16, 18);
    assert_int_equal(timeline->first_seq, 16);
    assert_int_equal(timeline->count, 3);
    world_page(world, 10, 14);
    assert_int_equal(timeline->first_seq, 10);
    assert_int_equal(timeline->last_seq, 14);
    assert_int_equal(timeline->count, 5);
}

static void an_empty_page_changes_nothing(void **state)
{
    struct world *world = *state;

    world_page(world, 5, 9);
    model_page_begin(world->bob, 1, 0, true);
    model_page_begin(world->bob, 7, 3, false);
    const struct message_view outside = world_text(8, "bob", "outside");
    assert_true(model_page_add(world->model, world->bob, &outside));
    assert_int_equal(world->bob->timeline.count, 5);
    assert_int_equal(world->bob->timeline.first_seq, 5);
    assert_string_equal(world_text_of(world, 8), "number 8");
}

static void what_is_not_of_the_page_is_not_taken(void **state)
{
    struct world *world = *state;
    const struct message_view wrong[] = { world_text(0, "bob", "zero"),
        world_text(4, "bob", "before"), world_text(8, "bob", "behind"),
        world_text(UINT64_MAX, "bob", "far behind"), world_edit(9, "bob", 5, "from outside") };

    model_page_begin(world->bob, 5, 7, true);
    const struct message_view right = world_text(5, "bob", "right");
    assert_true(model_page_add(world->model, world->bob, &right));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_true(model_page_add(world->model, world->bob, &wrong[i]));
    }
    world_check_timeline(&world->bob->timeline);
    assert_int_equal(world->bob->timeline.count, 1);
    assert_string_equal(world_text_of(world, 5), "right");
}

// Its texts are as they are now, also where an edit is in it and the next one is not.
static void an_edit_in_a_page_changes_only_what_is_in_front_of_it(void **state)
{
    struct world *world = *state;
    struct message_view current = world_text(4, "bob", "third wording");
    const struct message_view second = world_edit(5, "bob", 4, "second wording"),
                              older = world_edit(7, "bob", 2, "older");

    current.is_edited = true;
    world_page(world, 6, 9);
    model_page_begin(world->bob, 4, 5, false);
    assert_true(model_page_add(world->model, world->bob, &current));
    assert_true(model_page_add(world->model, world->bob, &second));
    assert_string_equal(world_text_of(world, 4), "third wording");
    timeline_clear(&world->bob->timeline);
    world_page(world, 1, 5);
    model_page_begin(world->bob, 6, 7, true);
    assert_true(model_page_add(world->model, world->bob, &older));
    assert_string_equal(world_text_of(world, 2), "older");
}

static void events_beyond_the_bound_push_out_the_oldest(void **state)
{
    struct world *world = *state;
    const struct timeline *timeline = &world->bob->timeline;
    uint32_t most = 0;

    world_page(world, 1, 10);
    for (uint64_t seq = 11; seq <= MODEL_MESSAGES_MAX + 10; seq++) {
        const struct message_view message = world_text(seq, "bob", "x");
        assert_true(model_add(world->model, world->bob, &message));
        most = timeline->count > most ? timeline->count : most;
    }
    world_check_timeline(timeline);
    assert_int_equal(most, MODEL_MESSAGES_MAX);
    assert_int_equal(timeline->last_seq, MODEL_MESSAGES_MAX + 10);
    assert_int_equal(timeline->messages[0].seq, timeline->first_seq);
    assert_true(timeline->first_seq > 1); // what is older is to be read again
    assert_false(timeline->is_stale);
    world_page(world, timeline->first_seq - 5, timeline->first_seq - 1);
    assert_int_equal(timeline->last_seq, MODEL_MESSAGES_MAX + 10);
}

// Somebody who reads that far back is not thrown to the end by the next message.
static void an_older_page_beyond_the_bound_stands_alone(void **state)
{
    struct world *world = *state;
    const struct timeline *timeline = &world->bob->timeline;
    uint64_t head = MODEL_MESSAGES_MAX + 100;

    world->bob->head_seq = head;
    world_page(world, 101, head);
    assert_int_equal(timeline->count, MODEL_MESSAGES_MAX);
    world_page(world, 81, 100);
    assert_int_equal(timeline->count, 20);
    assert_int_equal(timeline->last_seq, 100);
    assert_true(timeline->is_apart);
    world_says(world, head + 1, "bob", "meanwhile");
    assert_false(timeline->is_stale);
    world_page(world, 61, 80);
    assert_true(timeline->is_apart);
    assert_int_equal(timeline->count, 40);
    world_page(world, head - 50, head + 1);
    assert_false(timeline->is_apart);
    assert_int_equal(timeline->last_seq, head + 1);
}

// ---- a server, and events that are lost, late and doubled

#define ENTRIES_MAX 400
#define PAGE_ENTRIES 12

struct entry {
    enum message_kind kind;
    uint64_t target;
    char text[16];  // as it is now
    char first[16]; // as it was sent
    bool is_edited, is_deleted;
};

struct server {
    struct world *world;
    struct entry entries[ENTRIES_MAX + 1]; // from 1
    uint64_t head;
};

static const char *author_of(uint64_t seq)
{
    return seq % 3 == 0 ? "ann" : "bob";
}

static void append(struct server *server)
{
    struct entry *entry = &server->entries[++server->head];
    uint64_t target =
            server->head > 1 ? 1 + world_random(server->world, (uint32_t)server->head - 1) : 0;
    struct entry *changed = &server->entries[target];

    *entry = (struct entry){ .kind = MESSAGE_TEXT };
    snprintf(entry->first, sizeof(entry->first), "t%u", (unsigned)server->head);
    if (target > 0 && changed->kind == MESSAGE_TEXT && !changed->is_deleted &&
            world_random(server->world, 3) == 0) {
        entry->target = target;
        entry->kind = world_random(server->world, 4) == 0 ? MESSAGE_DELETE : MESSAGE_EDIT;
        changed->is_deleted = entry->kind == MESSAGE_DELETE;
        changed->is_edited |= entry->kind == MESSAGE_EDIT;
        entry->first[0] = entry->kind == MESSAGE_DELETE ? '\0' : 'e';
        memcpy(changed->text, entry->first, sizeof(changed->text));
    }
    memcpy(entry->text, entry->first, sizeof(entry->text));
}

static struct message_view view_of(const struct server *server, uint64_t seq, bool is_now)
{
    const struct entry *entry = &server->entries[seq];
    struct message_view view = world_text(seq, author_of(seq), is_now ? entry->text : entry->first);

    view.kind = entry->kind;
    view.target = entry->target;
    view.is_edited = is_now && entry->is_edited;
    view.is_deleted = is_now && entry->is_deleted;
    return view;
}

static void load(struct server *server, uint64_t before, uint64_t after)
{
    struct world *world = server->world;
    uint64_t last = before > 0 ? before - 1 : server->head;
    uint64_t first = last > PAGE_ENTRIES ? last - PAGE_ENTRIES + 1 : 1;

    if (after > 0) {
        first = after + 1;
        last = after + PAGE_ENTRIES < server->head ? after + PAGE_ENTRIES : server->head;
    }
    model_page_begin(world->bob, first, last, before == 0 && after == 0);
    for (uint64_t seq = first; seq <= last; seq++) {
        const struct message_view message = view_of(server, seq, true);
        assert_true(model_page_add(world->model, world->bob, &message));
    }
}

// Everything in it is as on the server.
static void compare(const struct server *server)
{
    const struct timeline *timeline = &server->world->bob->timeline;
    uint32_t count = 0;

    for (uint64_t seq = timeline->first_seq; seq <= timeline->last_seq; seq++) {
        const struct entry *entry = &server->entries[seq];
        if (entry->kind != MESSAGE_TEXT) {
            continue;
        }
        const struct message *message = timeline_find(timeline, seq);
        assert_non_null(message);
        assert_string_equal(message->text, entry->text);
        assert_int_equal(message->is_deleted, entry->is_deleted);
        assert_int_equal(message->is_own, strcmp(author_of(seq), "ann") == 0);
        count++;
    }
    assert_int_equal(timeline->count, count);
}

// An event, or none where it is lost: not while the timeline stands apart, where nobody would know.
static void go_on(struct server *server)
{
    struct world *world = server->world;

    append(server);
    if (world->bob->timeline.is_apart || world_random(world, 8) > 0) {
        world_event(world, view_of(server, server->head, false));
    }
}

static void act(struct server *server)
{
    struct world *world = server->world;
    struct timeline *timeline = &world->bob->timeline;
    uint32_t what = world_random(world, 12);
    uint64_t any = server->head > 0 ? 1 + world_random(world, (uint32_t)server->head) : 0;

    if (what < 6 && server->head < ENTRIES_MAX) {
        go_on(server);
    } else if (what == 6 && any > 0 && any <= timeline->last_seq) {
        world_event(world, view_of(server, any, false));
    } else if (what == 7 && timeline->first_seq > 1 && !timeline->is_stale) {
        load(server, timeline->first_seq, 0);
    } else if (what == 8 && (timeline->is_stale || timeline->last_seq == 0)) {
        load(server, 0, 0);
    } else if (what == 9 && timeline->is_apart) {
        load(server, 0, timeline->last_seq);
    } else if (what == 10 && any > 1 && !timeline->is_stale &&
            world->bob->head_seq == server->head && world_random(world, 5) == 0) {
        load(server, any, 0); // a jump
    }
}

static void no_hole_is_not_known_of(void **state)
{
    static struct server at_home;
    struct world *world = *state;
    const struct timeline *timeline = &world->bob->timeline;
    struct server *server = &at_home;

    server->world = world;
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < 1200; i++) {
            act(server);
            world_check_timeline(timeline);
            bool is_behind = timeline->last_seq < server->head;
            if (timeline->last_seq > 0 && (!is_behind || timeline->is_apart)) {
                compare(server);
            } else if (timeline->last_seq > 0 && world->bob->head_seq == server->head) {
                assert_true(timeline->is_stale);
            }
        }
        load(server, 0, 0);
        compare(server);
        assert_int_equal(server->head, ENTRIES_MAX);
        timeline_clear(&world->bob->timeline);
        world->bob->head_seq = 0;
        server->head = 0;
    }
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(an_event_is_put_behind_what_is_there),
        IN_WORLD(nothing_is_put_where_nothing_was_read),
        IN_WORLD(a_gap_makes_stale_and_the_next_page_whole),
        IN_WORLD(an_event_that_comes_late_is_put_in_its_place),
        IN_WORLD(an_event_that_comes_again_changes_nothing),
        IN_WORLD(an_entry_without_a_number_is_nothing),
        IN_WORLD(edits_and_deletes_change_what_is_held),
        IN_WORLD(edits_and_deletes_of_what_is_not_held_leave_the_rest),
        IN_WORLD(pages_join_at_either_end),
        IN_WORLD(a_page_that_does_not_join_replaces),
        IN_WORLD(an_empty_page_changes_nothing),
        IN_WORLD(what_is_not_of_the_page_is_not_taken),
        IN_WORLD(an_edit_in_a_page_changes_only_what_is_in_front_of_it),
        IN_WORLD(events_beyond_the_bound_push_out_the_oldest),
        IN_WORLD(an_older_page_beyond_the_bound_stands_alone),
        IN_WORLD(no_hole_is_not_known_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

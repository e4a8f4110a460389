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
        IN_WORLD(a_message_goes_from_queued_to_read),
        IN_WORLD(other_peoples_messages_have_no_tick),
        IN_WORLD(what_was_read_was_delivered),
        IN_WORLD(a_refused_message_stays_until_it_is_dismissed),
        IN_WORLD(a_handle_is_free_again_behind_a_refusal),
        IN_WORLD(marks_never_go_back),
        IN_WORLD(an_event_is_put_behind_what_is_there),
        IN_WORLD(nothing_is_put_where_nothing_was_read),
        IN_WORLD(a_gap_makes_stale_and_the_next_page_whole),
        IN_WORLD(an_event_that_comes_late_is_put_in_its_place),
        IN_WORLD(an_event_that_comes_again_changes_nothing),
        IN_WORLD(an_entry_without_a_number_is_nothing),
        IN_WORLD(edits_and_deletes_change_what_is_held),
        IN_WORLD(edits_and_deletes_of_what_is_not_held_leave_the_rest),
        IN_WORLD(only_other_peoples_texts_are_unread),
        IN_WORLD(a_head_that_was_overtaken_does_not_count),
        IN_WORLD(a_newer_head_makes_stale_what_was_read),
        IN_WORLD(pages_join_at_either_end),
        IN_WORLD(a_page_that_does_not_join_replaces),
        IN_WORLD(an_empty_page_changes_nothing),
        IN_WORLD(what_is_not_of_the_page_is_not_taken),
        IN_WORLD(an_edit_in_a_page_changes_only_what_is_in_front_of_it),
        IN_WORLD(events_beyond_the_bound_push_out_the_oldest),
        IN_WORLD(an_older_page_beyond_the_bound_stands_alone),
        IN_WORLD(a_snippet_ends_between_characters),
        IN_WORLD(a_snippet_is_what_a_head_would_say),
        IN_WORLD(the_newest_change_is_first_in_the_list),
        IN_WORLD(a_name_that_can_not_be_makes_no_conversation),
        IN_WORLD(no_hole_is_not_known_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

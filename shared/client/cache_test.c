// SPDX-License-Identifier: MIT
// What the cache gives back of what it was told. Its file: cache_file_test.c.
#include "shared/client/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "shared/client/cache_world.h"
#include "shared/limits.h"

static void what_was_stored_is_there_again_with_its_cursor(void **state)
{
    struct cache *cache = open_it();
    static const char *const names[] = { "cache.db", "cache.db-wal" };
    struct stat status;

    (void)state;
    assert_cursor(cache, "");
    put_events(cache, 1, 4);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(stat(path_of(names[i]), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
    cache = open_again(cache);
    assert_cursor(cache, "1.4");
    assert_before(cache, 0, 10, "t1 t2 t3 t4 wsh");
    assert_before(cache, 0, 2, "t3 t4 wh");
    assert_before(cache, 3, 10, "t1 t2 ws");
    assert_before(cache, 1, 10, "ws");
    assert_after(cache, 0, 2, "t1 t2 ws");
    assert_after(cache, 2, 10, "t3 t4 wh");
    assert_after(cache, 4, 10, "wh");
    assert_heads(cache, "bob@4 read 0/0/0 unread 2 bob:t4; ");
    cache_close(cache);
}

static bool keep_view(void *context, const struct message_view *message)
{
    struct message_view *kept = context;

    assert_true(bytes_equal(message->from, bytes_of("ann")));
    assert_true(bytes_equal(message->peer, bytes_of("bob")));
    *kept = *message;
    return false;
}

static void all_fields_come_back(void **state)
{
    struct cache *cache = open_it();
    struct message_view kept;
    struct cache_page page;

    (void)state;
    server[0].counter = JSON_INTEGER_MAX;
    server[0].device = 0xfedcba987654;
    put_events(cache, 1, 1);
    assert_int_equal(cache_read_before(cache, bytes_of("bob"), 0, 1, keep_view, &kept, &page),
            ERR_OK);
    assert_true(kept.counter == JSON_INTEGER_MAX && kept.device == 0xfedcba987654);
    assert_true(kept.ts == server[0].ts && kept.seq == 1 && kept.kind == MESSAGE_TEXT);
    assert_int_equal(page.first, 1);
    assert_int_equal(page.last, 1);
    cache_close(cache);
}

static void heads_are_newest_first_and_keep_their_marks(void **state)
{
    struct cache *cache = open_it();
    struct head_view bob = head_at(6), cyd = head_at(5);
    bool is_found;
    struct buffer shown = { 0 };

    (void)state;
    bob.unread = 3;
    bob.read_seq = 1;
    bob.peer_delivered_seq = 5;
    cyd.peer = bytes_of("cyd");
    cyd.is_blocked = true;
    put_head(cache, &bob);
    put_head(cache, &cyd);
    assert_heads(cache,
            "bob@6 read 1/5/0 unread 3 bob:t6; cyd@5 read 0/0/0 unread 0 blocked ann:t5; ");
    put_receipt(cache, "bob", 6, 5);
    put_receipt(cache, "bob", 4, 4); // late
    put_receipt(cache, "ann", 0, 6);
    cache = open_again(cache);
    assert_int_equal(cache_read_head(cache, bytes_of("bob"), show_head, &shown, &is_found), ERR_OK);
    assert_true(is_found);
    assert_shown(&shown, "bob@6 read 6/6/5 unread 0 bob:t6; ");
    assert_int_equal(cache_read_head(cache, bytes_of("dan"), show_head, &shown, &is_found), ERR_OK);
    assert_false(is_found);
    bob.seq = 4; // an answer that was overtaken
    bob.peer_read_seq = 6;
    bob.last = server[3];
    put_head(cache, &bob);
    put_head(cache, &cyd);
    assert_heads(cache,
            "bob@6 read 6/6/6 unread 0 bob:t6; cyd@5 read 0/0/0 unread 0 blocked ann:t5; ");
    cache_close(cache);
}

static void a_head_does_not_undo_what_was_read_here(void **state)
{
    struct cache *cache = open_it();
    struct head_view head = head_at(8);

    (void)state;
    put_events(cache, 1, 6);
    put_receipt(cache, "ann", 0, 6); // the server does not know yet
    head.unread = 4;
    put_head(cache, &head);
    assert_heads(cache, "bob@8 read 6/0/0 unread 2 bob:t8; "); // at most: 7 is not held
    put_events(cache, 7, 8);
    put_head(cache, &head);
    assert_heads(cache, "bob@8 read 6/0/0 unread 1 bob:t8; ");
    cache_close(cache);
}

static void unread_is_counted_as_the_server_counts(void **state)
{
    struct cache *cache = open_it();

    (void)state;
    server_entry(8, MESSAGE_DELETE, 6, "");
    put_events(cache, 1, 7);
    assert_heads(cache, "bob@7 read 0/0/0 unread 3 ann:t7; ");
    put_receipt(cache, "ann", 0, 3);
    assert_heads(cache, "bob@7 read 3/0/0 unread 2 ann:t7; ");
    put_events(cache, 8, 8);
    assert_heads(cache, "bob@8 read 3/0/0 unread 1 bob:; ");
    put_events(cache, 8, 8); // once more
    assert_heads(cache, "bob@8 read 3/0/0 unread 1 bob:; ");
    cache_close(cache);
}

static void a_put_that_is_refused_spoils_its_batch(void **state)
{
    struct cache *cache = open_it();
    struct message_view stranger = server[1];
    bool is_dropped;

    (void)state;
    stranger.from = bytes_of("eve");
    assert_int_equal(cache_begin(cache), ERR_OK);
    assert_int_equal(cache_put_message(cache, &server[0], &is_dropped), ERR_OK);
    assert_int_equal(cache_put_message(cache, &stranger, &is_dropped), ERR_INVALID);
    assert_int_equal(cache_commit(cache, bytes_of("1.2")), ERR_INVALID);
    assert_cursor(cache, "");
    assert_heads(cache, "");
    put_events(cache, 1, 2);
    assert_before(cache, 0, 10, "t1 t2 wsh");
    cache_close(cache);
}

static void a_page_with_a_hole_is_refused(void **state)
{
    struct cache *cache = open_it();
    const struct message_view holed[] = { server[0], server[2] };
    const struct cache_history history = { bytes_of("bob"), holed, 2, 3, digests[3], false };
    bool is_dropped;

    (void)state;
    assert_int_equal(cache_begin(cache), ERR_OK);
    assert_int_equal(cache_put_history(cache, &history, &is_dropped), ERR_INVALID);
    cache_abandon(cache);
    cache_close(cache);
}

static void a_gap_is_never_shown_as_none(void **state)
{
    struct cache *cache = open_it();
    struct head_view head = head_at(30);

    (void)state;
    put_page_at(cache, 1, 4, 4);
    put_page_at(cache, 9, 12, 12);
    assert_range(cache, 12, 9, 12);
    assert_range(cache, 7, 1, 4); // the next below
    assert_before(cache, 0, 10, "t9 t10 t11 t12 h");
    assert_before(cache, 0, 4, "t9 t10 t11 t12 wh");
    assert_before(cache, 9, 10, ""); // 8 is not held
    assert_before(cache, 11, 10, "t9 t10 ");
    assert_before(cache, 5, 10, "t1 t2 t3 t4 ws");
    assert_after(cache, 2, 2, "t3 t4 w");
    assert_after(cache, 2, 3, "t3 t4 ");
    assert_after(cache, 4, 3, "");
    put_head(cache, &head); // there is more at the end
    assert_before(cache, 0, 3, "t10 t11 t12 ");
    put_page_at(cache, 4, 8, 30);
    assert_range(cache, 12, 1, 12);
    assert_range(cache, 1, 1, 12);
    assert_before(cache, 13, 100, "t1 t2 t3 t4 t5 t6 t7 t8 t9 t10 t11 t12 ws");
    put_page_at(cache, 3, 30, 30);
    assert_range(cache, 30, 1, 30);
    assert_before(cache, 0, 2, "t29 t30 wh");
    cache_close(cache);
}

static void several_ranges_become_one(void **state)
{
    struct cache *cache = open_it();

    (void)state;
    for (uint64_t seq = 1; seq <= 19; seq += 2) {
        put_page_at(cache, seq, seq, 20);
    }
    assert_range(cache, 10, 9, 9);
    put_page_at(cache, 4, 16, 20);
    assert_range(cache, 10, 3, 17);
    assert_range(cache, 2, 1, 1);
    assert_range(cache, 19, 19, 19);
    cache_close(cache);
}

static void the_start_may_be_behind_one(void **state)
{
    struct cache *cache = open_it();
    const struct cache_history history = { bytes_of("bob"), &server[4], 3, 7, digests[7], true };
    bool is_dropped;

    (void)state;
    assert_int_equal(cache_begin(cache), ERR_OK);
    assert_int_equal(cache_put_history(cache, &history, &is_dropped), ERR_OK);
    assert_int_equal(cache_commit(cache, (struct bytes){ 0 }), ERR_OK);
    assert_before(cache, 0, 50, "t5 t6 t7 wsh");
    assert_before(cache, 5, 50, "ws");
    assert_after(cache, 0, 50, "t5 t6 t7 wsh");
    cache_close(cache);
}

static void edits_and_deletes_change_their_target(void **state)
{
    struct cache *cache = open_it();

    (void)state;
    server_entry(3, MESSAGE_EDIT, 1, "better");
    server_entry(4, MESSAGE_EDIT, 1, "not mine"); // no effect on the target
    server_entry(5, MESSAGE_DELETE, 1, "");
    server_entry(7, MESSAGE_EDIT, 1, ""); // as the server shows it: nothing comes back
    put_events(cache, 1, 4);
    assert_before(cache, 0, 10, "better* t2 edit:1:better edit:1:not mine wsh");
    put_events(cache, 5, 7);
    assert_before(cache, 0, 10, "*x t2 edit:1: edit:1:not mine delete:1: t6 edit:1: wsh");
    cache_close(cache);
}

static void a_change_that_comes_before_its_target_waits_for_it(void **state)
{
    struct cache *cache = open_it();
    struct message_view first = server[0], third = server[2];

    (void)state;
    server_entry(7, MESSAGE_EDIT, 1, "better");
    server_entry(9, MESSAGE_EDIT, 1, "best");
    server_entry(11, MESSAGE_DELETE, 3, "");
    put_events(cache, 7, 11);
    put_page_at(cache, 1, 6, 6); // was asked for before the changes
    assert_before(cache, 7, 3, "t4 t5 t6 w");
    assert_before(cache, 4, 3, "best* t2 x ws");
    // An older answer that comes again changes nothing.
    server[0] = first;
    server[2] = third;
    put_page_at(cache, 1, 6, 6);
    assert_before(cache, 4, 3, "best* t2 x ws");
    // What the server says of later does.
    server[0].text = bytes_of("as it is at 20");
    server[0].is_edited = true;
    put_page_at(cache, 1, 1, 20);
    assert_before(cache, 2, 3, "as it is at 20* ws");
    cache_close(cache);
}

static void an_older_edit_does_not_come_over_a_newer_one(void **state)
{
    struct cache *cache = open_it();

    (void)state;
    server_entry(5, MESSAGE_EDIT, 1, "better");
    server_entry(9, MESSAGE_EDIT, 1, "best");
    put_events(cache, 1, 1);
    put_events(cache, 9, 9);
    put_page_at(cache, 2, 8, 9);
    assert_before(cache, 2, 1, "best* ws");
    cache_close(cache);
}

static void a_deleted_text_does_not_come_back_with_a_late_page(void **state)
{
    struct cache *cache = open_it();

    (void)state;
    server_entry(5, MESSAGE_EDIT, 1, "secret");
    server_entry(7, MESSAGE_DELETE, 1, "");
    put_events(cache, 6, 7);
    put_page_at(cache, 1, 5, 5);
    assert_before(cache, 0, 10, "x t2 t3 t4 edit:1: t6 delete:1: wsh");
    cache_close(cache);
}

static void the_digest_finds_what_is_not_as_the_server_has_it(void **state)
{
    struct cache *cache = open_it();
    struct head_view head;

    (void)state;
    put_events(cache, 1, 10);
    head = head_at(10);
    assert_false(put_head(cache, &head));
    put_events(cache, 11, 20);
    head = head_at(20);
    head.digest ^= 1;
    assert_true(put_head(cache, &head));
    assert_range(cache, 20, 0, 0);
    assert_before(cache, 0, 10, "");
    assert_false(put_page_at(cache, 11, 20, 20));
    assert_before(cache, 0, 2, "t19 t20 wh");
    put_events(cache, 21, 25); // goes on from what the page said
    head = head_at(25);
    assert_false(put_head(cache, &head));
    head.digest ^= 1;
    assert_true(put_head(cache, &head));
    cache_close(cache);
}

static void a_page_heals_by_itself(void **state)
{
    struct cache *cache = open_it();

    (void)state;
    put_events(cache, 1, 20);
    digests[20] ^= 1;
    assert_true(put_page_at(cache, 16, 20, 20));
    assert_range(cache, 20, 16, 20);
    assert_before(cache, 0, 5, "t16 t17 t18 t19 t20 wh");
    assert_false(put_page_at(cache, 16, 20, 20));
    cache_close(cache);
}

static void edits_do_not_disturb_the_digest(void **state)
{
    struct cache *cache = open_it();
    struct head_view head;

    (void)state;
    server_entry(9, MESSAGE_EDIT, 1, "better");
    put_events(cache, 1, 10);
    head = head_at(10);
    assert_false(put_head(cache, &head));
    head.digest ^= 1;
    assert_true(put_head(cache, &head)); // it was compared
    // First texts that nobody has seen can't be compared: then the server is believed.
    server[0].text = bytes_of("better");
    server[0].is_edited = true;
    put_page_at(cache, 1, 10, 10);
    put_events(cache, 11, 12);
    head = head_at(12);
    assert_false(put_head(cache, &head));
    cache_close(cache);
}

static void an_entry_that_contradicts_what_is_held_drops_it(void **state)
{
    struct cache *cache = open_it();

    (void)state;
    put_events(cache, 1, 10);
    server_entry(10, MESSAGE_TEXT, 0, "another");
    assert_true(put_events(cache, 10, 10));
    assert_before(cache, 0, 3, "another h");
    server[8].ts++;
    assert_false(put_page_at(cache, 5, 9, 10));
    server[8].ts++;
    assert_true(put_page_at(cache, 8, 9, 10));
    assert_range(cache, 10, 8, 9);
    cache_close(cache);
}

static void search_finds_texts_without_regard_to_case_newest_first(void **state)
{
    struct cache *cache = open_it();
    struct buffer shown = { 0 };

    (void)state;
    server_entry(2, MESSAGE_TEXT, 0,
            "Gr\xc3\xbc\xc3\x9f"
            "e aus ULM");
    server_entry(3, MESSAGE_TEXT, 0, "100% gr\xc3\x9cSSE");
    server_entry(5, MESSAGE_EDIT, 1, "gr\xc3\xbcsse");
    put_events(cache, 1, 6);
    assert_int_equal(cache_search(cache, bytes_of("GR\xc3\x9cSSE"), (struct bytes){ 0 }, 10,
                             show_message, &shown),
            ERR_OK);
    assert_shown(&shown,
            "100% gr\xc3\x9cSSE Gr\xc3\xbc\xc3\x9f"
            "e aus ULM gr\xc3\xbcsse* ");
    assert_int_equal(cache_search(cache, bytes_of("ulm"), bytes_of("bob"), 10, show_message,
                             &shown),
            ERR_OK);
    assert_shown(&shown,
            "Gr\xc3\xbc\xc3\x9f"
            "e aus ULM ");
    assert_int_equal(cache_search(cache, bytes_of("%"), (struct bytes){ 0 }, 10, show_message,
                             &shown),
            ERR_OK);
    assert_shown(&shown, "100% gr\xc3\x9cSSE ");
    assert_int_equal(cache_search(cache, bytes_of("t"), (struct bytes){ 0 }, 1, show_message,
                             &shown),
            ERR_OK);
    assert_shown(&shown, "t6 ");
    assert_int_equal(cache_search(cache, bytes_of("t"), bytes_of("cyd"), 1, show_message, &shown),
            ERR_OK);
    assert_shown(&shown, "");
    cache_close(cache);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_stored_is_there_again_with_its_cursor),
        TEST(all_fields_come_back),
        TEST(heads_are_newest_first_and_keep_their_marks),
        TEST(a_head_does_not_undo_what_was_read_here),
        TEST(unread_is_counted_as_the_server_counts),
        TEST(a_put_that_is_refused_spoils_its_batch),
        TEST(a_page_with_a_hole_is_refused),
        TEST(a_gap_is_never_shown_as_none),
        TEST(several_ranges_become_one),
        TEST(the_start_may_be_behind_one),
        TEST(edits_and_deletes_change_their_target),
        TEST(a_change_that_comes_before_its_target_waits_for_it),
        TEST(an_older_edit_does_not_come_over_a_newer_one),
        TEST(a_deleted_text_does_not_come_back_with_a_late_page),
        TEST(the_digest_finds_what_is_not_as_the_server_has_it),
        TEST(a_page_heals_by_itself),
        TEST(edits_do_not_disturb_the_digest),
        TEST(an_entry_that_contradicts_what_is_held_drops_it),
        TEST(search_finds_texts_without_regard_to_case_newest_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "partition/partition_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "disk/database.h"
#include "partition/read.h"
#include "shared/limits.h"
#include "shared/log.h"
#include "shared/name.h"
#include "shared/record.h"

static void sends_are_numbered_densely_and_both_copies_agree(void **state)
{
    (void)state;
    assert_int_equal(send("ann", "ada", 1, "one").cseq, 1);
    assert_int_equal(send("ada", "ann", 1, "two").cseq, 2);
    struct applied third = send("ann", "ada", 2, "three");
    assert_int_equal(third.cseq, 3);
    assert_int_equal(third.useq, 3);
    assert_true(third.has_event);
}

static void a_repeated_counter_gets_the_original_answer_for_ever(void **state)
{
    char text[32];

    (void)state;
    for (uint64_t counter = 1; counter <= 3000; counter++) {
        snprintf(text, sizeof(text), "text %d", (int)counter);
        // Every tenth is sent late, behind its successor.
        uint64_t shown = counter % 10 == 0 ? counter + 1
                : counter % 10 == 1        ? counter - 1
                                           : counter;
        snprintf(text, sizeof(text), "text %d", (int)shown);
        struct applied applied = send("ann", "ada", shown == 0 ? 5000 : shown, text);
        assert_int_equal(applied.outcome, ERR_OK);
        assert_int_equal(applied.cseq, counter);
        if (counter % 700 == 0) {
            flush_all();
        }
    }
    for (int round = 0; round < 2; round++) {
        for (uint64_t counter = 2; counter <= 3000; counter += 7) {
            snprintf(text, sizeof(text), "text %d", (int)counter);
            struct applied again = send("ann", "ada", counter, text);
            assert_int_equal(again.outcome, ERR_OK);
            assert_true(again.is_duplicate && !again.has_event);
            uint64_t place = counter % 10 == 0 ? counter + 1
                    : counter % 10 == 1        ? counter - 1
                                               : counter;
            assert_int_equal(again.cseq, place);
            assert_int_equal(send("ann", "ada", counter, "other").outcome, ERR_CONFLICT);
        }
        flush_all();
        crash();
    }
}

static void a_send_behind_another_is_applied_only_there(void **state)
{
    (void)state;
    struct record record = send_record("ann", "ada", 5, "first");
    record.after = 0 + 1; // behind nothing
    assert_int_equal(apply(&record).outcome, ERR_OK);
    record = send_record("ann", "ada", 9, "third");
    record.after = 7 + 1;
    struct applied refused = apply(&record);
    assert_int_equal(refused.outcome, ERR_CONFLICT);
    assert_int_equal(refused.last, 5);
    record.after = 5 + 1;
    assert_int_equal(apply(&record).cseq, 2);
}

static void edits_and_deletes_change_their_target_and_leave_an_entry(void **state)
{
    (void)state;
    send("ann", "ada", 1, "first");
    flush_all();
    change(RECORD_EDIT, "ann", "ada", 1, "better");
    change(RECORD_EDIT, "ada", "ann", 1, "not mine"); // no effect on the target
    char *edited = show_world(10);
    assert_non_null(strstr(edited, "1 @1 ann \"better\" kind 0 target 0 edited"));
    assert_non_null(strstr(edited, "2 @2 ann \"better\" kind 1 target 1"));
    free(edited);
    change(RECORD_DELETE, "ann", "ada", 1, "");
    change(RECORD_EDIT, "ann", "ada", 1, "back again");
    char *deleted = show_world(10);
    assert_non_null(strstr(deleted, "1 @1 ann \"\" kind 0 target 0 edited deleted"));
    assert_null(strstr(deleted, "better")); // not in the edit's entry either
    assert_null(strstr(deleted, "back again"));
    free(deleted);
    // The retry of an edit that came behind the delete is answered like the first time.
    struct record late = {
        .type = RECORD_EDIT,
        .user = bytes_of("ann"),
        .peer = bytes_of("ada"),
        .device = 77,
        .counter = 9,
        .cseq = 1,
        .text = bytes_of("too late"),
    };
    uint64_t cseq = apply(&late).cseq;
    struct applied again = apply(&late);
    assert_true(again.is_duplicate);
    assert_int_equal(again.outcome, ERR_OK);
    assert_int_equal(again.cseq, cseq);
}

static void what_a_user_has_stored_is_the_sum_of_its_own_entries(void **state)
{
    const uint64_t entry = STORED_ENTRY_BYTES;

    (void)state;
    assert_int_equal(send("ann", "ada", 1, "four").stored, entry + 4);
    send("ada", "ann", 1, "not hers");
    assert_int_equal(send("ann", "ada", 1, "four").stored, 0); // nothing new, nothing told
    assert_int_equal(stored_of("ann"), entry + 4);
    flush_all();
    change(RECORD_EDIT, "ann", "ada", 1, "longer");
    assert_int_equal(stored_of("ann"), 2 * (entry + 6));
    change(RECORD_EDIT, "ann", "ada", 1, "no");
    assert_int_equal(stored_of("ann"), 3 * entry + 2 + 6 + 2);
    crash();
    assert_int_equal(stored_of("ann"), 3 * entry + 2 + 6 + 2);
    struct applied deleted = change(RECORD_DELETE, "ann", "ada", 1, "");
    assert_int_equal(deleted.stored, 4 * entry);
    change(RECORD_EDIT, "ann", "ada", 1, "too late");
    assert_int_equal(stored_of("ann"), 5 * entry);
    assert_int_equal(stored_of("ada"), entry + 8);
    flush_all();
    crash();
    free(show_world(10));
}

static void a_file_of_schema_1_gets_counted_what_its_users_have_stored(void **state)
{
    (void)state;
    send("ann", "ada", 1, "h\xc3\xa4llo");
    send("ann", "cyd", 2, "hello");
    send("ada", "ann", 1, "good day");
    change(RECORD_EDIT, "ann", "ada", 1, "bye");
    change(RECORD_DELETE, "ada", "ann", 2, "");
    flush_all();
    close_world();
    for (int i = 0; i < PARTITIONS; i++) {
        char path[700];
        sqlite3 *database;
        places_file(&world.places, 0, (uint16_t)i, path);
        assert_int_equal(database_open(path, DATABASE_PARTITION, &database), ERR_OK);
        assert_int_equal(database_execute(database,
                                 "ALTER TABLE user DROP COLUMN retention;"
                                 "ALTER TABLE conversation DROP COLUMN horizon_cseq;"
                                 "ALTER TABLE user DROP COLUMN stored_bytes;"
                                 "UPDATE meta SET value = 1 WHERE key = 'schema_version'"),
                ERR_OK);
        database_close(database);
    }
    open_world();
    assert_int_equal(stored_of("ann"), 3 * STORED_ENTRY_BYTES + 3 + 5 + 3);
    free(show_world(10));
    send("ann", "ada", 3, "goes on");
    flush_all();
    crash();
    free(show_world(10));
}

static void what_there_is_no_room_for_is_answered_only_if_it_was_applied_before(void **state)
{
    (void)state;
    send("ann", "ada", 1, "first");
    struct record record = send_record("ann", "ada", 1, "first");
    record.type = RECORD_AGAIN;
    struct applied again = apply(&record);
    assert_int_equal(again.outcome, ERR_OK);
    assert_true(again.is_duplicate && again.cseq == 1 && !again.has_event);
    record.text = bytes_of("other");
    assert_int_equal(apply(&record).outcome, ERR_CONFLICT);
    record.counter = 2;
    assert_int_equal(apply(&record).outcome, ERR_TOO_LARGE);
    record.cseq = 1; // as an edit
    assert_int_equal(apply(&record).outcome, ERR_TOO_LARGE);
    record.peer = bytes_of("cyd"); // to whom there is no conversation, nor will be one
    assert_int_equal(apply(&record).outcome, ERR_TOO_LARGE);
    char *shown = show_world(10);
    assert_null(strstr(shown, "other"));
    assert_null(strstr(shown, "head cyd"));
    free(shown);
    struct record edit = send_record("ann", "ada", 7, "second");
    edit.type = RECORD_EDIT;
    edit.cseq = 1;
    assert_int_equal(apply(&edit).cseq, 2);
    edit.type = RECORD_AGAIN;
    again = apply(&edit);
    assert_int_equal(again.outcome, ERR_OK);
    assert_int_equal(again.cseq, 2);
}

static void blocking_refuses_both_directions_without_a_trace(void **state)
{
    struct record block = { .type = RECORD_BLOCK,
        .user = bytes_of("ada"),
        .peer = bytes_of("ann"),
        .flags = 1 };
    struct names_page names;

    (void)state;
    send("ann", "ada", 1, "hello");
    apply(&block);
    assert_int_equal(send("ann", "ada", 2, "again").outcome, ERR_FORBIDDEN);
    assert_int_equal(send("ada", "ann", 1, "me neither").outcome, ERR_FORBIDDEN);
    assert_int_equal(send("ann", "ada", 1, "hello").cseq, 1); // repeating is no new message
    assert_int_equal(read_blocked(home(block.user), block.user, &names), ERR_OK);
    assert_int_equal(names.count, 1);
    arena_finish(&names.arena);
    block.flags = 0;
    apply(&block);
    assert_int_equal(send("ann", "ada", 2, "again").cseq, 2);
}

static void an_invite_gives_its_name_once(void **state)
{
    struct record record = { .type = RECORD_USER_CREATE,
        .user = bytes_of("dan"),
        .secret = bytes_of("hash of the code"),
        .flags = USER_IS_INVITED };

    (void)state;
    assert_int_equal(apply(&record).outcome, ERR_OK);
    record = (struct record){ .type = RECORD_USER_CLAIM,
        .user = bytes_of("dan"),
        .hash = bytes_of("another hash"),
        .secret = bytes_of("password") };
    assert_int_equal(apply(&record).outcome, ERR_FORBIDDEN);
    record.hash = bytes_of("hash of the code");
    flush_all();
    crash();
    assert_int_equal(apply(&record).outcome, ERR_OK);
    assert_int_equal(apply(&record).outcome, ERR_FORBIDDEN);
    record.user = bytes_of("ann");
    assert_int_equal(apply(&record).outcome, ERR_FORBIDDEN);
}

static void names_are_given_once(void **state)
{
    struct record record = { .type = RECORD_USER_CREATE, .user = bytes_of("ann") };

    (void)state;
    assert_int_equal(apply(&record).outcome, ERR_EXISTS);
    record.type = RECORD_USER_STATE;
    record.flags = USER_DELETED;
    assert_int_equal(apply(&record).outcome, ERR_OK);
    record.type = RECORD_USER_CREATE;
    assert_int_equal(apply(&record).outcome, ERR_EXISTS);
}

// Pages of two, each going on where the one before ended.
static void show_search(struct buffer *out, const char *query_text, const char *peer)
{
    struct search_query query = {
        .user = bytes_of("ann"),
        .peer = bytes_of(peer),
        .text = bytes_of(query_text),
        .before = UINT64_MAX,
        .limit = 2,
    };
    struct search_page page = { 0 };

    while (!page.is_complete) {
        assert_int_equal(read_search(home(query.user), &query, &page), ERR_OK);
        for (uint32_t i = 0; i < page.count; i++) {
            buffer_print(out, "%.*s:%.*s ", (int)page.messages[i].peer.size,
                    page.messages[i].peer.data, (int)page.messages[i].text.size,
                    page.messages[i].text.data);
        }
        query.before = page.before;
        arena_finish(&page.arena);
    }
    buffer_add_byte(out, '\0');
}

static void search_finds_the_newest_first_in_all_conversations(void **state)
{
    struct buffer all = { 0 }, one = { 0 };

    (void)state;
    send("ann", "ada", 1, "Grüße 1");
    send("cyd", "ann", 1, "GRÜSSE 2");
    send("ann", "ada", 2, "something else");
    flush_all();
    send("ada", "ann", 1, "viele grüsse 3");
    send("ann", "cyd", 3, "grüße 4");
    change(RECORD_DELETE, "ann", "cyd", 2, "");
    send("ann", "ada", 4, "Grüße 5");
    show_search(&all, "grüße", "");
    assert_string_equal(all.data, "ada:Grüße 5 ada:viele grüsse 3 cyd:GRÜSSE 2 ada:Grüße 1 ");
    show_search(&one, "GRÜSSE", "ada");
    assert_string_equal(one.data, "ada:Grüße 5 ada:viele grüsse 3 ada:Grüße 1 ");
    buffer_finish(&all);
    buffer_finish(&one);
}

static void random_step(unsigned *seed)
{
    static const char *const names[] = { "ann", "ada", "cyd" };
    static uint64_t counters[3];
    int from = rand_r(seed) % 3, to = (from + 1 + rand_r(seed) % 2) % 3;
    int kind = rand_r(seed) % 20;
    char text[40];
    struct record record;

    snprintf(text, sizeof(text), "text %d", rand_r(seed) % 1000);
    record = send_record(names[from], names[to], ++counters[from], text);
    if (kind < 2 && counters[from] > 3) {
        record.counter -= 3; // a retry, or a conflict
    } else if (kind < 5) {
        record.type = kind == 2 ? RECORD_DELETE : RECORD_EDIT;
        record.cseq = 1 + (uint64_t)(rand_r(seed) % 30);
    } else if (kind < 9) {
        record.type = kind < 7 ? RECORD_DELIVERED : RECORD_READ;
        record.cseq = 1 + (uint64_t)(rand_r(seed) % 40);
    } else if (kind == 9) {
        record.type = RECORD_BLOCK;
        record.flags = (uint64_t)(rand_r(seed) % 4 == 0);
    } else if (kind == 10) {
        record.type = RECORD_AGAIN;
    }
    if (record.type != RECORD_SEND && record.type != RECORD_EDIT && record.type != RECORD_AGAIN) {
        record.text = (struct bytes){ 0 };
    }
    apply(&record);
}

// The heart: whatever was flushed when, and wherever the process died, the same log gives the same
// answers to every question.
static void flushes_and_crashes_at_any_step_change_nothing(void **state)
{
    (void)state;
    for (unsigned round = 1; round <= 40; round++) {
        unsigned seed = round;
        set_up(state);
        for (int step = 0; step < 150; step++) {
            random_step(&seed);
            if (rand_r(&seed) % 25 == 0) {
                assert_int_equal(partition_flush(world.partitions[rand_r(&seed) % 2]), ERR_OK);
            }
            if (rand_r(&seed) % 60 == 0) {
                char *before = show_world(1 + (uint32_t)(rand_r(&seed) % 9));
                partition_shed(world.partitions[0]);
                crash();
                char *after = show_world(1000);
                assert_string_equal(before, after);
                free(before);
                free(after);
            }
        }
        tear_down(state);
    }
}

static void a_flipped_bit_is_named_and_takes_only_its_partition(void **state)
{
    char path[700], text[200];
    struct history_page page;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (uint64_t i = 1; i <= 200; i++) {
        send("ann", "ada", i, text);
        send("cyd", "ada", i, text);
    }
    flush_all();
    close_world();
    uint16_t damaged = name_partition(bytes_of("ann"), PARTITIONS);
    places_file(&world.places, 0, damaged, path);
    FILE *file = fopen(path, "r+");
    for (long offset = 4096 + 2000; fseek(file, offset, SEEK_SET) == 0 && fgetc(file) != EOF;
            offset += 4096) {
        fseek(file, offset, SEEK_SET);
        fputc(0x5a, file);
    }
    fclose(file);
    open_world();
    log_set_level(LOG_ERROR);
    const struct history_query query = { .user = bytes_of("ann"),
        .peer = bytes_of("ada"),
        .limit = 50 };
    assert_int_equal(read_history(world.partitions[damaged], &query, &page), ERR_UNAVAILABLE);
    assert_int_equal(partition_state(world.partitions[damaged]), PARTITION_QUARANTINED);
    assert_non_null(strstr(partition_reason(world.partitions[damaged]), path));
    assert_int_equal(partition_state(world.partitions[1 - damaged]), PARTITION_OPEN);
}

int main(void)
{
    database_global_init();
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(sends_are_numbered_densely_and_both_copies_agree),
        CASE(a_repeated_counter_gets_the_original_answer_for_ever),
        CASE(a_send_behind_another_is_applied_only_there),
        CASE(edits_and_deletes_change_their_target_and_leave_an_entry),
        CASE(what_a_user_has_stored_is_the_sum_of_its_own_entries),
        CASE(a_file_of_schema_1_gets_counted_what_its_users_have_stored),
        CASE(what_there_is_no_room_for_is_answered_only_if_it_was_applied_before),
        CASE(blocking_refuses_both_directions_without_a_trace),
        CASE(names_are_given_once),
        CASE(an_invite_gives_its_name_once),
        CASE(search_finds_the_newest_first_in_all_conversations),
        cmocka_unit_test(flushes_and_crashes_at_any_step_change_nothing),
        CASE(a_flipped_bit_is_named_and_takes_only_its_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
// One side's history begins later; both sides go on alike.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "disk/database.h"
#include "partition/partition_world.h"
#include "partition/read.h"
#include "partition/residence.h"
#include "shared/history_digest.h"
#include "shared/limits.h"

static struct applied expire(const char *user, const char *peer, uint64_t floor)
{
    const struct record record = {
        .type = RECORD_EXPIRE,
        .user = bytes_of(user),
        .peer = bytes_of(peer),
        .cseq = floor,
    };

    return apply(&record);
}

static struct conversation *copy_of(const char *user, const char *peer)
{
    struct partition *partition = home(bytes_of(user));
    struct conversation *conversation;
    struct user *owner;

    assert_int_equal(residence_user(partition, bytes_of(user), &owner), ERR_OK);
    assert_int_equal(residence_conversation(partition, owner, bytes_of(peer), &conversation),
            ERR_OK);
    return conversation;
}

struct recount {
    const struct conversation *conversation;
    uint64_t digest;
    uint64_t count;
};

static enum err recount_row(void *context, const struct message *row)
{
    struct recount *recount = context;
    const struct conversation *conversation = recount->conversation;
    const struct history_entry entry = {
        .seq = row->cseq,
        .ts = row->ts,
        .target = row->target,
        .text_hash = row->text_hash != 0 ? row->text_hash : history_text_hash(row->text),
        .from = name_bytes(conversation->senders[row->sender].is_owner ? &conversation->owner->name
                                                                       : &conversation->peer),
        .kind = row->kind,
    };

    recount->digest = history_next_digest(recount->digest, &entry);
    recount->count++;
    return ERR_OK;
}

// What the copy keeps, from the digest at its floor on, comes to the digest of both.
static uint64_t check_copy(const char *user, const char *peer)
{
    struct conversation *conversation = copy_of(user, peer);
    struct recount recount = { conversation, conversation->floor_digest, 0 };

    assert_int_equal(rows_visit(home(bytes_of(user)), conversation, 1, UINT64_MAX - 1, recount_row,
                             &recount),
            ERR_OK);
    assert_int_equal(recount.count, conversation->head_cseq + 1 - conversation->floor_cseq);
    assert_true(recount.digest == conversation->digest);
    assert_true(conversation->floor_cseq <= conversation->horizon_cseq);
    return recount.count;
}

static void clean_all(uint64_t *rows)
{
    struct cleaned cleaned;

    for (uint16_t i = 0; i < PARTITIONS; i++) {
        do {
            assert_int_equal(partition_clean(world.partitions[i], &cleaned), ERR_OK);
            *rows += cleaned.rows;
        } while (!cleaned.is_done);
    }
}

static void one_copy_begins_later_and_the_other_is_whole(void **state)
{
    uint64_t rows = 0;

    (void)state;
    for (uint64_t i = 1; i <= 60; i++) {
        send("ann", "ada", i, "hers");
        send("ada", "ann", i, "his");
        if (i == 40) {
            flush_all();
        }
    }
    for (int round = 0; round < 3; round++) {
        expire("ann", "ada", 30 + 40 * (uint64_t)round); // in the file, around its end, in memory
        char *before = show_world(7);
        assert_int_equal(check_copy("ann", "ada"), 120 - 29 - 40 * round);
        assert_int_equal(check_copy("ada", "ann"), 120);
        crash();
        char *after = show_world(7);
        assert_string_equal(before, after);
        free(before);
        free(after);
        if (round == 1) {
            clean_all(&rows);
            assert_int_equal(rows, 69);
        }
    }
    clean_all(&rows);
    assert_int_equal(rows, 109);
    crash();
    assert_int_equal(check_copy("ann", "ada"), 11);
    assert_int_equal(check_copy("ada", "ann"), 120);
    expire("ann", "ada", 5000); // no further than to its end
    assert_int_equal(check_copy("ann", "ada"), 0);
    assert_int_equal(send("ann", "ada", 100, "goes on").cseq, 121);
    crash();
    assert_int_equal(check_copy("ann", "ada"), 1);
}

static void a_send_from_before_the_horizon_is_refused_and_never_doubled(void **state)
{
    char text[32];

    (void)state;
    for (uint64_t i = 1; i <= 3000; i++) {
        snprintf(text, sizeof(text), "text %d", (int)i);
        assert_int_equal(send("ann", "ada", i, text).cseq, i);
    }
    flush_all();
    expire("ada", "ann", 2001); // the receiver's copy
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 1; i <= 3000; i += 13) {
            snprintf(text, sizeof(text), "text %d", (int)i);
            struct applied again = send("ann", "ada", i, text);
            assert_int_equal(again.outcome, i <= 2000 ? ERR_CONFLICT : ERR_OK);
            assert_int_equal(again.last, i <= 2000 ? 3000 : again.last);
            assert_true(i <= 2000 || (again.is_duplicate && again.cseq == i));
        }
        uint64_t rows = 0;
        clean_all(&rows);
        assert_int_equal(rows, round == 0 ? 2000 : 0);
        crash();
    }
    assert_int_equal(copy_of("ann", "ada")->head_cseq, 3000);
}

static void an_edit_of_what_one_side_has_no_more_leaves_both_alike(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 20; i++) {
        send("ann", "ada", i, "text");
    }
    expire("ada", "ann", 15);
    change(RECORD_EDIT, "ann", "ada", 3, "other");
    change(RECORD_DELETE, "ann", "ada", 4, "");
    change(RECORD_EDIT, "ann", "ada", 16, "other");
    for (int round = 0; round < 2; round++) {
        check_copy("ann", "ada");
        check_copy("ada", "ann");
        flush_all();
        crash();
    }
}

static void expired_entries_are_found_slice_by_slice(void **state)
{
    struct expiry_query query = { .now_ms = 5000000, .retention_s = 1 };
    uint64_t steps = 0;

    (void)state;
    for (uint64_t i = 1; i <= 2500; i++) {
        struct record record = send_record("ann", "ada", i, "text");
        record.ts = 1000 * i;
        apply(&record);
    }
    flush_all();
    query.now_ms = 2001 * 1000; // all before the 2,000th are older than a second
    struct partition *partition = home(bytes_of("ann"));
    struct expiry found;
    do {
        assert_int_equal(read_expired(partition, &query, &found), ERR_OK);
        if (found.floor_cseq != 0) {
            assert_true(bytes_equal(name_bytes(&found.user), bytes_of("ann")));
            expire("ann", "ada", found.floor_cseq);
            steps++;
        }
        query.after_conversation = found.next_conversation;
    } while (!found.is_end);
    assert_int_equal(steps, 2);
    assert_int_equal(copy_of("ann", "ada")->floor_cseq, 2000);
    query = (struct expiry_query){ .now_ms = UINT64_MAX, .retention_s = 0 };
    assert_int_equal(read_expired(partition, &query, &found), ERR_OK);
    assert_true(found.is_end && found.floor_cseq == 0); // for ever
    const struct record own = { .type = RECORD_RETENTION,
        .user = bytes_of("ann"),
        .flags = 1 + 60 };
    assert_int_equal(apply(&own).outcome, ERR_OK); // the file does not know it yet
    query = (struct expiry_query){ .now_ms = 2460 * 1000, .retention_s = 0 };
    assert_int_equal(read_expired(partition, &query, &found), ERR_OK);
    assert_int_equal(found.floor_cseq, 2400);
    crash();
}

static void the_file_becomes_smaller(void **state)
{
    char path[PLACE_PATH_BYTES], text[1000];
    struct stat before, after;
    struct cleaned cleaned = { 0 };
    uint64_t freed = 0;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (uint64_t i = 1; i <= 3000; i++) {
        send("ann", "ada", i, text);
    }
    flush_all();
    struct partition *partition = home(bytes_of("ann"));
    partition_path(partition, path);
    assert_int_equal(stat(path, &before), 0);
    expire("ann", "ada", 2901);
    while (!cleaned.is_done) {
        assert_int_equal(partition_clean(partition, &cleaned), ERR_OK);
        freed += cleaned.bytes;
    }
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(freed, before.st_size - after.st_size);
    assert_true(after.st_size * 10 < before.st_size);
    crash();
    assert_int_equal(check_copy("ann", "ada"), 100);
}

static void whatever_happens_in_whatever_order_a_crash_changes_nothing(void **state)
{
    static const char *const names[] = { "ann", "ada" };
    uint64_t counters[2] = { 0, 0 };

    (void)state;
    srandom(11);
    for (int i = 0; i < 3000; i++) {
        long who = random() % 2, chance = random() % 100;
        const char *from = names[who], *to = names[1 - who];
        if (chance < 60) {
            send(from, to, ++counters[who], "text");
        } else if (chance < 75 && counters[who] > 0) {
            // Again: known, or refused, but never there twice (apply() compares the copies).
            uint64_t counter = 1 + (uint64_t)random() % counters[who];
            struct applied again = send(from, to, counter, "text");
            assert_true(again.is_duplicate || again.outcome == ERR_CONFLICT);
        } else if (chance < 85) {
            change(chance < 80 ? RECORD_EDIT : RECORD_DELETE, from, to,
                    1 + (uint64_t)random() % (counters[0] + counters[1] + 1),
                    chance < 80 ? "new" : "");
        } else if (chance < 93 && counters[0] + counters[1] > 0) {
            struct conversation *copy = copy_of(from, to);
            expire(from, to, copy->floor_cseq + (uint64_t)random() % 30);
        } else if (chance < 96) {
            flush_all();
        } else if (chance < 98) {
            uint64_t rows = 0;
            clean_all(&rows);
        } else if (chance == 98 && counters[0] + counters[1] > 0) {
            char *before = show_world(9);
            crash();
            char *after = show_world(9);
            assert_string_equal(before, after);
            free(before);
            free(after);
            check_copy(from, to);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
        CASE(one_copy_begins_later_and_the_other_is_whole),
        CASE(a_send_from_before_the_horizon_is_refused_and_never_doubled),
        CASE(an_edit_of_what_one_side_has_no_more_leaves_both_alike),
        CASE(expired_entries_are_found_slice_by_slice),
        CASE(the_file_becomes_smaller),
        CASE(whatever_happens_in_whatever_order_a_crash_changes_nothing),
    };

    database_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

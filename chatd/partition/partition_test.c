// SPDX-License-Identifier: MIT
#include "partition/partition.h"

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

// A world of two partitions and the log that feeds them, so that "crash" is: forget the partitions
// and replay the log onto what their files have.
#define PARTITIONS 2
#define RECORDS_MAX 8000

static struct {
    struct partition_settings settings;
    struct partition *partitions[PARTITIONS];
    struct buffer log[RECORDS_MAX];
    uint64_t record_count;
} world;

static struct partition *home(struct bytes user)
{
    return world.partitions[name_partition(user, PARTITIONS)];
}

static void open_world(void)
{
    for (uint16_t i = 0; i < PARTITIONS; i++) {
        world.partitions[i] = partition_create(i, &world.settings);
        assert_non_null(world.partitions[i]);
        partition_open(world.partitions[i]);
    }
}

static void close_world(void)
{
    for (uint16_t i = 0; i < PARTITIONS; i++) {
        partition_destroy(world.partitions[i]);
    }
}

static void apply_at(uint64_t index, const struct record *record, struct applied applied[2])
{
    memset(applied, 0, 2 * sizeof(applied[0]));
    partition_apply(home(record->user), index, record, SIDE_USER, &applied[SIDE_USER]);
    if (record_is_two_sided(record->type)) {
        partition_apply(home(record->peer), index, record, SIDE_PEER, &applied[SIDE_PEER]);
    }
}

// As the log thread and the partitions do it; checks what the cell checks of every record.
static struct applied apply(const struct record *record)
{
    struct applied applied[2];
    struct buffer *line = &world.log[world.record_count++];

    assert_true(world.record_count < RECORDS_MAX);
    record_encode(record, line);
    apply_at(world.record_count, record, applied);
    if (record_is_two_sided(record->type)) {
        assert_int_equal(applied[0].outcome, applied[1].outcome);
        assert_int_equal(applied[0].cseq, applied[1].cseq);
        assert_true(applied[0].digest == applied[1].digest);
    }
    return applied[SIDE_USER];
}

static void crash(void)
{
    close_world();
    open_world();
    for (uint64_t i = 0; i < world.record_count; i++) {
        struct record record;
        struct applied applied[2];
        struct bytes line = { world.log[i].data, (uint32_t)world.log[i].bytes };
        assert_int_equal(record_decode(line, &record), ERR_OK);
        apply_at(i + 1, &record, applied);
    }
}

static void flush_all(void)
{
    for (uint16_t i = 0; i < PARTITIONS; i++) {
        assert_int_equal(partition_flush(world.partitions[i]), ERR_OK);
    }
}

static void add_user(const char *name)
{
    const struct record record = { .type = RECORD_USER_CREATE, .user = bytes_of(name), .ts = 1 };

    assert_int_equal(apply(&record).outcome, ERR_OK);
}

static int set_up(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    memset(&world, 0, sizeof(world));
    strcpy(world.settings.directory, "/tmp/partition_test.XXXXXX");
    world.settings.cell_id = 7;
    world.settings.cache_bytes_max = 20000;
    assert_non_null(mkdtemp(world.settings.directory));
    open_world();
    add_user("ann");
    add_user("ada");
    add_user("cyd");
    return 0;
}

static int tear_down(void **state)
{
    char command[700];

    (void)state;
    close_world();
    for (uint64_t i = 0; i < world.record_count; i++) {
        buffer_finish(&world.log[i]);
    }
    snprintf(command, sizeof(command), "rm -r %s", world.settings.directory);
    return system(command);
}

static struct record send_record(const char *from, const char *to, uint64_t counter,
        const char *text)
{
    return (struct record){
        .type = RECORD_SEND,
        .user = bytes_of(from),
        .peer = bytes_of(to),
        .device = 1000 + (uint64_t)from[0],
        .counter = counter,
        .ts = 1000 + world.record_count,
        .text = bytes_of(text),
    };
}

static struct applied send(const char *from, const char *to, uint64_t counter, const char *text)
{
    const struct record record = send_record(from, to, counter, text);

    return apply(&record);
}

// Everything that a user can see, as text: histories, heads, and all events from a cursor on.
static void show_history(struct buffer *out, const char *user, const char *peer)
{
    const struct history_query query = {
        .user = bytes_of(user),
        .peer = bytes_of(peer),
        .has_after = true,
        .limit = 5000,
    };
    struct history_page page;

    assert_int_equal(read_history(home(query.user), &query, &page), ERR_OK);
    buffer_print(out, "%s/%s head %llu digest %016llx\n", user, peer,
            (unsigned long long)page.head_seq, (unsigned long long)page.digest);
    for (uint32_t i = 0; i < page.count; i++) {
        const struct message_view *message = &page.messages[i];
        assert_int_equal(message->seq, i + 1);
        buffer_print(out, "  %llu @%llu %.*s \"%.*s\" kind %d target %llu%s%s\n",
                (unsigned long long)message->seq, (unsigned long long)message->useq,
                (int)message->from.size, message->from.data, (int)message->text.size,
                message->text.data, message->kind, (unsigned long long)message->target,
                message->is_edited ? " edited" : "", message->is_deleted ? " deleted" : "");
    }
    arena_finish(&page.arena);
}

static void show_heads(struct buffer *out, const char *user)
{
    const struct heads_query query = { .user = bytes_of(user), .before = UINT64_MAX, .limit = 100 };
    struct heads_page page;

    assert_int_equal(read_heads(home(query.user), &query, &page), ERR_OK);
    for (uint32_t i = 0; i < page.count; i++) {
        const struct head_view *head = &page.heads[i];
        buffer_print(out, "  head %.*s %llu read %llu/%llu delivered %llu unread %llu @%llu%s\n",
                (int)head->peer.size, head->peer.data, (unsigned long long)head->seq,
                (unsigned long long)head->read_seq, (unsigned long long)head->peer_read_seq,
                (unsigned long long)head->peer_delivered_seq, (unsigned long long)head->unread,
                (unsigned long long)head->changed_useq, head->is_blocked ? " blocked" : "");
    }
    arena_finish(&page.arena);
}

// Pulls in pages of `count_max`, as a slow client would; checks the order.
static void show_events(struct buffer *out, const char *user, uint64_t after, uint32_t count_max)
{
    struct events_query query = {
        .user = bytes_of(user),
        .after_useq = after,
        .count_max = count_max,
        .bytes_max = 100000,
    };
    struct events_page page;
    bool is_complete = false;

    while (!is_complete) {
        assert_int_equal(read_events(home(query.user), &query, &page), ERR_OK);
        for (uint32_t i = 0; i < page.count; i++) {
            const struct event_view *event = &page.events[i];
            assert_true(event->useq > query.after_useq);
            query.after_useq = event->useq;
            buffer_print(out, "  event @%llu kind %d seq %llu\n", (unsigned long long)event->useq,
                    event->kind,
                    (unsigned long long)(event->kind == EVENT_MESSAGE ? event->message.seq : 0));
        }
        is_complete = page.is_complete;
        query.after_useq = page.upto;
        arena_finish(&page.arena);
    }
}

// What the user has stored is kept along the way, in memory and file; here it is counted anew.
static uint64_t count_stored(const char *user)
{
    static const char *const names[] = { "ann", "ada", "cyd" };
    uint64_t stored = 0;

    for (int i = 0; i < 3; i++) {
        const struct history_query query = { .user = bytes_of(user),
            .peer = bytes_of(names[i]),
            .has_after = true,
            .limit = 5000 };
        struct history_page page;
        assert_int_equal(read_history(home(query.user), &query, &page), ERR_OK);
        for (uint32_t j = 0; j < page.count; j++) {
            if (bytes_equal(page.messages[j].from, query.user)) {
                stored += STORED_ENTRY_BYTES + page.messages[j].text.size;
            }
        }
        arena_finish(&page.arena);
    }
    return stored;
}

static uint64_t stored_of(const char *user)
{
    struct account_page page;

    assert_int_equal(read_account(home(bytes_of(user)), bytes_of(user), &page), ERR_OK);
    arena_finish(&page.arena);
    return page.stored_bytes;
}

static char *show_world(uint32_t events_per_page)
{
    static const char *const names[] = { "ann", "ada", "cyd" };
    struct buffer out = { 0 };

    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            if (i != j) {
                show_history(&out, names[i], names[j]);
            }
        }
        assert_int_equal(stored_of(names[i]), count_stored(names[i]));
        show_heads(&out, names[i]);
        show_events(&out, names[i], 0, events_per_page);
        show_events(&out, names[i], world.record_count / 5, events_per_page);
    }
    buffer_add_byte(&out, '\0');
    return out.data;
}

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

static struct applied change(enum record_type type, const char *from, const char *to, uint64_t seq,
        const char *text)
{
    struct record record = send_record(from, to, 0, text);

    record.type = type;
    record.cseq = seq;
    return apply(&record);
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
        snprintf(path, sizeof(path), "%s/p%03d.db", world.settings.directory, i);
        assert_int_equal(database_open(path, DATABASE_PARTITION, &database), ERR_OK);
        assert_int_equal(database_execute(database,
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
    snprintf(path, sizeof(path), "%s/p%03u.db", world.settings.directory, damaged);
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

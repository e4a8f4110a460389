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

struct partition_world world;

struct partition *home(struct bytes user)
{
    return world.partitions[name_partition(user, PARTITIONS)];
}

void open_world(void)
{
    for (uint16_t i = 0; i < PARTITIONS; i++) {
        world.partitions[i] = partition_create(i, &world.settings);
        assert_non_null(world.partitions[i]);
        partition_open(world.partitions[i]);
    }
}

void close_world(void)
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
struct applied apply(const struct record *record)
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

void crash(void)
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

void flush_all(void)
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

int set_up(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    memset(&world, 0, sizeof(world));
    strcpy(world.directory, "/tmp/partition_test.XXXXXX");
    places_init(&world.places);
    world.settings.places = &world.places;
    world.settings.cell_id = 7;
    world.settings.cache_bytes_max = 20000;
    assert_non_null(mkdtemp(world.directory));
    assert_int_equal(places_add(&world.places, world.directory), ERR_OK);
    assert_int_equal(places_open_known(&world.places, PARTITIONS), ERR_OK);
    open_world();
    add_user("ann");
    add_user("ada");
    add_user("cyd");
    return 0;
}

int tear_down(void **state)
{
    char command[700];

    (void)state;
    close_world();
    for (uint64_t i = 0; i < world.record_count; i++) {
        buffer_finish(&world.log[i]);
    }
    places_finish(&world.places);
    snprintf(command, sizeof(command), "rm -r %s", world.directory);
    return system(command);
}

struct record send_record(const char *from, const char *to, uint64_t counter, const char *text)
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

struct applied send(const char *from, const char *to, uint64_t counter, const char *text)
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
        assert_int_equal(message->seq, page.messages[0].seq + i);
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

uint64_t stored_of(const char *user)
{
    struct account_page page;

    assert_int_equal(read_account(home(bytes_of(user)), bytes_of(user), &page), ERR_OK);
    arena_finish(&page.arena);
    return page.stored_bytes;
}

char *show_world(uint32_t events_per_page)
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

struct applied change(enum record_type type, const char *from, const char *to, uint64_t seq,
        const char *text)
{
    struct record record = send_record(from, to, 0, text);

    record.type = type;
    record.cseq = seq;
    return apply(&record);
}

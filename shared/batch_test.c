// SPDX-License-Identifier: MIT
#include "shared/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/name.h"

#define PARTITIONS 900

static struct record send_record(uint64_t counter, struct bytes text)
{
    return (struct record){
        .type = RECORD_SEND,
        .user = bytes_of("ann"),
        .peer = bytes_of("ben"),
        .device = 7,
        .counter = counter,
        .ts = 1790000000123ULL,
        .text = text,
    };
}

static struct bytes body_of(const struct batch *batch)
{
    return (struct bytes){ batch->body.data, (uint32_t)batch->body.bytes };
}

static enum err parse_exactly(struct bytes body)
{
    char *copy = malloc(body.size == 0 ? 1 : body.size);
    struct batch *batch = NULL;

    assert_non_null(copy);
    memcpy(copy, body.data, body.size);
    enum err err = batch_parse(1, (struct bytes){ copy, body.size }, PARTITIONS, &batch);
    assert_int_equal(err == ERR_OK, batch != NULL);
    free(copy);
    batch_destroy(batch);
    return err;
}

static void what_was_built_is_parsed_again(void **state)
{
    struct batch *batch = batch_create(), *parsed = NULL;
    struct record seen = { .type = RECORD_SEEN, .user = bytes_of("cyd"), .device = 3, .ts = 9 };
    struct record record, found;

    (void)state;
    assert_non_null(batch);
    for (uint64_t i = 0; i < 200; i++) {
        record = send_record(i, bytes_of(i % 2 == 0 ? "" : "hello"));
        assert_int_equal(batch_add(batch, i % 10 == 0 ? &seen : &record, PARTITIONS), ERR_OK);
    }
    assert_int_equal(batch_parse(42, body_of(batch), PARTITIONS, &parsed), ERR_OK);
    assert_int_equal(parsed->index, 42);
    assert_int_equal(parsed->count, 200);
    for (uint32_t i = 0; i < parsed->count; i++) {
        assert_true(bytes_equal(batch_record(parsed, i), batch_record(batch, i)));
        assert_memory_equal(parsed->entries[i].partitions, batch->entries[i].partitions,
                sizeof(batch->entries[i].partitions));
        assert_int_equal(record_decode(batch_record(parsed, i), &found), ERR_OK);
        assert_int_equal(found.type, i % 10 == 0 ? RECORD_SEEN : RECORD_SEND);
        assert_int_equal(found.counter, i % 10 == 0 ? 0 : i);
    }
    batch_destroy(batch);
    batch_destroy(parsed);
}

static void an_entry_names_the_partitions_of_its_sides(void **state)
{
    struct batch *batch = batch_create();
    struct record send = send_record(1, bytes_of("x"));
    struct record seen = { .type = RECORD_SEEN, .user = bytes_of("cyd") };

    (void)state;
    assert_int_equal(batch_add(batch, &send, PARTITIONS), ERR_OK);
    assert_int_equal(batch_add(batch, &seen, PARTITIONS), ERR_OK);
    assert_int_equal(batch->entries[0].partitions[SIDE_USER],
            name_partition(bytes_of("ann"), PARTITIONS));
    assert_int_equal(batch->entries[0].partitions[SIDE_PEER],
            name_partition(bytes_of("ben"), PARTITIONS));
    assert_int_equal(batch->entries[1].partitions[SIDE_USER],
            name_partition(bytes_of("cyd"), PARTITIONS));
    assert_int_equal(batch->entries[1].partitions[SIDE_PEER], PARTITION_NONE);
    batch_destroy(batch);
}

static void a_batch_full_by_count_is_busy_and_unchanged(void **state)
{
    struct batch *batch = batch_create();
    struct record record = send_record(1, bytes_of("x"));

    (void)state;
    for (int i = 0; i < BATCH_RECORDS_MAX; i++) {
        assert_int_equal(batch_add(batch, &record, PARTITIONS), ERR_OK);
    }
    size_t bytes = batch->body.bytes;
    assert_int_equal(batch_add(batch, &record, PARTITIONS), ERR_BUSY);
    assert_int_equal(batch->count, BATCH_RECORDS_MAX);
    assert_int_equal(batch->body.bytes, bytes);
    assert_int_equal(parse_exactly(body_of(batch)), ERR_OK);
    batch_destroy(batch);
}

static void a_batch_full_by_bytes_is_busy_and_unchanged(void **state)
{
    static char text[TEXT_BYTES_MAX];
    struct batch *batch = batch_create();
    struct record record = send_record(1, (struct bytes){ text, sizeof(text) });
    enum err err;

    (void)state;
    while ((err = batch_add(batch, &record, PARTITIONS)) == ERR_OK) {
        assert_true(batch->body.bytes <= BATCH_BYTES_MAX);
    }
    assert_int_equal(err, ERR_BUSY);
    // Busy only when the largest record might not have fitted.
    assert_true(batch->body.bytes + RECORD_BYTES_MAX > BATCH_BYTES_MAX);
    uint32_t count = batch->count;
    size_t bytes = batch->body.bytes;
    assert_int_equal(batch_add(batch, &record, PARTITIONS), ERR_BUSY);
    assert_int_equal(batch->count, count);
    assert_int_equal(batch->body.bytes, bytes);
    assert_int_equal(parse_exactly(body_of(batch)), ERR_OK);
    batch_destroy(batch);
}

static void a_body_cut_short_within_a_record_is_refused(void **state)
{
    struct batch *batch = batch_create();

    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        struct record record = send_record(i, bytes_of("hello"));
        assert_int_equal(batch_add(batch, &record, PARTITIONS), ERR_OK);
    }
    for (uint32_t bytes = 0; bytes <= batch->body.bytes; bytes++) {
        bool is_boundary = bytes == 0;
        for (uint32_t i = 0; i < batch->count; i++) {
            is_boundary |= bytes == batch->entries[i].offset + batch->entries[i].size;
        }
        assert_int_equal(parse_exactly((struct bytes){ batch->body.data, bytes }),
                is_boundary ? ERR_OK : ERR_DAMAGED);
    }
    batch_destroy(batch);
}

static void a_changed_length_is_refused(void **state)
{
    struct batch *batch = batch_create();
    struct record record = send_record(1, bytes_of("hello"));

    (void)state;
    assert_int_equal(batch_add(batch, &record, PARTITIONS), ERR_OK);
    assert_int_equal(batch_add(batch, &record, PARTITIONS), ERR_OK);
    for (size_t i = 0; i < 3; i++) {
        for (int bit = 0; bit < 8; bit++) {
            batch->body.data[i] = (char)(batch->body.data[i] ^ (1 << bit));
            assert_int_equal(parse_exactly(body_of(batch)), ERR_DAMAGED);
            batch->body.data[i] = (char)(batch->body.data[i] ^ (1 << bit));
        }
    }
    batch_destroy(batch);
}

static void more_records_than_a_batch_holds_are_refused(void **state)
{
    struct batch *batch = batch_create();
    struct record record = send_record(1, bytes_of("x"));
    struct buffer body = { 0 };

    (void)state;
    assert_int_equal(batch_add(batch, &record, PARTITIONS), ERR_OK);
    for (int i = 0; i < BATCH_RECORDS_MAX + 1; i++) {
        buffer_add(&body, batch->body.data, batch->body.bytes);
    }
    assert_int_equal(parse_exactly((struct bytes){ body.data, (uint32_t)body.bytes }), ERR_DAMAGED);
    buffer_finish(&body);
    batch_destroy(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_built_is_parsed_again),
        cmocka_unit_test(an_entry_names_the_partitions_of_its_sides),
        cmocka_unit_test(a_batch_full_by_count_is_busy_and_unchanged),
        cmocka_unit_test(a_batch_full_by_bytes_is_busy_and_unchanged),
        cmocka_unit_test(a_body_cut_short_within_a_record_is_refused),
        cmocka_unit_test(a_changed_length_is_refused),
        cmocka_unit_test(more_records_than_a_batch_holds_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

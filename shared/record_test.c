// SPDX-License-Identifier: MIT
#include "shared/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/limits.h"

// Every field set, each to another value, with numbers on both sides of the varint's seven bits.
static struct record full_record(enum record_type type)
{
    return (struct record){
        .type = type,
        .user = bytes_of("ann"),
        .peer = bytes_of("ben-the-second"),
        .device = 0xffffffffffffULL,
        .counter = 127,
        .after = 128,
        .cseq = 16384,
        .useq = UINT64_MAX,
        .ts = 1790000000123ULL,
        .flags = 1,
        .text = bytes_of("na\xc3\xafve \"text\"\n"),
        .label = bytes_of(""),
        .hash = { "\0\1\2\3", 4 },
        .secret = bytes_of("scrypt$15$8$3$aa$bb"),
    };
}

// A copy of exactly these bytes on the heap, so that a read past the end is noticed.
static char *copy_exactly(const char *data, size_t bytes)
{
    char *copy = malloc(bytes == 0 ? 1 : bytes);

    assert_non_null(copy);
    memcpy(copy, data, bytes);
    return copy;
}

static enum err decode_exactly(const char *data, size_t bytes, struct record *record)
{
    char *copy = copy_exactly(data, bytes);
    enum err err = record_decode((struct bytes){ copy, (uint32_t)bytes }, record);

    free(copy);
    return err;
}

// A field that a type does not carry reads as nothing.
static void assert_same_or_absent_number(uint64_t found, uint64_t expected, unsigned *count)
{
    assert_true(found == expected || found == 0);
    *count += found == expected;
}

static void assert_same_or_absent_bytes(struct bytes found, struct bytes expected, unsigned *count)
{
    assert_true(found.data == NULL || bytes_equal(found, expected));
    *count += found.data != NULL;
}

static void every_type_survives_the_round_trip(void **state)
{
    // How many fields each type carries besides its user (record.h).
    static const unsigned field_counts[RECORD_TYPE_COUNT] = { 0, 3, 2, 3, 5, 2, 2, 2, 6, 6, 5, 5, 2,
        2, 3, 6, 5, 2, 1 };

    (void)state;
    for (enum record_type type = 1; type < RECORD_TYPE_COUNT; type++) {
        struct record record = full_record(type), found;
        struct buffer out = { 0 }, again = { 0 };
        unsigned count = 0;
        record_encode(&record, &out);
        assert_int_equal(record_decode((struct bytes){ out.data, (uint32_t)out.bytes }, &found),
                ERR_OK);
        assert_int_equal(found.type, type);
        assert_true(bytes_equal(found.user, record.user));
        assert_same_or_absent_bytes(found.peer, record.peer, &count);
        assert_same_or_absent_number(found.device, record.device, &count);
        assert_same_or_absent_number(found.counter, record.counter, &count);
        assert_same_or_absent_number(found.after, record.after, &count);
        assert_same_or_absent_number(found.cseq, record.cseq, &count);
        assert_same_or_absent_number(found.useq, record.useq, &count);
        assert_same_or_absent_number(found.ts, record.ts, &count);
        assert_same_or_absent_number(found.flags, record.flags, &count);
        assert_same_or_absent_bytes(found.text, record.text, &count);
        assert_same_or_absent_bytes(found.label, record.label, &count);
        assert_same_or_absent_bytes(found.hash, record.hash, &count);
        assert_same_or_absent_bytes(found.secret, record.secret, &count);
        assert_int_equal(count, field_counts[type]);
        assert_int_equal(record_is_two_sided(type), found.peer.data != NULL);
        record_encode(&found, &again);
        assert_int_equal(again.bytes, out.bytes);
        assert_memory_equal(again.data, out.data, out.bytes);
        buffer_finish(&out);
        buffer_finish(&again);
    }
}

static void every_type_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (enum record_type a = 1; a < RECORD_TYPE_COUNT; a++) {
        for (enum record_type b = 1; b < a; b++) {
            assert_string_not_equal(record_type_name(a), record_type_name(b));
        }
    }
}

static void every_truncation_and_every_extra_byte_is_refused(void **state)
{
    (void)state;
    for (enum record_type type = 1; type < RECORD_TYPE_COUNT; type++) {
        struct record record = full_record(type), found;
        struct buffer out = { 0 };
        record_encode(&record, &out);
        for (size_t bytes = 0; bytes < out.bytes; bytes++) {
            assert_int_equal(decode_exactly(out.data, bytes, &found), ERR_DAMAGED);
        }
        buffer_add_byte(&out, '\0');
        assert_int_equal(decode_exactly(out.data, out.bytes, &found), ERR_DAMAGED);
        buffer_finish(&out);
    }
}

static void unknown_types_and_versions_are_refused(void **state)
{
    struct record record = full_record(RECORD_SEEN), found;
    struct buffer out = { 0 };

    (void)state;
    record_encode(&record, &out);
    for (int byte = 0; byte < 256; byte++) {
        out.data[0] = (char)byte;
        assert_int_equal(decode_exactly(out.data, out.bytes, &found) == ERR_OK,
                byte == RECORD_VERSION);
    }
    out.data[0] = RECORD_VERSION;
    out.data[1] = 0;
    assert_int_equal(decode_exactly(out.data, out.bytes, &found), ERR_DAMAGED);
    for (int byte = RECORD_TYPE_COUNT; byte < 256; byte++) {
        out.data[1] = (char)byte;
        assert_int_equal(decode_exactly(out.data, out.bytes, &found), ERR_DAMAGED);
    }
    buffer_finish(&out);
}

static void a_length_beyond_the_record_is_refused(void **state)
{
    static const char *const lengths[] = { "\x04", "\xff\x01", "\xff\xff\xff\xff\x0f",
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" };
    struct record found;

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct buffer out = { 0 };
        buffer_add_byte(&out, RECORD_VERSION);
        buffer_add_byte(&out, RECORD_SEEN);
        buffer_add(&out, lengths[i], strlen(lengths[i]));
        buffer_add_literal(&out, "ann");
        assert_int_equal(decode_exactly(out.data, out.bytes, &found), ERR_DAMAGED);
        buffer_finish(&out);
    }
}

static void assert_lent(struct bytes field, const char *data, size_t bytes)
{
    if (field.size > 0) {
        assert_true(field.data >= data && field.data + field.size <= data + bytes);
    }
}

static void random_bytes_never_lend_from_outside(void **state)
{
    uint64_t random = 88172645463325252ULL;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        char data[64];
        struct record found;
        for (size_t i = 0; i < sizeof(data); i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            data[i] = (char)(random % 3 == 0 ? random >> 8 : (random >> 8) % 8);
        }
        data[0] = RECORD_VERSION;
        data[1] = (char)(round % (RECORD_TYPE_COUNT + 1));
        size_t bytes = (size_t)(random >> 20) % sizeof(data);
        char *copy = copy_exactly(data, bytes);
        if (record_decode((struct bytes){ copy, (uint32_t)bytes }, &found) == ERR_OK) {
            assert_lent(found.user, copy, bytes);
            assert_lent(found.peer, copy, bytes);
            assert_lent(found.text, copy, bytes);
            assert_lent(found.label, copy, bytes);
            assert_lent(found.hash, copy, bytes);
            assert_lent(found.secret, copy, bytes);
        }
        free(copy);
    }
}

static void the_largest_record_is_within_its_limit(void **state)
{
    static char text[TEXT_BYTES_MAX];
    struct record record = full_record(RECORD_SEND);
    struct buffer out = { 0 };

    (void)state;
    record.user = record.peer = bytes_of("0123456789abcdefghijklmnopqrstuv");
    record.text = (struct bytes){ text, TEXT_BYTES_MAX };
    record.device = record.counter = record.after = record.ts = UINT64_MAX;
    record_encode(&record, &out);
    assert_true(out.bytes <= RECORD_BYTES_MAX);
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_survives_the_round_trip),
        cmocka_unit_test(every_type_has_a_name_of_its_own),
        cmocka_unit_test(every_truncation_and_every_extra_byte_is_refused),
        cmocka_unit_test(unknown_types_and_versions_are_refused),
        cmocka_unit_test(a_length_beyond_the_record_is_refused),
        cmocka_unit_test(random_bytes_never_lend_from_outside),
        cmocka_unit_test(the_largest_record_is_within_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "shared/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct reader reader_of(const struct buffer *buffer)
{
    return (struct reader){ .data = buffer->data, .bytes = buffer->bytes };
}

static void varints_survive_the_round_trip_at_every_length(void **state)
{
    struct buffer buffer = { 0 };

    (void)state;
    for (unsigned bits = 0; bits <= 64; bits++) {
        uint64_t least = bits == 0 ? 0 : 1ULL << (bits - 1);
        uint64_t most = bits == 0 ? 0 : UINT64_MAX >> (64 - bits);
        const uint64_t values[] = { least, least + (most - least) / 3, most };
        for (size_t i = 0; i < 3; i++) {
            buffer_clear(&buffer);
            buffer_add_varint(&buffer, values[i]);
            assert_int_equal(buffer.bytes, bits == 0 ? 1 : (bits + 6) / 7);
            struct reader reader = reader_of(&buffer);
            assert_true(reader_varint(&reader) == values[i]);
            assert_false(reader.has_failed);
            assert_int_equal(reader.position, buffer.bytes);
        }
    }
    buffer_finish(&buffer);
}

static void a_varint_cut_short_fails_and_reads_as_zero(void **state)
{
    struct buffer buffer = { 0 };

    (void)state;
    buffer_add_varint(&buffer, UINT64_MAX);
    for (size_t bytes = 0; bytes < buffer.bytes; bytes++) {
        struct reader reader = { .data = buffer.data, .bytes = bytes };
        assert_int_equal(reader_varint(&reader), 0);
        assert_true(reader.has_failed);
    }
    buffer_finish(&buffer);
}

static void a_varint_of_more_than_64_bits_fails(void **state)
{
    static const struct bytes_and_size {
        const char *data;
        size_t bytes;
    } cases[] = {
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 },
        { "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7e", 10 },
        { "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11 },
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", 11 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reader reader = { .data = cases[i].data, .bytes = cases[i].bytes };
        assert_int_equal(reader_varint(&reader), 0);
        assert_true(reader.has_failed);
    }
}

static void a_failed_reader_stays_failed(void **state)
{
    struct reader reader = { .data = "\x01\x02\x03", .bytes = 3 };

    (void)state;
    assert_int_equal(reader_varint(&reader), 1);
    assert_null(reader_take(&reader, 3));
    assert_true(reader.has_failed);
    assert_int_equal(reader_varint(&reader), 0);
    assert_null(reader_take(&reader, 0));
    assert_null(reader_take(&reader, 1));
}

static void a_reader_lends_up_to_its_end_and_no_further(void **state)
{
    const char *data = "abc";
    struct reader reader = { .data = data, .bytes = 3 };

    (void)state;
    assert_ptr_equal(reader_take(&reader, 0), data);
    assert_ptr_equal(reader_take(&reader, 1), data);
    assert_ptr_equal(reader_take(&reader, 2), data + 1);
    assert_non_null(reader_take(&reader, 0));
    assert_false(reader.has_failed);
    assert_null(reader_take(&reader, 1));
    struct reader again = { .data = data, .bytes = 3, .position = 1 };
    assert_null(reader_take(&again, SIZE_MAX)); // and does not wrap around
}

static void bytes_added_one_by_one_are_kept_in_order(void **state)
{
    struct buffer buffer = { 0 };

    (void)state;
    for (int i = 0; i < 100000; i++) {
        buffer_add_byte(&buffer, (char)(i % 251));
    }
    assert_true(buffer_is_whole(&buffer));
    assert_int_equal(buffer.bytes, 100000);
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(buffer.data[i], (char)(i % 251));
    }
    buffer_finish(&buffer);
    assert_null(buffer.data);
    buffer_finish(&buffer);
}

static void reserved_room_is_not_counted(void **state)
{
    struct buffer buffer = { 0 };

    (void)state;
    char *room = buffer_reserve(&buffer, 5000);
    assert_non_null(room);
    memset(room, 'x', 5000);
    assert_int_equal(buffer.bytes, 0);
    buffer_add_literal(&buffer, "ab");
    buffer_add(&buffer, NULL, 0);
    assert_int_equal(buffer.bytes, 2);
    assert_memory_equal(buffer.data, "ab", 2);
    const char *data = buffer.data;
    buffer_clear(&buffer);
    assert_int_equal(buffer.bytes, 0);
    assert_ptr_equal(buffer_reserve(&buffer, 5000), data); // memory kept
    buffer_finish(&buffer);
}

static void printing_fits_whatever_length(void **state)
{
    struct buffer buffer = { 0 };

    (void)state;
    for (int width = 1; width < 1000; width += 7) {
        size_t before = buffer.bytes;
        buffer_print(&buffer, "%*d", width, 7);
        assert_int_equal(buffer.bytes, before + (size_t)width);
        assert_int_equal(buffer.data[buffer.bytes - 1], '7');
    }
    buffer_finish(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_survive_the_round_trip_at_every_length),
        cmocka_unit_test(a_varint_cut_short_fails_and_reads_as_zero),
        cmocka_unit_test(a_varint_of_more_than_64_bits_fails),
        cmocka_unit_test(a_failed_reader_stays_failed),
        cmocka_unit_test(a_reader_lends_up_to_its_end_and_no_further),
        cmocka_unit_test(bytes_added_one_by_one_are_kept_in_order),
        cmocka_unit_test(reserved_room_is_not_counted),
        cmocka_unit_test(printing_fits_whatever_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

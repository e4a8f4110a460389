// SPDX-License-Identifier: MIT
#include "shared/import_entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/limits.h"

static const struct import_entry samples[] = {
    { .ts = 1000, .device = 7, .counter = 1, .text = { "one", 3 }, .is_of_user = true },
    { .ts = 1000, .device = 8, .text = { "changed", 7 }, .text_hash = 99, .is_edited = true },
    { .ts = 5000, .device = 8, .target = 2, .kind = MESSAGE_EDIT, .text = { "changed", 7 } },
    { .ts = 5001, .device = 7, .text = { "", 0 }, .text_hash = UINT64_MAX, .is_deleted = true },
    { .ts = 6000, .device = 7, .target = 4, .kind = MESSAGE_DELETE, .text = { "", 0 } },
};
#define SAMPLE_COUNT (sizeof(samples) / sizeof(samples[0]))

static void pack_samples(struct buffer *out)
{
    uint64_t ts = 0;

    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        import_entry_pack(&samples[i], ts, out);
        ts = samples[i].ts;
    }
}

static void entries_survive_the_round_trip(void **state)
{
    struct buffer out = { 0 };
    struct import_entry found;
    uint64_t ts = 0;

    (void)state;
    pack_samples(&out);
    struct reader reader = { .data = out.data, .bytes = out.bytes };
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        assert_int_equal(import_entry_next(&reader, &ts, &found), ERR_OK);
        assert_true(found.ts == samples[i].ts && found.device == samples[i].device);
        assert_true(found.counter == samples[i].counter && found.target == samples[i].target);
        assert_true(found.text_hash == samples[i].text_hash && found.kind == samples[i].kind);
        assert_true(found.is_of_user == samples[i].is_of_user);
        assert_true(found.is_edited == samples[i].is_edited);
        assert_true(found.is_deleted == samples[i].is_deleted);
        assert_true(bytes_equal(found.text, samples[i].text));
    }
    assert_int_equal(import_entry_next(&reader, &ts, &found), ERR_NOT_FOUND);
    buffer_finish(&out);
}

// Cut anywhere, it ends behind a whole entry or is refused; never read past its end (ASan).
static void what_is_cut_short_is_refused(void **state)
{
    struct buffer out = { 0 };

    (void)state;
    pack_samples(&out);
    for (size_t bytes = 0; bytes < out.bytes; bytes++) {
        char *copy = malloc(bytes + 1);
        struct reader reader = { .data = copy, .bytes = bytes };
        struct import_entry found;
        uint64_t ts = 0;
        size_t count = 0;
        enum err err;
        assert_non_null(copy);
        memcpy(copy, out.data, bytes);
        while ((err = import_entry_next(&reader, &ts, &found)) == ERR_OK) {
            count++;
        }
        assert_true(count < SAMPLE_COUNT);
        assert_true(err == ERR_DAMAGED || reader.position == bytes);
        free(copy);
    }
    buffer_finish(&out);
}

static void what_no_entry_can_be_is_refused(void **state)
{
    // A fourth kind; an unknown bit; an edit that is deleted; a deleted one with text.
    static const char *const bad[] = { "\3\1\1\0\0\0", "\100\1\1\0\0", "\21\1\1\0\1\0",
        "\20\1\1\0\1x" };
    static const size_t bytes[] = { 6, 5, 6, 6 };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct reader reader = { .data = bad[i], .bytes = bytes[i] };
        struct import_entry found;
        uint64_t ts = 0;
        assert_int_equal(import_entry_next(&reader, &ts, &found), ERR_DAMAGED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_survive_the_round_trip),
        cmocka_unit_test(what_is_cut_short_is_refused),
        cmocka_unit_test(what_no_entry_can_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

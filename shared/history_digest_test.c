// SPDX-License-Identifier: MIT
#include "shared/history_digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void the_number_is_the_one_that_is_in_files_and_clients(void **state)
{
    struct history_entry entry = {
        .seq = 1,
        .ts = 1764000000000,
        .text_hash = history_text_hash(bytes_of("hello")),
        .from = bytes_of("ann"),
    };

    (void)state;
    uint64_t first = history_next_digest(0, &entry);
    assert_true(first == 0xfad7a41febdc9935U);
    entry.seq = 2;
    entry.kind = MESSAGE_DELETE;
    entry.target = 1;
    entry.text_hash = history_text_hash(bytes_of(""));
    assert_true(history_next_digest(first, &entry) == 0x33e6f8dec955dcf9U);
}

static void every_field_counts(void **state)
{
    const struct history_entry entry = { 7, 8, 9, 10, { "ann", 3 }, MESSAGE_EDIT };
    struct history_entry changed[6] = { entry, entry, entry, entry, entry, entry };
    uint64_t digest = history_next_digest(1, &entry);

    (void)state;
    changed[0].seq++;
    changed[1].ts++;
    changed[2].target++;
    changed[3].text_hash++;
    changed[4].from = bytes_of("anm");
    changed[5].kind = MESSAGE_DELETE;
    for (int i = 0; i < 6; i++) {
        assert_true(history_next_digest(1, &changed[i]) != digest);
    }
    assert_true(history_next_digest(2, &entry) != digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_is_the_one_that_is_in_files_and_clients),
        cmocka_unit_test(every_field_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

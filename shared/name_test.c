// SPDX-License-Identifier: MIT
#include "shared/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void names_follow_the_wire_contract(void **state)
{
    static const struct {
        const char *text;
        bool is_valid;
    } cases[] = {
        { "a", true },
        { "0", true },
        { "z9", true },
        { "a.b_c-d", true },
        { "a-", true },
        { "a..b", true },
        { "0123456789abcdefghijklmnopqrstuv", true },   // 32
        { "0123456789abcdefghijklmnopqrstuvw", false }, // 33
        { "", false },
        { "-a", false },
        { ".a", false },
        { "_a", false },
        { "A", false },
        { "aB", false },
        { "a b", false },
        { "a~b", false },
        { "a/b", false },
        { "a\n", false },
        { "\xc3\xa4", false },
        { "a\xff", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (name_is_valid(bytes_of(cases[i].text)) != cases[i].is_valid) {
            fail_msg("\"%s\" is taken for %s", cases[i].text,
                    cases[i].is_valid ? "invalid" : "valid");
        }
    }
}

static void every_other_byte_is_refused_at_every_place(void **state)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char first[2] = { (char)byte, 'a' };
        char second[2] = { 'a', (char)byte };
        bool is_inner = byte != 0 && strchr("._-", byte) != NULL;
        bool is_allowed = byte != 0 && strchr(allowed, byte) != NULL;
        assert_int_equal(name_is_valid((struct bytes){ first, 2 }), is_allowed);
        assert_int_equal(name_is_valid((struct bytes){ second, 2 }), is_allowed || is_inner);
    }
}

static void a_kept_name_is_terminated_and_equal_to_its_text(void **state)
{
    struct name name = name_of((struct bytes){ "annette", 3 });

    (void)state;
    assert_string_equal(name.text, "ann");
    assert_true(bytes_equal(name_bytes(&name), bytes_of("ann")));
    struct name longest = name_of(bytes_of("0123456789abcdefghijklmnopqrstuv"));
    assert_int_equal(strlen(longest.text), NAME_BYTES_MAX);
}

// XXH32 of the name with seed 0; "a" and "abc" are the algorithm's published vectors, the others
// were computed by an independent implementation. HAProxy must find the same partitions.
static void partitions_are_xxh32_modulo_the_count(void **state)
{
    static const struct {
        const char *name;
        uint32_t hash;
    } cases[] = {
        { "a", 0x550d7456 },
        { "abc", 0x32d153ff },
        { "ann", 2551182947U },
        { "ben", 1655959538U },
        { "a-name-of-twenty-char", 2988537699U },
        { "0123456789abcdef", 3267648361U },
        { "abcdefghijklmnopqrstuvwxyz._-012", 258910539U },
    };
    static const uint16_t counts[] = { 1, 2, 900, 4096 };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t j = 0; j < sizeof(counts) / sizeof(counts[0]); j++) {
            assert_int_equal(name_partition(bytes_of(cases[i].name), counts[j]),
                    cases[i].hash % counts[j]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_follow_the_wire_contract),
        cmocka_unit_test(every_other_byte_is_refused_at_every_place),
        cmocka_unit_test(a_kept_name_is_terminated_and_equal_to_its_text),
        cmocka_unit_test(partitions_are_xxh32_modulo_the_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

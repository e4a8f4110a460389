// SPDX-License-Identifier: MIT
#include "net/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BYTES_MAX 8

// Writes a character the plain way. Returns its length, 0 when it is not one.
static size_t encode(uint32_t character, char *at)
{
    static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t bytes = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

    if (character >= 0xd800 && character <= 0xdfff) {
        return 0;
    }
    for (size_t i = bytes - 1; i > 0; i--) {
        at[i] = (char)(0x80 | (character & 0x3f));
        character >>= 6;
    }
    at[0] = (char)(bytes == 1 ? character : first[bytes] | character);
    return bytes;
}

static void every_character_is_valid_and_every_cut_is_not(void **state)
{
    char text[BYTES_MAX];

    (void)state;
    for (uint32_t character = 0; character <= 0x10ffff; character++) {
        size_t bytes = encode(character, text);

        if (bytes == 0) {
            continue;
        }
        assert_true(utf8_is_valid(text, bytes));
        for (size_t cut = 1; cut < bytes; cut++) {
            assert_false(utf8_is_valid(text, cut));
            assert_false(utf8_is_valid(text + cut, bytes - cut));
        }
    }
}

// All characters being valid, the right number says that nothing else is: there are 128, 1,920
// and 61,440 characters of 1, 2 and 3 bytes, and the strings of 3 bytes are made of those.
static void of_all_strings_of_three_bytes_the_right_number_is_valid(void **state)
{
    const uint32_t expected = 128 * 128 * 128 + 2 * 128 * 1920 + 61440;
    uint32_t found = 0;

    (void)state;
    for (uint32_t value = 0; value < 1u << 24; value++) {
        const char text[3] = { (char)(value >> 16), (char)(value >> 8 & 0xff),
            (char)(value & 0xff) };

        found += utf8_is_valid(text, sizeof(text)) ? 1 : 0;
    }
    assert_int_equal(found, expected);
}

static void what_is_above_the_last_character_is_invalid(void **state)
{
    static const char *const texts[] = { "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf0\x8f\xbf\xbf",
        "\xff", "\xfe", "\xf8\x88\x80\x80\x80" };

    (void)state;
    assert_true(utf8_is_valid("", 0));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_false(utf8_is_valid(texts[i], strlen(texts[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_valid_and_every_cut_is_not),
        cmocka_unit_test(of_all_strings_of_three_bytes_the_right_number_is_valid),
        cmocka_unit_test(what_is_above_the_last_character_is_invalid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "service/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEVICE 0x0123456789abULL

static char text[TOKEN_BYTES_MAX];
static unsigned char stored[TOKEN_HASH_BYTES];

static bool parse_exactly(const char *data, size_t bytes, struct token *token)
{
    char *copy = malloc(bytes == 0 ? 1 : bytes);

    assert_non_null(copy);
    memcpy(copy, data, bytes);
    bool is_token = token_parse((struct bytes){ copy, (uint32_t)bytes }, token);
    free(copy);
    return is_token;
}

static bool is_right(const char *data)
{
    struct token token;
    struct bytes presented = bytes_of(data);

    return token_parse(presented, &token) && bytes_equal(token.user, bytes_of("ann")) &&
            token.device == DEVICE && token_matches(&token, stored);
}

static int make(void **state)
{
    (void)state;
    token_make(bytes_of("ann"), DEVICE, text, stored);
    return 0;
}

static void a_token_made_is_a_token_that_matches(void **state)
{
    static const uint64_t devices[] = { 1, 0xf, 0xffffffffffffULL };
    struct token token;

    (void)state;
    assert_true(is_right(text));
    for (size_t i = 0; i < 3; i++) {
        token_make(bytes_of("0123456789abcdefghijklmnopqrstuv"), devices[i], text, stored);
        assert_true(token_parse(bytes_of(text), &token));
        assert_true(token.device == devices[i]);
        assert_true(bytes_equal(token.user, bytes_of("0123456789abcdefghijklmnopqrstuv")));
        assert_true(token_matches(&token, stored));
    }
}

static void two_tokens_are_never_the_same(void **state)
{
    unsigned char first[TOKEN_HASH_BYTES];
    struct token token;

    (void)state;
    memcpy(first, stored, sizeof(first));
    token_make(bytes_of("ann"), DEVICE, text, stored);
    assert_memory_not_equal(first, stored, sizeof(first));
    assert_true(token_parse(bytes_of(text), &token));
    assert_false(token_matches(&token, first));
}

static void another_character_anywhere_makes_it_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; text[i] != '\0'; i++) {
        char right = text[i];
        for (int c = 1; c < 256; c++) {
            text[i] = (char)c;
            assert_int_equal(is_right(text), (char)c == right);
        }
        text[i] = right;
    }
}

static void a_token_cut_short_or_longer_is_none(void **state)
{
    struct token token;
    size_t bytes = strlen(text);

    (void)state;
    for (size_t i = 0; i < bytes; i++) {
        assert_false(parse_exactly(text, i, &token));
    }
    text[bytes] = 'x';
    assert_false(parse_exactly(text, bytes + 1, &token));
    text[bytes] = '\0';
    assert_false(parse_exactly(text, bytes + 1, &token));
    assert_false(token_parse((struct bytes){ NULL, 0 }, &token));
}

static void what_is_no_token_is_refused(void **state)
{
    static const char *const cases[] = {
        "~",
        "~~",
        "~0123456789ab~0123456789012345678901234567890123456789012",
        "Ann~0123456789ab~0123456789012345678901234567890123456789012",
        "ann~0123456789AB~0123456789012345678901234567890123456789012",
        "ann~0x23456789ab~0123456789012345678901234567890123456789012",
        "ann~ 123456789ab~0123456789012345678901234567890123456789012",
        "ann~-123456789ab~0123456789012345678901234567890123456789012",
        "ann~0123456789a~00123456789012345678901234567890123456789012",
        "ann~0123456789abc~123456789012345678901234567890123456789012",
        "0123456789abcdefghijklmnopqrstuvw~0123456789ab~0123456789012345678901234567890123456789012",
    };
    struct token token;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (parse_exactly(cases[i], strlen(cases[i]), &token)) {
            fail_msg("\"%s\" passes for a token", cases[i]);
        }
    }
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup(function, make)
    const struct CMUnitTest tests[] = {
        CASE(a_token_made_is_a_token_that_matches),
        CASE(two_tokens_are_never_the_same),
        CASE(another_character_anywhere_makes_it_wrong),
        CASE(a_token_cut_short_or_longer_is_none),
        CASE(what_is_no_token_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "shared/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/limits.h"

#define REASON_BYTES 120

// Parses a copy of exactly these bytes, so that a read past the end is noticed.
static struct json *parse_bytes(const char *text, size_t bytes, char reason[REASON_BYTES])
{
    char *copy = malloc(bytes == 0 ? 1 : bytes);

    assert_non_null(copy);
    memcpy(copy, text, bytes);
    reason[0] = '\0';
    struct json *root = json_parse(copy, bytes, reason, REASON_BYTES);
    free(copy);
    return root;
}

static bool is_accepted_bytes(const char *text, size_t bytes)
{
    char reason[REASON_BYTES];
    struct json *root = parse_bytes(text, bytes, reason);

    assert_int_equal(root == NULL, reason[0] != '\0');
    json_destroy(root);
    return root != NULL;
}

static bool is_accepted(const char *text)
{
    return is_accepted_bytes(text, strlen(text));
}

static void assert_all(const char *const texts[], size_t count, bool is_right)
{
    for (size_t i = 0; i < count; i++) {
        if (is_accepted(texts[i]) != is_right) {
            fail_msg("%s is %s", texts[i], is_right ? "refused" : "accepted");
        }
    }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void nest(struct buffer *out, int depth, const char *open, const char *close)
{
    buffer_clear(out);
    for (int i = 0; i < depth; i++) {
        buffer_add(out, open, strlen(open));
    }
    buffer_add_literal(out, "1");
    for (int i = 0; i < depth; i++) {
        buffer_add(out, close, strlen(close));
    }
}

static void nesting_ends_at_the_limit(void **state)
{
    struct buffer text = { 0 };

    (void)state;
    for (int depth = 1; depth < 40; depth++) {
        nest(&text, depth, "[", "]");
        assert_int_equal(is_accepted_bytes(text.data, text.bytes), depth <= JSON_DEPTH_MAX);
        nest(&text, depth, "{\"a\":", "}");
        assert_int_equal(is_accepted_bytes(text.data, text.bytes), depth <= JSON_DEPTH_MAX);
    }
    nest(&text, 1000000, "[", "]");
    assert_false(is_accepted_bytes(text.data, text.bytes));
    buffer_finish(&text);
}

static void brackets_in_strings_and_beside_each_other_are_not_nesting(void **state)
{
    static const char *const right[] = {
        "[\"[[[[[[[[[[[[[[[[[[[[\"]",
        "[\"\\\"[[[[[[[[[[[[[[[[[[[[\"]",
        "{\"{{{{{{{{{{{{{{{{{{{{\":1}",
        "[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]",
    };

    (void)state;
    assert_all(right, COUNT(right), true);
    assert_false(is_accepted("[\"\\\\\",[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"));
}

static void a_key_twice_is_refused_at_every_level(void **state)
{
    static const char *const wrong[] = {
        "{\"a\":1,\"a\":1}",
        "{\"b\":{\"a\":1,\"a\":2}}",
        "[{\"a\":1,\"b\":2,\"a\":3}]",
        "{\"a\":1,\"\\u0061\":2}",
    };

    (void)state;
    assert_all(wrong, COUNT(wrong), false);
    assert_true(is_accepted("{\"a\":1,\"A\":{\"a\":1}}"));
}

static void surrogates_come_in_pairs_or_not_at_all(void **state)
{
    static const char *const wrong[] = { "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800x\"",
        "\"\\ud800\\ud800\"", "\"\\udc00\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udbff\"",
        "\"\\udfff\"", "{\"\\ud800\":1}" };
    char reason[REASON_BYTES];
    struct bytes text = { 0 };

    (void)state;
    assert_all(wrong, COUNT(wrong), false);
    struct json *root = parse_bytes("\"\\ud83d\\ude00\"", 14, reason);
    assert_true(json_read_string(root, &text));
    assert_true(bytes_equal(text, bytes_of("\xf0\x9f\x98\x80")));
    json_destroy(root);
}

static void nul_is_refused_in_every_form(void **state)
{
    (void)state;
    assert_false(is_accepted("\"\\u0000\""));
    assert_false(is_accepted("\"a\\u0000b\""));
    assert_false(is_accepted("{\"\\u0000\":1}"));
    assert_false(is_accepted("{\"a\\u0000\":1}"));
    assert_false(is_accepted_bytes("\"a\0b\"", 5));
    assert_false(is_accepted_bytes("1\0", 2));
    assert_false(is_accepted_bytes("{\"a\":1}\0{\"b\":2}", 15));
    assert_false(is_accepted_bytes("[1,\0002]", 6));
    assert_false(is_accepted_bytes("\0", 1));
}

static void invalid_utf8_is_refused(void **state)
{
    static const char *const wrong[] = {
        "\"\x80\"",
        "\"\xff\"",
        "\"\xc3\"",
        "\"\xc0\xaf\"",         // overlong
        "\"\xe0\x80\xaf\"",     // overlong
        "\"\xf0\x80\x80\xaf\"", // overlong
        "\"\xed\xa0\x80\"",     // a surrogate
        "\"\xed\xbf\xbf\"",     // a surrogate
        "\"\xf4\x90\x80\x80\"", // above U+10FFFF
        "\"\xf5\x80\x80\x80\"",
        "\"\xe2\x82\"",
        "{\"\xff\":1}",
    };
    static const char *const right[] = { "\"\x7f\"", "\"\xc2\x80\"", "\"\xed\x9f\xbf\"",
        "\"\xee\x80\x80\"", "\"\xf4\x8f\xbf\xbf\"" };

    (void)state;
    assert_all(wrong, COUNT(wrong), false);
    assert_all(right, COUNT(right), true);
}

static void what_is_not_json_is_refused(void **state)
{
    static const char *const wrong[] = { "", " ", "nul", "NaN", "Infinity", "01", "+1", "1.", ".5",
        "'a'", "{a:1}", "[1,]", "{\"a\":1,}", "[1 2]", "\"a", "\"\t\"", "\"\\x\"", "1 1", "{} {}",
        "[", "}", "//\n1", "\xef\xbb\xbf[]" };

    (void)state;
    assert_all(wrong, COUNT(wrong), false);
}

static void integers_are_exact_below_two_to_the_53rd(void **state)
{
    static const struct {
        const char *text;
        bool is_right;
        uint64_t number;
    } cases[] = {
        { "0", true, 0 },
        { "1", true, 1 },
        { "9007199254740990", true, 9007199254740990ULL },
        { "9007199254740991", true, JSON_INTEGER_MAX },
        { "9007199254740992", false, 0 },
        { "9223372036854775807", false, 0 },
        { "-1", false, 0 },
        { "-9223372036854775808", false, 0 },
        { "1.0", false, 0 },
        { "1e3", false, 0 },
        { "\"1\"", false, 0 },
        { "true", false, 0 },
        { "null", false, 0 },
        { "[1]", false, 0 },
    };
    char reason[REASON_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t number = 0;
        struct json *root = parse_bytes(cases[i].text, strlen(cases[i].text), reason);
        assert_non_null(root);
        assert_int_equal(json_read_uint(root, &number), cases[i].is_right);
        assert_true(number == cases[i].number); // and 0 is left, where it is none
        json_destroy(root);
    }
}

static void a_number_that_does_not_fit_is_refused(void **state)
{
    static const char *const wrong[] = { "9223372036854775808", "-9223372036854775809",
        "99999999999999999999999999999999", "1e400", "-1e400" };

    (void)state;
    assert_all(wrong, COUNT(wrong), false);
}

static void reading_the_wrong_type_says_so(void **state)
{
    char reason[REASON_BYTES];
    const char *text = "{\"s\":\"x\",\"n\":null,\"t\":true,\"f\":false,\"a\":[1,\"b\"],\"o\":{}}";
    struct json *root = parse_bytes(text, strlen(text), reason);
    struct bytes string;
    bool flag;
    uint64_t number;

    (void)state;
    assert_true(json_value_is_object(root));
    assert_true(json_read_string(json_get(root, "s"), &string));
    assert_true(json_value_is_string(json_get(root, "s")));
    assert_true(json_value_is_null(json_get(root, "n")));
    assert_true(json_read_bool(json_get(root, "t"), &flag) && flag);
    assert_true(json_read_bool(json_get(root, "f"), &flag) && !flag);
    assert_false(json_read_bool(json_get(root, "n"), &flag));
    assert_false(json_read_string(json_get(root, "t"), &string));
    assert_int_equal(json_count(json_get(root, "a")), 2);
    assert_true(json_read_uint(json_at(json_get(root, "a"), 0), &number) && number == 1);
    assert_null(json_at(json_get(root, "a"), 2));
    assert_null(json_get(root, "missing"));
    assert_null(json_get(json_get(root, "a"), "s"));
    assert_null(json_get(NULL, "s"));
    assert_int_equal(json_count(json_get(root, "s")), 0);
    assert_false(json_value_is_object(NULL));
    assert_false(json_value_is_null(NULL)); // absent is not null
    assert_false(json_read_string(NULL, &string));
    assert_false(json_read_uint(NULL, &number));
    assert_false(json_read_bool(NULL, &flag));
    json_destroy(root);
    json_destroy(NULL);
}

static void a_reason_does_not_quote_the_input(void **state)
{
    char reason[REASON_BYTES];

    (void)state;
    assert_null(parse_bytes("{\"password\":hunter2}", 20, reason));
    assert_null(strstr(reason, "hunter2"));
    assert_null(strstr(reason, "password"));
    assert_string_not_equal(reason, "");
}

static void assert_round_trip(struct bytes text)
{
    char reason[REASON_BYTES];
    struct buffer out = { 0 };
    struct bytes found;

    json_add_string(&out, text);
    struct json *root = parse_bytes(out.data, out.bytes, reason);
    if (root == NULL) {
        fail_msg("%.*s: %s", (int)out.bytes, out.data, reason);
    }
    assert_true(json_read_string(root, &found));
    assert_true(bytes_equal(found, text));
    json_destroy(root);
    buffer_finish(&out);
}

static uint32_t put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    uint32_t bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (uint32_t i = bytes - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(marks[bytes] | code);
    return bytes;
}

static void every_string_written_is_read_back(void **state)
{
    char all[0x800 * 2];
    uint32_t bytes = 0;

    (void)state;
    assert_round_trip((struct bytes){ "", 0 });
    for (uint32_t code = 1; code < 0x800; code++) {
        char one[4];
        assert_round_trip((struct bytes){ one, put_utf8(one, code) });
        bytes += put_utf8(all + bytes, code);
    }
    assert_round_trip((struct bytes){ all, bytes });
    for (uint32_t code = 0x800; code < 0x110000; code += code < 0x10000 ? 61 : 4099) {
        char one[4];
        if (code < 0xd800 || code > 0xdfff) {
            assert_round_trip((struct bytes){ one, put_utf8(one, code) });
        }
    }
    assert_round_trip(bytes_of("\\\"\\n\\u0041/\x7f\b\f\t\r\n"));
}

static void a_written_string_has_no_control_bytes(void **state)
{
    struct buffer out = { 0 };

    (void)state;
    for (int byte = 0; byte < 0x20; byte++) {
        char one = (char)byte;
        buffer_clear(&out);
        json_add_string(&out, (struct bytes){ &one, 1 });
        for (size_t i = 0; i < out.bytes; i++) {
            assert_true(out.data[i] >= 0x20 && out.data[i] < 0x7f);
        }
    }
    buffer_finish(&out);
}

static void numbers_are_written_in_decimal(void **state)
{
    static const struct {
        uint64_t number;
        const char *text;
    } cases[] = { { 0, "0" }, { 9, "9" }, { 10, "10" }, { JSON_INTEGER_MAX, "9007199254740991" },
        { UINT64_MAX, "18446744073709551615" } };
    struct buffer out = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        buffer_clear(&out);
        json_add_uint(&out, cases[i].number);
        assert_int_equal(out.bytes, strlen(cases[i].text));
        assert_memory_equal(out.data, cases[i].text, out.bytes);
    }
    buffer_finish(&out);
}

static void a_dumped_value_is_compact_and_parses_again(void **state)
{
    static const char text[] = "{ \"a\" : [ 1 , \"\\u00e4\\n\" , null ] }";
    char reason[REASON_BYTES];
    struct buffer out = { 0 };

    (void)state;
    struct json *root = parse_bytes(text, sizeof(text) - 1, reason);
    json_dump(root, &out);
    buffer_add_byte(&out, '\0');
    assert_string_equal(out.data, "{\"a\":[1,\"\xc3\xa4\\n\",null]}");
    json_destroy(root);
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting_ends_at_the_limit),
        cmocka_unit_test(brackets_in_strings_and_beside_each_other_are_not_nesting),
        cmocka_unit_test(a_key_twice_is_refused_at_every_level),
        cmocka_unit_test(surrogates_come_in_pairs_or_not_at_all),
        cmocka_unit_test(nul_is_refused_in_every_form),
        cmocka_unit_test(invalid_utf8_is_refused),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(integers_are_exact_below_two_to_the_53rd),
        cmocka_unit_test(a_number_that_does_not_fit_is_refused),
        cmocka_unit_test(reading_the_wrong_type_says_so),
        cmocka_unit_test(a_reason_does_not_quote_the_input),
        cmocka_unit_test(every_string_written_is_read_back),
        cmocka_unit_test(a_written_string_has_no_control_bytes),
        cmocka_unit_test(numbers_are_written_in_decimal),
        cmocka_unit_test(a_dumped_value_is_compact_and_parses_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "protocol/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/limits.h"

enum type { NAME, STRING, INTEGER, FLAG, ARRAY };

static const struct field {
    uint64_t bit;
    const char *name;
    enum type type;
    uint64_t least;
    uint64_t most;
} fields[] = {
#define PARAM(bit, field, member, name, type, least, most) { field, name, type, least, most },
    PARAM_TABLE(PARAM)
#undef PARAM
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static const struct method_row {
    const char *name;
    enum method method;
    uint64_t required;
    uint64_t optional;
} rows[] = {
#define METHOD(identifier, name, access, required, optional)                                       \
    { name, METHOD_##identifier, required, optional },
#include "shared/methods.def"
#undef METHOD
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static struct request request;
static char reason[REASON_BYTES];

static enum err parse_bytes(const char *text, size_t bytes)
{
    char *copy = malloc(bytes == 0 ? 1 : bytes);

    assert_non_null(copy);
    memcpy(copy, text, bytes);
    enum err err = request_parse(copy, bytes, &request, reason);
    free(copy);
    return err;
}

static enum err parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static enum err parse_and_finish(const char *text)
{
    enum err err = parse(text);

    request_finish(&request);
    return err;
}

// A value of the field's type: the least and the most that is allowed, or (for integers and sizes)
// one step outside.
enum extent { BELOW, LEAST, MOST, ABOVE };

static void add_value(struct buffer *out, const struct field *field, enum extent extent)
{
    uint64_t size = extent == BELOW ? field->least - 1
            : extent == LEAST       ? field->least
            : extent == MOST        ? field->most
                                    : field->most + 1;

    switch (field->type) {
    case NAME:
    case STRING:
        buffer_add_byte(out, '"');
        for (uint64_t i = 0; i < size; i++) {
            buffer_add_byte(out, 'x');
        }
        buffer_add_byte(out, '"');
        break;
    case INTEGER:
        json_add_uint(out, size);
        break;
    case FLAG:
        buffer_add_literal(out, "true");
        break;
    case ARRAY:
        buffer_add_byte(out, '[');
        for (uint64_t i = 0; i < size; i++) {
            buffer_print(out, "%s1", i == 0 ? "" : ",");
        }
        buffer_add_byte(out, ']');
        break;
    }
}

static void begin(struct buffer *out, const char *method)
{
    buffer_clear(out);
    buffer_print(out,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{\"unknown\":[{}]", method);
}

// All fields in `set` with their least value, but `odd`, for which the caller's text stands.
static void add_fields(struct buffer *out, uint64_t set, uint64_t odd, const char *odd_text)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        bool is_odd = fields[i].bit == odd;
        if ((set & fields[i].bit) == 0 || (is_odd && odd_text == NULL)) {
            continue;
        }
        buffer_print(out, ",\"%s\":", fields[i].name);
        if (is_odd && odd_text != NULL) {
            buffer_add(out, odd_text, strlen(odd_text));
        } else {
            add_value(out, &fields[i], LEAST);
        }
    }
}

static enum err end(struct buffer *out)
{
    buffer_add_literal(out, "}}");
    assert_true(buffer_is_whole(out));
    enum err err = parse_bytes(out->data, out->bytes);
    assert_int_equal(err == ERR_OK, reason[0] == '\0');
    return err;
}

static void every_fault_has_its_code_and_a_reason(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        const char *reason; // is part of it
    } cases[] = {
        { "", ERR_PARSE, "JSON" },
        { "{", ERR_PARSE, "JSON" },
        { "{\"a\":1,\"a\":2}", ERR_PARSE, "JSON" },
        { "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", ERR_PARSE, "deeper than 16" },
        { "[]", ERR_REQUEST, "batches" },
        { "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", ERR_REQUEST, "batches" },
        { "1", ERR_REQUEST, "object" },
        { "null", ERR_REQUEST, "object" },
        { "{}", ERR_REQUEST, "jsonrpc" },
        { "{\"jsonrpc\":\"1.0\",\"method\":\"ping\"}", ERR_REQUEST, "jsonrpc" },
        { "{\"jsonrpc\":2.0,\"method\":\"ping\"}", ERR_REQUEST, "jsonrpc" },
        { "{\"jsonrpc\":\"2.0\"}", ERR_REQUEST, "method" },
        { "{\"jsonrpc\":\"2.0\",\"method\":1}", ERR_REQUEST, "method" },
        { "{\"jsonrpc\":\"2.0\",\"method\":null}", ERR_REQUEST, "method" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"\"}", ERR_METHOD, "no such method" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"pin\"}", ERR_METHOD, "no such method" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"ping2\"}", ERR_METHOD, "no such method" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"PING\"}", ERR_METHOD, "no such method" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"params\":[]}", ERR_PARAMS, "object" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"params\":null}", ERR_PARAMS, "object" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"params\":\"x\"}", ERR_PARAMS, "object" },
        { "{\"jsonrpc\":\"2.0\",\"method\":\"ack\"}", ERR_PARAMS, "params.cursor is missing" },
        { "{\"jsonrpc\":\"2.0\",\"id\":-1,\"method\":\"ping\"}", ERR_REQUEST, "id" },
        { "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", ERR_REQUEST, "id" },
        { "{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"ping\"}", ERR_REQUEST, "id" },
        { "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", ERR_REQUEST, "id" },
        { "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"ping\"}", ERR_REQUEST, "id" },
        { "{\"jsonrpc\":\"2.0\",\"id\":9007199254740992,\"method\":\"ping\"}", ERR_REQUEST, "id" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum err err = parse_and_finish(cases[i].text);
        if (err != cases[i].err || strstr(reason, cases[i].reason) == NULL) {
            fail_msg("%s: code %d, \"%s\"", cases[i].text, err_code(err), reason);
        }
    }
}

static void an_id_is_kept_whatever_else_is_wrong(void **state)
{
    static const char *const texts[] = {
        "{\"id\":7}",
        "{\"id\":7,\"jsonrpc\":\"2.0\"}",
        "{\"id\":7,\"jsonrpc\":\"2.0\",\"method\":\"none\"}",
        "{\"id\":7,\"jsonrpc\":\"2.0\",\"method\":\"ack\"}",
        "{\"id\":7,\"jsonrpc\":\"2.0\",\"method\":\"ack\",\"params\":{\"cursor\":7}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint64_t number = 0;
        assert_int_not_equal(parse(texts[i]), ERR_OK);
        assert_true(json_read_uint(request.id, &number));
        assert_int_equal(number, 7);
        request_finish(&request);
    }
}

static void ids_are_strings_integers_null_or_absent(void **state)
{
    char text[400], id[200] = "";

    (void)state;
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}"), ERR_OK);
    assert_null(request.id);
    request_finish(&request);
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}"), ERR_OK);
    assert_true(json_value_is_null(request.id));
    request_finish(&request);
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":9007199254740991,\"method\":\"ping\"}"),
            ERR_OK);
    request_finish(&request);
    for (int bytes = 0; bytes < 140; bytes++) {
        memset(id, 'i', (size_t)bytes);
        snprintf(text, sizeof(text), "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":\"ping\"}", id);
        assert_int_equal(parse(text), bytes <= 128 ? ERR_OK : ERR_REQUEST);
        assert_int_equal(request.id != NULL, bytes <= 128);
        request_finish(&request);
    }
}

static void every_method_is_found_by_its_name(void **state)
{
    struct buffer text = { 0 };

    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        begin(&text, rows[i].name);
        add_fields(&text, rows[i].required, 0, NULL);
        assert_int_equal(end(&text), ERR_OK);
        assert_int_equal(request.method, rows[i].method);
        assert_int_equal(request.params.present, rows[i].required);
        assert_string_equal(method_name(request.method), rows[i].name);
        request_finish(&request);
    }
    buffer_finish(&text);
}

static void a_required_field_that_is_absent_or_null_is_named(void **state)
{
    static const char *const absent[] = { NULL, "null" };
    struct buffer text = { 0 };
    char expected[REASON_BYTES];

    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        for (size_t j = 0; j < FIELD_COUNT; j++) {
            if ((rows[i].required & fields[j].bit) == 0) {
                continue;
            }
            snprintf(expected, sizeof(expected), "params.%s is missing", fields[j].name);
            for (size_t k = 0; k < 2; k++) {
                begin(&text, rows[i].name);
                add_fields(&text, rows[i].required, fields[j].bit, absent[k]);
                assert_int_equal(end(&text), ERR_PARAMS);
                assert_string_equal(reason, expected);
                request_finish(&request);
            }
        }
    }
    buffer_finish(&text);
}

static void an_optional_field_that_is_null_counts_as_absent(void **state)
{
    struct buffer text = { 0 };

    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        uint64_t all = rows[i].required | rows[i].optional;
        for (size_t j = 0; j < FIELD_COUNT; j++) {
            if ((rows[i].optional & fields[j].bit) == 0) {
                continue;
            }
            begin(&text, rows[i].name);
            add_fields(&text, all, fields[j].bit, "null");
            assert_int_equal(end(&text), ERR_OK);
            assert_int_equal(request.params.present, all & ~fields[j].bit);
            request_finish(&request);
        }
    }
    buffer_finish(&text);
}

// The type of a text that stands for a wrong value.
static bool is_of_type(const char *text, enum type type)
{
    return (text[0] == '"' && (type == NAME || type == STRING)) ||
            (text[0] >= '0' && text[0] <= '9' && strchr(text, '.') == NULL && type == INTEGER) ||
            (text[0] == 't' && type == FLAG) || (text[0] == '[' && type == ARRAY);
}

static void a_field_of_another_type_is_refused_and_named(void **state)
{
    static const char *const values[] = { "\"x\"", "1", "1.0", "-1", "true", "[]", "{}" };
    struct buffer text = { 0 };
    char start[REASON_BYTES];

    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        uint64_t all = rows[i].required | rows[i].optional;
        for (size_t j = 0; j < FIELD_COUNT * sizeof(values) / sizeof(values[0]); j++) {
            const struct field *field = &fields[j % FIELD_COUNT];
            const char *value = values[j / FIELD_COUNT];
            if ((all & field->bit) == 0 || is_of_type(value, field->type)) {
                continue;
            }
            begin(&text, rows[i].name);
            add_fields(&text, all, field->bit, value);
            assert_int_equal(end(&text), ERR_PARAMS);
            int bytes = snprintf(start, sizeof(start), "params.%s must be", field->name);
            assert_memory_equal(reason, start, (size_t)bytes);
            request_finish(&request);
        }
    }
    buffer_finish(&text);
}

// Only the first method that has the field: the limits are the field's.
static const struct method_row *row_with(uint64_t bit)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (((rows[i].required | rows[i].optional) & bit) != 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static enum err parse_extent(const struct field *field, enum extent extent)
{
    const struct method_row *row = row_with(field->bit);
    struct buffer text = { 0 }, value = { 0 };

    if (row == NULL) {
        return extent == BELOW || extent == ABOVE ? ERR_PARAMS : ERR_OK;
    }
    add_value(&value, field, extent);
    buffer_add_byte(&value, '\0');
    begin(&text, row->name);
    add_fields(&text, row->required | row->optional, field->bit, value.data);
    enum err err = end(&text);
    request_finish(&request);
    buffer_finish(&text);
    buffer_finish(&value);
    return err;
}

static void limits_are_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct field *field = &fields[i];
        if (field->type == FLAG) {
            continue;
        }
        assert_int_equal(parse_extent(field, LEAST), ERR_OK);
        assert_int_equal(parse_extent(field, MOST), ERR_OK);
        enum err above = field->bit == P_TEXT ? ERR_TOO_LARGE : ERR_PARAMS;
        assert_int_equal(parse_extent(field, ABOVE), above);
        if (field->least > 0) {
            assert_int_equal(parse_extent(field, BELOW), ERR_PARAMS);
        }
    }
}

static void a_field_that_the_method_does_not_have_is_ignored(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"more\":{},"
                           "\"params\":{\"user\":17,\"text\":null,\"x\":[]}}"),
            ERR_OK);
    assert_int_equal(request.params.present, 0);
    assert_null(request.params.user.data);
    request_finish(&request);
}

static void a_reason_never_quotes_a_secret(void **state)
{
    (void)state;
    assert_int_equal(parse_and_finish(
                             "{\"jsonrpc\":\"2.0\",\"method\":\"session.login\",\"params\":"
                             "{\"user\":\"No Name\",\"password\":\"hunter2\"}}"),
            ERR_PARAMS);
    assert_null(strstr(reason, "hunter2"));
    assert_null(strstr(reason, "No Name"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_its_code_and_a_reason),
        cmocka_unit_test(an_id_is_kept_whatever_else_is_wrong),
        cmocka_unit_test(ids_are_strings_integers_null_or_absent),
        cmocka_unit_test(every_method_is_found_by_its_name),
        cmocka_unit_test(a_required_field_that_is_absent_or_null_is_named),
        cmocka_unit_test(an_optional_field_that_is_null_counts_as_absent),
        cmocka_unit_test(a_field_of_another_type_is_refused_and_named),
        cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(a_field_that_the_method_does_not_have_is_ignored),
        cmocka_unit_test(a_reason_never_quotes_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

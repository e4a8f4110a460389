// SPDX-License-Identifier: MIT
#include "protocol/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "shared/limits.h"

static struct json *parse(const char *data, size_t bytes)
{
    char reason[100] = "";
    struct json *root = json_parse(data, bytes, reason, sizeof(reason));

    if (root == NULL) {
        fail_msg("%.*s: %s", (int)bytes, data, reason);
    }
    return root;
}

// Parses and releases.
static struct json *parse_frame(struct frame *frame)
{
    assert_non_null(frame);
    struct json *root = parse(frame->data, frame->bytes);
    frame_release(frame);
    return root;
}

static void assert_text(const struct json *object, const char *key, const char *expected)
{
    struct bytes text;

    assert_true(json_read_string(json_get(object, key), &text));
    if (!bytes_equal(text, bytes_of(expected))) {
        fail_msg("%s is \"%.*s\", not \"%s\"", key, (int)text.size, text.data, expected);
    }
}

static void assert_number(const struct json *object, const char *key, uint64_t expected)
{
    uint64_t number = 0;

    assert_true(json_read_uint(json_get(object, key), &number));
    assert_true(number == expected);
}

static void assert_true_flag(const struct json *object, const char *key)
{
    bool flag = false;

    assert_true(json_read_bool(json_get(object, key), &flag) && flag);
}

static void cursors_survive_the_round_trip(void **state)
{
    static const uint64_t numbers[] = { 0, 1, 9, 10, 4294967296, JSON_INTEGER_MAX };
    const size_t count = sizeof(numbers) / sizeof(numbers[0]);
    char text[CURSOR_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < count * count; i++) {
        uint64_t generation = numbers[i / count], useq = 77;
        encode_cursor(text, generation, numbers[i % count]);
        assert_true(strlen(text) <= CURSOR_BYTES_MAX);
        assert_int_equal(decode_cursor(bytes_of(text), generation, &useq), CURSOR_VALID);
        assert_true(useq == numbers[i % count]);
        assert_int_equal(decode_cursor(bytes_of(text), generation + 1, &useq),
                CURSOR_OTHER_GENERATION);
    }
}

static void zero_is_the_beginning_of_any_generation(void **state)
{
    uint64_t useq = 77;

    (void)state;
    assert_int_equal(decode_cursor(bytes_of("0"), 5, &useq), CURSOR_VALID);
    assert_int_equal(useq, 0);
}

static void malformed_cursors_are_refused(void **state)
{
    static const char *const cases[] = { "", ".", "1", "00", "1.", ".1", "1.2.3", "1.2 ", " 1.2",
        "1. 2", "-1.2", "1.-2", "+1.2", "a.b", "1.a", "1.0x2", "1,2", "now", "9007199254740992.1",
        "1.9007199254740992", "99999999999999999999999999999999.1",
        "1.99999999999999999999999999999999", "1.2\n" };
    uint64_t useq = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (decode_cursor(bytes_of(cases[i]), 1, &useq) != CURSOR_MALFORMED) {
            fail_msg("\"%s\" passes for a cursor", cases[i]);
        }
    }
    assert_int_equal(decode_cursor((struct bytes){ "1.2\0", 4 }, 1, &useq), CURSOR_MALFORMED);
    assert_int_equal(decode_cursor((struct bytes){ NULL, 0 }, 1, &useq), CURSOR_MALFORMED);
}

static struct message_view full_message(void)
{
    return (struct message_view){
        .peer = bytes_of("ben"),
        .from = bytes_of("ann"),
        .text = bytes_of("na\xc3\xafve \"text\"\\\n\x01"),
        .seq = JSON_INTEGER_MAX,
        .useq = 12,
        .target = 3,
        .counter = 4,
        .device = 0xab,
        .ts = 1709164800123ULL,
        .kind = MESSAGE_EDIT,
        .is_edited = true,
        .is_deleted = true,
    };
}

static void assert_full_message(const struct json *message)
{
    assert_text(message, "peer", "ben");
    assert_text(message, "from", "ann");
    assert_text(message, "text", "na\xc3\xafve \"text\"\\\n\x01");
    assert_text(message, "ts", "2024-02-29T00:00:00.123Z");
    assert_text(message, "kind", "edit");
    assert_text(message, "device", "0000000000ab");
    assert_number(message, "seq", JSON_INTEGER_MAX);
    assert_number(message, "target", 3);
    assert_number(message, "counter", 4);
    assert_true_flag(message, "edited");
    assert_true_flag(message, "deleted");
}

static void a_message_says_everything_it_has(void **state)
{
    struct message_view message = full_message();
    struct buffer out = { 0 };

    (void)state;
    encode_message(&out, &message);
    struct json *root = parse(out.data, out.bytes);
    assert_full_message(root);
    assert_null(json_get(root, "cursor"));
    json_destroy(root);
    buffer_finish(&out);
}

static void a_plain_message_says_nothing_it_does_not_have(void **state)
{
    static const char *const absent[] = { "kind", "target", "edited", "deleted", "counter",
        "device" };
    struct message_view message = { .peer = bytes_of("ben"), .from = bytes_of("ben"), .seq = 1 };
    struct buffer out = { 0 };

    (void)state;
    encode_message(&out, &message);
    struct json *root = parse(out.data, out.bytes);
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        assert_null(json_get(root, absent[i]));
    }
    assert_text(root, "text", "");
    json_destroy(root);
    buffer_finish(&out);
}

static void a_head_carries_its_last_message(void **state)
{
    struct head_view head = {
        .peer = bytes_of("ben"),
        .seq = 9,
        .read_seq = 8,
        .peer_delivered_seq = 7,
        .peer_read_seq = 6,
        .unread = 5,
        .digest = 0x0123456789abcdefULL,
        .is_blocked = true,
        .has_last = true,
        .last = full_message(),
    };
    struct buffer out = { 0 };

    (void)state;
    encode_head(&out, &head);
    struct json *root = parse(out.data, out.bytes);
    assert_text(root, "peer", "ben");
    assert_number(root, "seq", 9);
    assert_number(root, "read_seq", 8);
    assert_number(root, "peer_delivered_seq", 7);
    assert_number(root, "peer_read_seq", 6);
    assert_number(root, "unread", 5);
    assert_text(root, "digest", "0123456789abcdef");
    assert_true_flag(root, "blocked");
    assert_full_message(json_get(root, "last"));
    json_destroy(root);
    buffer_clear(&out);
    head = (struct head_view){ .peer = bytes_of("ben") };
    encode_head(&out, &head);
    root = parse(out.data, out.bytes);
    assert_text(root, "digest", "0000000000000000");
    assert_null(json_get(root, "blocked"));
    assert_null(json_get(root, "last"));
    json_destroy(root);
    buffer_finish(&out);
}

static const struct json *assert_notification(const struct json *root, const char *method)
{
    assert_text(root, "jsonrpc", "2.0");
    assert_text(root, "method", method);
    assert_null(json_get(root, "id"));
    return json_get(root, "params");
}

static void events_are_notifications_with_a_cursor(void **state)
{
    struct event_view event = { .kind = EVENT_MESSAGE, .useq = 12, .message = full_message() };

    (void)state;
    struct json *root = parse_frame(encode_event(&event, 3));
    const struct json *params = assert_notification(root, "message");
    assert_full_message(params);
    assert_text(params, "cursor", "3.12");
    json_destroy(root);

    event = (struct event_view){ .kind = EVENT_CONVERSATION, .useq = 13 };
    event.head = (struct head_view){ .peer = bytes_of("ben"), .seq = 4 };
    root = parse_frame(encode_event(&event, 3));
    params = assert_notification(root, "conversation");
    assert_text(params, "peer", "ben");
    assert_number(params, "seq", 4);
    assert_text(params, "cursor", "3.13");
    json_destroy(root);
}

static void a_receipt_has_only_the_parts_it_is_about(void **state)
{
    struct event_view event = { .kind = EVENT_RECEIPT, .useq = 1 };

    (void)state;
    for (uint64_t delivered = 0; delivered < 2; delivered++) {
        event.receipt = (struct receipt_view){
            .peer = bytes_of("ben"),
            .by = bytes_of("ann"),
            .delivered_seq = delivered * 5,
            .read_seq = (1 - delivered) * 6,
        };
        struct json *root = parse_frame(encode_event(&event, 3));
        const struct json *params = assert_notification(root, "receipt");
        assert_text(params, "peer", "ben");
        assert_text(params, "by", "ann");
        assert_int_equal(json_get(params, "delivered_seq") != NULL, delivered == 1);
        assert_int_equal(json_get(params, "read_seq") != NULL, delivered == 0);
        json_destroy(root);
    }
}

static void the_largest_event_is_one_frame_that_parses(void **state)
{
    static char text[TEXT_BYTES_MAX];
    struct event_view event = { .kind = EVENT_MESSAGE, .useq = 1, .message = full_message() };

    (void)state;
    memset(text, 1, sizeof(text)); // six bytes each when escaped
    event.message.text = (struct bytes){ text, sizeof(text) };
    event.message.peer = event.message.from = bytes_of("0123456789abcdef0123456789abcdef");
    struct frame *frame = encode_event(&event, JSON_INTEGER_MAX);
    assert_true(frame->bytes < FRAME_BYTES_MAX_AFTER);
    json_destroy(parse_frame(frame));
}

static void errors_say_code_kind_and_details(void **state)
{
    struct error_details details = { .message = "say \"please\"" };

    (void)state;
    struct json *root = parse_frame(encode_error(NULL, ERR_NOT_FOUND, &details));
    assert_true(json_value_is_null(json_get(root, "id")));
    const struct json *error = json_get(root, "error");
    assert_number(error, "code", 3);
    assert_text(error, "message", "say \"please\"");
    assert_text(json_get(error, "data"), "kind", "not_found");
    assert_null(json_get(json_get(error, "data"), "last"));
    assert_null(json_get(json_get(error, "data"), "outcome"));
    assert_null(json_get(json_get(error, "data"), "retry_after_ms"));
    json_destroy(root);

    details = (struct error_details){ .message = "",
        .has_last = true,
        .is_outcome_unknown = true,
        .retry_after_ms = 50 };
    struct json *id = parse("\"a\\\"b\"", 6);
    root = parse_frame(encode_error(id, ERR_CONFLICT, &details));
    assert_text(root, "id", "a\"b");
    error = json_get(root, "error");
    assert_number(json_get(error, "data"), "last", 0);
    assert_text(json_get(error, "data"), "outcome", "unknown");
    assert_number(json_get(error, "data"), "retry_after_ms", 50);
    json_destroy(id);
    json_destroy(root);
}

static void every_error_is_as_retryable_as_its_table_says_whatever_else_is_told(void **state)
{
    static const struct error_details plain = { .message = "x" };
    static const struct error_details full = { .message = "x",
        .has_last = true,
        .last = 7,
        .is_outcome_unknown = true,
        .retry_after_ms = 50 };

    (void)state;
    for (int i = 0; i < 2 * (ERR_COUNT - 1); i++) {
        enum err err = (enum err)(ERR_OK + 1 + i / 2);
        struct json *root = parse_frame(encode_error(NULL, err, i % 2 == 0 ? &plain : &full));
        bool is_retryable;
        const struct json *data = json_get(json_get(root, "error"), "data");
        assert_text(data, "kind", err_kind(err));
        assert_true(json_read_bool(json_get(data, "retryable"), &is_retryable));
        assert_int_equal(is_retryable, err_is_retryable(err));
        json_destroy(root);
    }
}

static void a_result_repeats_the_id(void **state)
{
    struct json *id = parse("9007199254740991", 16);
    struct buffer out = { 0 };

    (void)state;
    encode_begin_result(&out, id);
    buffer_add_literal(&out, "{}");
    struct json *root = parse_frame(encode_end(&out));
    assert_text(root, "jsonrpc", "2.0");
    assert_number(root, "id", JSON_INTEGER_MAX);
    assert_true(json_value_is_object(json_get(root, "result")));
    json_destroy(root);
    json_destroy(id);
}

static void server_events_may_carry_a_delay(void **state)
{
    (void)state;
    struct json *root = parse_frame(encode_server_event("draining", 700));
    const struct json *params = assert_notification(root, "server");
    assert_text(params, "event", "draining");
    assert_number(params, "retry_after_ms", 700);
    json_destroy(root);
    root = parse_frame(encode_server_event("replaced", 0));
    assert_null(json_get(json_get(root, "params"), "retry_after_ms"));
    json_destroy(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursors_survive_the_round_trip),
        cmocka_unit_test(zero_is_the_beginning_of_any_generation),
        cmocka_unit_test(malformed_cursors_are_refused),
        cmocka_unit_test(a_message_says_everything_it_has),
        cmocka_unit_test(a_plain_message_says_nothing_it_does_not_have),
        cmocka_unit_test(a_head_carries_its_last_message),
        cmocka_unit_test(events_are_notifications_with_a_cursor),
        cmocka_unit_test(a_receipt_has_only_the_parts_it_is_about),
        cmocka_unit_test(the_largest_event_is_one_frame_that_parses),
        cmocka_unit_test(errors_say_code_kind_and_details),
        cmocka_unit_test(every_error_is_as_retryable_as_its_table_says_whatever_else_is_told),
        cmocka_unit_test(a_result_repeats_the_id),
        cmocka_unit_test(server_events_may_carry_a_delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

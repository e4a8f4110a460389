// SPDX-License-Identifier: MIT
#include "update.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "screen_world.h"
#include "shared/buffer.h"

#define NOW_MS 1000

static struct json *parse(const char *text)
{
    char reason[160];
    struct json *json = json_parse(text, strlen(text), reason, sizeof(reason));

    if (json == NULL) {
        fail_msg("%s: %s", reason, text);
    }
    return json;
}

static void notify(struct world *world, const char *method, const char *params)
{
    struct buffer text = { 0 };

    buffer_print(&text, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":%s}", method, params);
    buffer_add_byte(&text, '\0');
    struct json *root = parse(text.data);
    update_notification(world->model, root, NOW_MS);
    json_destroy(root);
    buffer_finish(&text);
    world_check_timeline(&world->bob->timeline);
}

static void take_page(struct world *world, const char *result, uint64_t before, uint64_t after)
{
    struct json *root = parse(result);

    assert_true(update_page(world->model, world->bob, root, (struct page_bounds){ before, after }));
    json_destroy(root);
    world_check_timeline(&world->bob->timeline);
}

// ---- what a good server says

static void only_what_others_write_anew_is_new(void **state)
{
    struct world *world = *state;

    notify(world, "message",
            "{\"peer\":\"bob\",\"seq\":1,\"from\":\"bob\",\"text\":\"a\","
            "\"ts\":\"2026-11-24T10:00:00.000Z\"}");
    assert_int_equal(world->bob->changed_ts, 1795514400000);
    assert_int_equal(world->bob->unread, 1);
    notify(world, "message", "{\"peer\":\"bob\",\"seq\":1,\"from\":\"bob\",\"text\":\"a\"}");
    notify(world, "message", "{\"peer\":\"bob\",\"seq\":2,\"from\":\"ann\",\"text\":\"b\"}");
    notify(world, "message",
            "{\"peer\":\"bob\",\"seq\":3,\"from\":\"bob\",\"kind\":\"edit\",\"target\":1,"
            "\"text\":\"c\"}");
    assert_int_equal(world->bob->unread, 1);
    notify(world, "message", "{\"peer\":\"carl\",\"seq\":1,\"from\":\"carl\",\"text\":\"d\"}");
    assert_non_null(model_find(world->model, bytes_of("carl")));
    assert_int_equal(model_find(world->model, bytes_of("carl"))->unread, 1);
}

static void receipts_of_oneself_and_of_the_other(void **state)
{
    struct world *world = *state;

    world_page(world, 1, 4);
    world->bob->head_seq = 4;
    world->bob->unread = 2;
    notify(world, "receipt", "{\"peer\":\"bob\",\"by\":\"bob\",\"delivered_seq\":3}");
    assert_int_equal(world->bob->peer_delivered_seq, 3);
    assert_int_equal(world->bob->peer_read_seq, 0);
    notify(world, "receipt", "{\"peer\":\"bob\",\"by\":\"bob\",\"read_seq\":2}");
    assert_int_equal(world->bob->peer_read_seq, 2);
    assert_int_equal(world->bob->unread, 2);
    notify(world, "receipt", "{\"peer\":\"bob\",\"by\":\"ann\",\"read_seq\":4}");
    assert_int_equal(world->bob->unread, 0);
    assert_int_equal(world->bob->peer_read_seq, 2);
}

static void presence_is_of_those_in_the_list(void **state)
{
    struct world *world = *state;

    notify(world, "presence", "{\"user\":\"bob\",\"state\":\"online\"}");
    assert_int_equal(world->bob->presence, PRESENCE_ONLINE);
    notify(world, "presence", "{\"user\":\"bob\",\"state\":\"away\"}");
    assert_int_equal(world->bob->presence, PRESENCE_AWAY);
    notify(world, "presence", "{\"user\":\"bob\",\"state\":\"on fire\"}");
    assert_int_equal(world->bob->presence, PRESENCE_UNKNOWN);
    notify(world, "presence", "{\"user\":\"carl\",\"state\":\"online\"}");
    assert_null(model_find(world->model, bytes_of("carl")));
    struct json *root =
            parse("{\"presence\":[{\"user\":\"carl\",\"state\":\"online\"},7,null,"
                  "{\"user\":\"bob\",\"state\":\"offline\",\"last_seen\":"
                  "\"2026-11-24T10:00:00.000Z and much more than there is room for\"}]}");
    update_presences(world->model, root);
    json_destroy(root);
    assert_int_equal(world->bob->presence, PRESENCE_OFFLINE);
    assert_int_equal(strlen(world->bob->last_seen), sizeof(world->bob->last_seen) - 1);
}

static void typing_makes_no_conversation(void **state)
{
    struct world *world = *state;

    notify(world, "typing", "{\"user\":\"bob\",\"on\":true}");
    assert_int_equal(world->bob->typing_until_ms, NOW_MS + TYPING_SHOWN_MS);
    notify(world, "typing", "{\"user\":\"bob\",\"on\":false}");
    assert_int_equal(world->bob->typing_until_ms, 0);
    notify(world, "typing", "{\"user\":\"carl\",\"on\":true}");
    notify(world, "typing", "{\"peer\":\"carl\",\"on\":true}");
    assert_int_equal(world->model->conversation_count, 1);
    notify(world, "typing", "{\"user\":\"bob\",\"on\":true}");
    notify(world, "message", "{\"peer\":\"bob\",\"seq\":1,\"from\":\"bob\",\"text\":\"done\"}");
    assert_int_equal(world->bob->typing_until_ms, 0);
}

static void a_page_reaches_as_far_as_it_says(void **state)
{
    struct world *world = *state;
    const struct timeline *timeline = &world->bob->timeline;

    take_page(world,
            "{\"messages\":[{\"seq\":7,\"from\":\"bob\",\"text\":\"seven\"},"
            "{\"seq\":8,\"from\":\"ann\",\"text\":\"eight\",\"edited\":true}],"
            "\"more\":true,\"head_seq\":8}",
            0, 0);
    assert_int_equal(timeline->first_seq, 7);
    assert_int_equal(timeline->last_seq, 8);
    assert_true(timeline->messages[1].is_own && timeline->messages[1].is_edited);
    take_page(world,
            "{\"messages\":[{\"seq\":2,\"from\":\"bob\",\"text\":\"\",\"deleted\":true}],"
            "\"more\":false,\"head_seq\":8}",
            7, 0);
    assert_int_equal(timeline->first_seq, 1); // whatever was before it is gone
    assert_int_equal(timeline->count, 3);
    assert_true(timeline->messages[0].is_deleted);
    take_page(world,
            "{\"messages\":[{\"seq\":9,\"from\":\"bob\",\"text\":\"nine\"}],\"more\":true,"
            "\"head_seq\":20}",
            0, 8);
    assert_int_equal(timeline->last_seq, 9); // what is behind it was not asked for
    assert_int_equal(timeline->first_seq, 1);
    timeline_clear(&world->bob->timeline);
    take_page(world, "{\"messages\":[],\"more\":false,\"head_seq\":8}", 7, 0);
    assert_int_equal(timeline->last_seq, 6);
}

// ---- what a hostile one says

static void broken_pages_leave_what_is_there(void **state)
{
    struct world *world = *state;
    static const char *const pages[] = {
        "{}",
        "[]",
        "null",
        "{\"messages\":null}",
        "{\"messages\":{\"seq\":1}}",
        "{\"messages\":[null,1,\"x\",[],{}],\"more\":true,\"head_seq\":9}",
        "{\"messages\":[{\"seq\":-1,\"text\":\"x\"}],\"more\":true,\"head_seq\":9}",
        "{\"messages\":[{\"seq\":9,\"text\":\"x\"},{\"seq\":9,\"text\":\"x\"}],\"more\":true}",
        "{\"messages\":[{\"seq\":9007199254740991,\"text\":\"x\"}],\"more\":true,\"head_seq\":1}",
        "{\"messages\":[{\"seq\":1e300,\"text\":7}],\"more\":7,\"head_seq\":\"9\"}",
        "{\"messages\":[],\"more\":true,\"head_seq\":-9007199254740993}",
    };
    const uint64_t befores[] = { 0, 1, 5, 10, UINT64_MAX };

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        for (size_t k = 0; k < sizeof(befores) / sizeof(befores[0]); k++) {
            timeline_clear(&world->bob->timeline);
            world_page(world, 5, 9);
            take_page(world, pages[i], befores[k], 0);
            take_page(world, pages[i], befores[k], 0);
            take_page(world, pages[i], 0, befores[k]);
        }
    }
    assert_int_equal(world->model->conversation_count, 1);
}

static void numbers_that_are_none_are_missing(void **state)
{
    struct world *world = *state;

    world_page(world, 1, 4);
    world->bob->head_seq = 4;
    notify(world, "receipt",
            "{\"peer\":\"bob\",\"by\":\"bob\",\"delivered_seq\":-1,\"read_seq\":9007199254740992}");
    notify(world, "receipt", "{\"peer\":\"bob\",\"by\":\"ann\",\"read_seq\":-1}");
    notify(world, "message", "{\"peer\":\"bob\",\"seq\":-1,\"from\":\"bob\",\"text\":\"x\"}");
    notify(world, "conversation",
            "{\"peer\":\"bob\",\"seq\":-3,\"unread\":-1,\"peer_read_seq\":-1,\"last\":{}}");
    assert_int_equal(world->bob->head_seq, 4);
    assert_int_equal(world->bob->unread, 0);
    assert_int_equal(world->bob->read_seq, 0);
    assert_int_equal(world->bob->peer_read_seq, 0);
    assert_int_equal(world->bob->peer_delivered_seq, 0);
    assert_false(world->bob->timeline.is_stale);
}

static void names_that_can_not_be_are_nobody(void **state)
{
    struct world *world = *state;
    static const char *const names[] = { "7", "null", "[]", "\"\"", "\"BOB\"", "\"bob \"",
        "\"\\u001b[31m\"", "\"\\u202ebob\"",
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"" };
    static const char *const methods[] = { "message", "receipt", "conversation", "presence",
        "typing", "nonsense" };
    char params[500];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (size_t k = 0; k < sizeof(methods) / sizeof(methods[0]); k++) {
            snprintf(params, sizeof(params),
                    "{\"peer\":%s,\"user\":%s,\"from\":%s,\"by\":%s,\"seq\":5,\"text\":\"x\"}",
                    names[i], names[i], names[i], names[i]);
            notify(world, methods[k], params);
        }
    }
    assert_int_equal(world->model->conversation_count, 1);
}

static const char *const values[] = { "null", "true", "false", "\"bob\"", "\"ann\"", "\"\"",
    "\"edit\"", "\"delete\"", "\"online\"", "\"2026-11-24T10:00:00.000Z\"",
    "\"9999-12-31T23:59:60.-99Z\"", "\"ffffffffffffffffffff\"", "0", "-1", "1", "2", "3", "7", "12",
    "9007199254740991", "9007199254740993", "9223372036854775807", "-9223372036854775808", "1e308",
    "0.5", "\"\\u0001\\u001b]0;x\\u0007\"", "\"\\ud83e\\udd89\\ud83e\\udd89\"" };
static const char *const names[] = { "\"bob\"", "\"bob\"", "\"ann\"", "\"bob\"", "\"BOB\"", "7" };
static const char *const keys[] = { "peer", "user", "from", "by", "seq", "text", "ts", "kind",
    "target", "edited", "deleted", "counter", "device", "read_seq", "delivered_seq",
    "peer_read_seq", "peer_delivered_seq", "unread", "last", "on", "state", "last_seen", "messages",
    "more", "head_seq", "conversations", "presence", "blocked" };

#define PICK(world, array) (array)[world_random(world, sizeof(array) / sizeof((array)[0]))]

// Any of the wire's fields with any value, three levels deep.
static void add_object(struct world *world, struct buffer *out, int level)
{
    const char *comma = "";

    buffer_add_byte(out, '{');
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        uint32_t shape = world_random(world, 12);
        if (shape == 0) {
            continue;
        }
        buffer_print(out, "%s\"%s\":", comma, keys[i]);
        comma = ",";
        if (shape == 1 && level < 2) {
            add_object(world, out, level + 1);
        } else if (shape == 2 && level < 2) {
            buffer_add_byte(out, '[');
            for (uint32_t k = world_random(world, 4); k > 0; k--) {
                add_object(world, out, level + 1);
                buffer_add_byte(out, ',');
            }
            buffer_print(out, "%s]", PICK(world, values));
        } else {
            buffer_print(out, "%s", i < 4 ? PICK(world, names) : PICK(world, values));
        }
    }
    buffer_add_byte(out, '}');
}

static void anything_at_all_leaves_the_model_whole(void **state)
{
    struct world *world = *state;
    static const char *const methods[] = { "message", "message", "receipt", "conversation",
        "presence", "typing" };
    const uint64_t bounds[] = { 0, 0, 1, 3, 8 };
    struct buffer params = { 0 };

    for (int i = 0; i < 700; i++) {
        buffer_clear(&params);
        add_object(world, &params, 0);
        buffer_add_byte(&params, '\0');
        uint32_t what = world_random(world, 8);
        if (what < 6) {
            notify(world, methods[what], params.data);
        } else if (what == 6) {
            take_page(world, params.data, PICK(world, bounds), PICK(world, bounds));
        } else {
            struct json *root = parse(params.data);
            update_heads(world->model, root);
            update_presences(world->model, root);
            json_destroy(root);
        }
        assert_true(world->bob->read_seq <= JSON_INTEGER_MAX);
        assert_true(world->bob->head_seq <= JSON_INTEGER_MAX);
        assert_true(world->bob->peer_read_seq <= world->bob->peer_delivered_seq);
        if (world_random(world, 50) == 0) {
            timeline_clear(&world->bob->timeline);
            world_page(world, 1 + world_random(world, 4), 5 + world_random(world, 4));
        }
    }
    buffer_finish(&params);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(only_what_others_write_anew_is_new),
        IN_WORLD(receipts_of_oneself_and_of_the_other),
        IN_WORLD(presence_is_of_those_in_the_list),
        IN_WORLD(typing_makes_no_conversation),
        IN_WORLD(a_page_reaches_as_far_as_it_says),
        IN_WORLD(broken_pages_leave_what_is_there),
        IN_WORLD(numbers_that_are_none_are_missing),
        IN_WORLD(names_that_can_not_be_are_nobody),
        IN_WORLD(anything_at_all_leaves_the_model_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "screen_world.h"

#define ROOM 64

// All rows from above: "--start--", "--date--", "--new--", and texts; a bar behind each.
static void describe(const struct world *world, uint32_t cells, char *out, size_t bytes)
{
    static const char *const lines[] = { NULL, "--date--", "--new--", "--start--", "--older--" };
    struct row rows[ROOM];
    size_t length = 0;

    out[0] = '\0';
    for (uint32_t place = 0; place < rows_message_count(world->bob); place++) {
        uint32_t count = rows_of(world->bob, place, cells, rows, ROOM);
        assert_true(count <= ROOM);
        for (uint32_t i = 0; i < count; i++) {
            assert_ptr_equal(rows[i].message, rows_message(world->bob, place));
            struct bytes text =
                    rows[i].kind == ROW_TEXT ? rows[i].text : bytes_of(lines[rows[i].kind]);
            length += (size_t)snprintf(out + length, bytes - length, "%.*s|", (int)text.size,
                    text.data);
            assert_true(length < bytes);
        }
    }
}

static void assert_rows(const struct world *world, uint32_t cells, const char *wanted)
{
    char rows[1000];

    describe(world, cells, rows, sizeof(rows));
    assert_string_equal(rows, wanted);
}

static void put(struct world *world, uint64_t seq, int64_t ts, const char *text)
{
    struct message_view message = world_text(seq, seq % 2 == 1 ? "bob" : "ann", text);

    message.ts = (uint64_t)ts;
    message.is_deleted = strcmp(text, "(gone)") == 0;
    assert_true(model_page_add(world->model, world->bob, &message));
}

static void a_date_stands_above_the_first_message_of_a_day(void **state)
{
    struct world *world = *state;

    model_page_begin(world->bob, 5, 9, true);
    put(world, 5, WORLD_TS, "a");
    put(world, 6, WORLD_TS + WORLD_DAY_MS - 1, "b");
    put(world, 7, WORLD_TS + WORLD_DAY_MS, "c");
    put(world, 8, WORLD_TS + 9 * WORLD_DAY_MS, "d");
    put(world, 9, WORLD_TS + 8 * WORLD_DAY_MS, "e"); // a clock that was set back
    assert_rows(world, 20, "--older--|--date--|a|b|--date--|c|--date--|d|--date--|e|");
}

static void a_day_is_one_of_the_users_time_zone(void **state)
{
    struct world *world = *state;

    model_page_begin(world->bob, 5, 6, true);
    put(world, 5, WORLD_TS + WORLD_DAY_MS - 1, "a");
    put(world, 6, WORLD_TS + WORLD_DAY_MS, "b");
    setenv("TZ", "EST5", 1);
    tzset();
    assert_rows(world, 20, "--older--|--date--|a|b|");
    setenv("TZ", "UTC0", 1);
    tzset();
    assert_rows(world, 20, "--older--|--date--|a|--date--|b|");
}

// 31 December and 1 January, and the same day of two years.
static void years_are_not_mixed_up(void **state)
{
    struct world *world = *state;
    int64_t new_year = 1767225600000; // 2026-01-01

    model_page_begin(world->bob, 5, 8, true);
    put(world, 5, new_year - 1, "a");
    put(world, 6, new_year, "b");
    put(world, 7, new_year + 365 * WORLD_DAY_MS, "c");
    put(world, 8, 0, "d");
    assert_rows(world, 20, "--older--|--date--|a|--date--|b|--date--|c|--date--|d|");
}

static void the_start_stands_above_the_first_message_of_all(void **state)
{
    struct world *world = *state;

    model_page_begin(world->bob, 2, 3, true);
    put(world, 2, WORLD_TS, "b");
    put(world, 3, WORLD_TS, "c");
    assert_rows(world, 20, "--older--|--date--|b|c|");
    model_page_begin(world->bob, 1, 1, true);
    put(world, 1, WORLD_TS, "a");
    assert_rows(world, 20, "--start--|--date--|a|b|c|");
    timeline_clear(&world->bob->timeline);
    model_page_begin(world->bob, 1, 3, true); // the first two were edits of nothing
    put(world, 3, WORLD_TS, "c");
    assert_rows(world, 20, "--start--|--date--|c|");
}

static void the_marker_stands_once_before_what_is_new(void **state)
{
    struct world *world = *state;

    model_page_begin(world->bob, 1, 9, true);
    put(world, 2, WORLD_TS, "a");
    put(world, 4, WORLD_TS, "b");
    put(world, 6, WORLD_TS + WORLD_DAY_MS, "c");
    world->bob->has_marker = true;
    world->bob->marker_seq = 4;
    assert_rows(world, 20, "--start--|--date--|a|b|--date--|--new--|c|");
    world->bob->marker_seq = 5; // behind an edit
    assert_rows(world, 20, "--start--|--date--|a|b|--date--|--new--|c|");
    world->bob->marker_seq = 1; // what is below it is new, whatever is above
    assert_rows(world, 20, "--start--|--date--|--new--|a|b|--date--|c|");
    world->bob->marker_seq = 6;
    assert_rows(world, 20, "--start--|--date--|a|b|--date--|c|");
    world->bob->has_marker = false;
    assert_rows(world, 20, "--start--|--date--|a|b|--date--|c|");
}

static void what_is_on_its_way_stands_behind_what_is_stored(void **state)
{
    struct world *world = *state;
    int handle;

    model_page_begin(world->bob, 1, 1, true);
    put(world, 1, WORLD_TS, "a");
    world->bob->has_marker = true;
    world->bob->marker_seq = 1;
    assert_non_null(model_queue(world->model, world->bob, bytes_of("one"), WORLD_TS, &handle));
    assert_non_null(model_queue(world->model, world->bob, bytes_of("two"), WORLD_TS + WORLD_DAY_MS,
            &handle));
    assert_rows(world, 20, "--start--|--date--|a|one|--date--|two|");
    assert_int_equal(rows_message_count(world->bob), 3);
}

static void any_text_has_a_row(void **state)
{
    struct world *world = *state;

    model_page_begin(world->bob, 5, 9, true);
    put(world, 5, WORLD_TS, "");
    put(world, 6, WORLD_TS, "(gone)");
    put(world, 7, WORLD_TS, "\n");
    put(world, 8, WORLD_TS, "\xcc\x81"); // an accent of nothing
    assert_rows(world, 20, "--older--|--date--||(deleted)|||\xcc\x81|");
}

static void one_cell_is_enough(void **state)
{
    struct world *world = *state;

    model_page_begin(world->bob, 5, 6, true);
    put(world, 5, WORLD_TS, "a漢 b");
    put(world, 6, WORLD_TS, "x");
    assert_rows(world, 1, "--older--|--date--|a|漢|b|x|");
}

static void rows_are_numbered_and_bounded(void **state)
{
    struct world *world = *state;
    struct row rows[3];

    model_page_begin(world->bob, 1, 1, true);
    put(world, 1, WORLD_TS, "one two three");
    uint32_t count = rows_of(world->bob, 0, 5, rows, 3);
    assert_int_equal(count, 5); // also those without room
    assert_int_equal(rows[2].kind, ROW_TEXT);
    assert_true(rows[2].is_first);
    assert_int_equal(rows[2].index, 0);
    struct row all[5];
    rows_of(world->bob, 0, 5, all, 5);
    assert_false(all[4].is_first);
    assert_int_equal(all[4].index, 2);
    assert_int_equal(rows_of(world->bob, 0, 5, NULL, 0), 5);
}

static void a_place_is_that_of_the_nearest_before(void **state)
{
    struct world *world = *state;

    assert_int_equal(rows_place_of(world->bob, 5), 0);
    model_page_begin(world->bob, 2, 9, true);
    put(world, 2, WORLD_TS, "a");
    put(world, 4, WORLD_TS, "b");
    put(world, 8, WORLD_TS, "c");
    const uint32_t places[] = { 0, 0, 0, 0, 1, 1, 1, 1, 2, 2 };
    for (uint64_t seq = 0; seq < 10; seq++) {
        assert_int_equal(rows_place_of(world->bob, seq), places[seq]);
    }
    assert_int_equal(rows_place_of(world->bob, UINT64_MAX), 2);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_date_stands_above_the_first_message_of_a_day),
        IN_WORLD(a_day_is_one_of_the_users_time_zone),
        IN_WORLD(years_are_not_mixed_up),
        IN_WORLD(the_start_stands_above_the_first_message_of_all),
        IN_WORLD(the_marker_stands_once_before_what_is_new),
        IN_WORLD(what_is_on_its_way_stands_behind_what_is_stored),
        IN_WORLD(any_text_has_a_row),
        IN_WORLD(one_cell_is_enough),
        IN_WORLD(rows_are_numbered_and_bounded),
        IN_WORLD(a_place_is_that_of_the_nearest_before),
    };

    setenv("TZ", "UTC0", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

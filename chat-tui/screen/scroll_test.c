// SPDX-License-Identifier: MIT
#include "scroll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rows.h"
#include "screen_world.h"

#define ROOM 256

// The same in the simplest way: all rows in one column, and which of them is the last one shown.

static uint32_t height_of(const struct world *world, uint32_t place)
{
    return rows_of(world->bob, place, world->ui.text_cells, NULL, 0);
}

static uint32_t all_rows(const struct world *world)
{
    uint32_t rows = 0;

    for (uint32_t place = 0; place < rows_message_count(world->bob); place++) {
        rows += height_of(world, place);
    }
    return rows;
}

// Counted from 1.
static uint32_t last_shown(const struct world *world)
{
    const struct place *now = &world->bob->place;
    uint32_t rows = 0, place = 0;

    if (now->is_at_end) {
        return all_rows(world);
    }
    while (rows_message(world->bob, place)->seq != now->seq) {
        rows += height_of(world, place++);
        assert_true(place < world->bob->timeline.count);
    }
    uint32_t height = height_of(world, place);
    return rows + 1 + (now->row < height ? now->row : height - 1);
}

static uint32_t bounded(const struct world *world, int64_t row)
{
    uint32_t last = all_rows(world);
    uint32_t first = last < world->ui.timeline_rows ? last : world->ui.timeline_rows;

    return row < first ? first : row > last ? last : (uint32_t)row;
}

static void scroll(struct world *world, int rows)
{
    uint32_t wanted = bounded(world, (int64_t)last_shown(world) - rows);

    scroll_by(&world->ui, rows);
    assert_int_equal(last_shown(world), wanted);
    assert_int_equal(world->bob->place.is_at_end, wanted == all_rows(world));
}

static void add(struct world *world, uint64_t seq)
{
    char text[120] = "";
    uint32_t length = world_random(world, 4) == 0 ? world_random(world, 100) : 1;

    for (uint32_t i = 0; i < length; i++) {
        text[i] = world_random(world, 5) == 0 ? ' ' : 'x';
    }
    struct message_view message = world_text(seq, "bob", text);
    message.ts += seq * (uint64_t)(WORLD_DAY_MS / 5); // a date above every fifth
    assert_true(model_page_add(world->model, world->bob, &message));
}

static void add_page(struct world *world, uint64_t from, uint64_t to)
{
    model_page_begin(world->bob, from, to, true);
    for (uint64_t seq = from; seq <= to; seq++) {
        add(world, seq);
    }
}

static void begin(struct world *world, uint64_t from, uint64_t to, uint32_t rows, uint32_t cells)
{
    timeline_clear(&world->bob->timeline);
    world->bob->place = (struct place){ .is_at_end = true };
    world->ui.timeline_rows = rows;
    world->ui.text_cells = cells;
    add_page(world, from, to);
}

static void it_goes_by_rows_and_stops_at_the_ends(void **state)
{
    struct world *world = *state;

    for (int round = 0; round < 60; round++) {
        begin(world, 1 + world_random(world, 3), 1 + world_random(world, 40),
                1 + world_random(world, 30), 1 + world_random(world, 50));
        for (int i = 0; i < 60 && world->bob->timeline.count > 0; i++) {
            scroll(world, (int)world_random(world, 40) - 20);
        }
    }
}

static void down_undoes_up(void **state)
{
    struct world *world = *state;

    begin(world, 3, 120, 10, 20);
    for (int i = 0; i < 100; i++) {
        scroll(world, 5);
        uint32_t before = last_shown(world);
        int rows = 1 + (int)world_random(world, 30);
        bool is_stopped = before < world->ui.timeline_rows + (uint32_t)rows;
        scroll(world, rows);
        scroll(world, -rows);
        assert_true(is_stopped || last_shown(world) == before);
        if (is_stopped) {
            scroll(world, -(int)world_random(world, 200));
        }
    }
}

static void neither_end_is_passed(void **state)
{
    struct world *world = *state;

    begin(world, 1, 50, 10, 20);
    scroll(world, INT32_MAX);
    assert_int_equal(last_shown(world), 10);
    scroll(world, INT32_MAX);
    assert_int_equal(last_shown(world), 10);
    scroll(world, -INT32_MAX);
    assert_true(world->bob->place.is_at_end);
    scroll(world, -1);
    assert_true(world->bob->place.is_at_end);
}

static void what_fits_does_not_move(void **state)
{
    struct world *world = *state;

    begin(world, 1, 3, 100, 80);
    scroll(world, 1);
    scroll(world, 50);
    assert_true(world->bob->place.is_at_end);
}

static void nothing_is_no_place(void **state)
{
    struct world *world = *state;

    begin(world, 1, 0, 10, 20);
    scroll_by(&world->ui, 3);
    scroll_to_start(&world->ui);
    assert_false(scroll_to_first_unread(&world->ui));
    world->model->open = NULL;
    scroll_by(&world->ui, 3);
    scroll_to_start(&world->ui);
    assert_false(scroll_to_first_unread(&world->ui));
}

// As in a terminal that is too small for the timeline from the beginning.
static void it_may_come_before_the_first_drawing(void **state)
{
    struct world *world = *state;

    begin(world, 1, 3, 0, 0);
    scroll_by(&world->ui, 1);
    scroll_to_start(&world->ui);
    scroll_by(&world->ui, -100);
    assert_true(world->bob->place.is_at_end);
}

static void new_messages_do_not_move_who_reads_older_ones(void **state)
{
    struct world *world = *state;

    begin(world, 1, 50, 10, 20);
    scroll(world, 25);
    const struct place before = world->bob->place;
    uint32_t row = last_shown(world);
    for (uint64_t seq = 51; seq < 60; seq++) {
        world_says(world, seq, "bob", "more");
    }
    assert_memory_equal(&world->bob->place, &before, sizeof(before));
    assert_int_equal(last_shown(world), row);
    scroll(world, 3);
    scroll(world, -3);
    assert_int_equal(last_shown(world), row);
    scroll(world, -1000);
    world_says(world, 60, "bob", "the newest");
    assert_true(world->bob->place.is_at_end); // who is at the end stays there
}

// The last row shown holds the same words.
static void older_pages_do_not_move_the_reader(void **state)
{
    struct world *world = *state;
    struct row rows[ROOM];

    for (int round = 0; round < 40; round++) {
        begin(world, 60, 100, 2 + world_random(world, 8), 10 + world_random(world, 30));
        scroll(world, 3 + (int)world_random(world, 60));
        if (world->bob->place.is_at_end || world->bob->place.seq == 60) {
            continue; // there the date above it comes and goes
        }
        const struct place before = world->bob->place;
        uint32_t rest = all_rows(world) - last_shown(world);
        add_page(world, 30, 59);
        assert_memory_equal(&world->bob->place, &before, sizeof(before));
        assert_int_equal(all_rows(world) - last_shown(world), rest);
        uint32_t count = rows_of(world->bob, rows_place_of(world->bob, before.seq),
                world->ui.text_cells, rows, ROOM);
        assert_true(before.row < count);
        scroll(world, 10);
        scroll(world, -10);
        assert_int_equal(all_rows(world) - last_shown(world), rest);
    }
}

static void another_width_leaves_the_message_that_is_read(void **state)
{
    struct world *world = *state;

    for (int round = 0; round < 100; round++) {
        begin(world, 1, 60, 12, 8);
        scroll(world, (int)world_random(world, 100));
        if (world->bob->place.is_at_end) {
            continue;
        }
        uint64_t seq = world->bob->place.seq;
        world->ui.text_cells = 1 + world_random(world, 90);
        world->ui.timeline_rows = 1 + world_random(world, 12);
        uint32_t height = height_of(world, rows_place_of(world->bob, seq));
        uint32_t row = last_shown(world);
        scroll(world, 1); // from there, not from where it would be with the old rows
        assert_true(last_shown(world) + 1 == row || last_shown(world) == bounded(world, 0));
        scroll(world, -1);
        assert_true(height > 0);
    }
}

static void what_is_on_its_way_does_not_hold_back(void **state)
{
    struct world *world = *state;
    int handle;

    begin(world, 1, 50, 10, 20);
    for (int i = 0; i < 30; i++) {
        assert_non_null(
                model_queue(world->model, world->bob, bytes_of("queued"), WORLD_TS, &handle));
    }
    scroll_by(&world->ui, 1);
    assert_false(world->bob->place.is_at_end);
    assert_int_equal(world->bob->place.seq, 50);
    scroll_by(&world->ui, 1);
    assert_int_not_equal(last_shown(world), all_rows(world));
    scroll_by(&world->ui, -2);
    assert_true(world->bob->place.is_at_end);
    begin(world, 1, 2, 40, 20); // all of it fits
    scroll_by(&world->ui, 1);
    assert_true(world->bob->place.is_at_end);
}

static void the_end_of_an_older_part_is_not_the_end(void **state)
{
    struct world *world = *state;

    world->bob->head_seq = 200;
    begin(world, 50, 100, 10, 20);
    world->bob->timeline.is_apart = true;
    scroll_by(&world->ui, 5);
    scroll_by(&world->ui, -100);
    assert_false(world->bob->place.is_at_end);
    assert_int_equal(world->bob->place.seq, 100);
    assert_int_equal(last_shown(world), all_rows(world));
}

static void the_first_new_message_comes_to_the_top(void **state)
{
    struct world *world = *state;

    begin(world, 1, 100, 10, 20);
    assert_false(scroll_to_first_unread(&world->ui));
    for (uint64_t marker = 1; marker < 100; marker++) {
        world->bob->has_marker = true;
        world->bob->marker_seq = marker;
        assert_true(scroll_to_first_unread(&world->ui));
        uint32_t last = last_shown(world), rows = 0;
        for (uint32_t place = 0; place < marker; place++) {
            rows += height_of(world, place);
        }
        // The marker and a text of the first new one are shown.
        assert_true(last > rows && last <= rows + world->ui.timeline_rows);
    }
}

static void the_start_is_the_oldest_that_is_here(void **state)
{
    struct world *world = *state;

    begin(world, 7, 100, 10, 20);
    scroll_to_start(&world->ui);
    assert_int_equal(last_shown(world), 10);
    begin(world, 7, 8, 10, 20);
    scroll_to_start(&world->ui);
    assert_true(world->bob->place.is_at_end);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(it_goes_by_rows_and_stops_at_the_ends),
        IN_WORLD(down_undoes_up),
        IN_WORLD(neither_end_is_passed),
        IN_WORLD(what_fits_does_not_move),
        IN_WORLD(nothing_is_no_place),
        IN_WORLD(it_may_come_before_the_first_drawing),
        IN_WORLD(new_messages_do_not_move_who_reads_older_ones),
        IN_WORLD(older_pages_do_not_move_the_reader),
        IN_WORLD(another_width_leaves_the_message_that_is_read),
        IN_WORLD(what_is_on_its_way_does_not_hold_back),
        IN_WORLD(the_end_of_an_older_part_is_not_the_end),
        IN_WORLD(the_first_new_message_comes_to_the_top),
        IN_WORLD(the_start_is_the_oldest_that_is_here),
    };

    setenv("TZ", "UTC0", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

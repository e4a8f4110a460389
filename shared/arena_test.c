// SPDX-License-Identifier: MIT
#include "shared/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PIECES 2000

static void pieces_are_aligned_and_do_not_overlap(void **state)
{
    static unsigned char *pieces[PIECES];
    struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < PIECES; i++) {
        size_t bytes = i * 7 % 300;
        pieces[i] = arena_take(&arena, bytes);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)(i % 255), bytes);
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t j = 0; j < i * 7 % 300; j++) {
            assert_int_equal(pieces[i][j], i % 255);
        }
    }
    arena_finish(&arena);
}

static void a_piece_may_be_larger_than_any_chunk(void **state)
{
    struct arena arena = { 0 };

    (void)state;
    for (size_t bytes = 3990; bytes < 4020; bytes++) {
        char *piece = arena_take(&arena, bytes);
        assert_non_null(piece);
        memset(piece, 'x', bytes);
    }
    char *large = arena_take(&arena, 1000000);
    assert_non_null(large);
    memset(large, 'y', 1000000);
    assert_non_null(arena_take(&arena, 1));
    arena_finish(&arena);
}

static void a_copy_is_its_own_and_terminated(void **state)
{
    struct arena arena = { 0 };
    char text[] = "hello";

    (void)state;
    struct bytes copy = arena_copy(&arena, (struct bytes){ text, 4 });
    memset(text, '#', sizeof(text));
    assert_int_equal(copy.size, 4);
    assert_string_equal(copy.data, "hell");
    struct bytes empty = arena_copy(&arena, (struct bytes){ NULL, 0 });
    assert_non_null(empty.data); // NULL would mean: no memory
    assert_string_equal(empty.data, "");
    arena_finish(&arena);
}

static void a_finished_arena_can_be_used_again(void **state)
{
    struct arena arena = { 0 };

    (void)state;
    arena_finish(&arena);
    assert_non_null(arena_take(&arena, 100));
    arena_finish(&arena);
    arena_finish(&arena);
    assert_non_null(arena_take(&arena, 100));
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_do_not_overlap),
        cmocka_unit_test(a_piece_may_be_larger_than_any_chunk),
        cmocka_unit_test(a_copy_is_its_own_and_terminated),
        cmocka_unit_test(a_finished_arena_can_be_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

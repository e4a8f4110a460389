// SPDX-License-Identifier: MIT
// The cache's file: batches, other users, damage, bounds, other processes.
#include "shared/client/cache.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/client/cache_world.h"

static void what_was_not_committed_is_not_there(void **state)
{
    struct cache *cache = open_it();
    bool is_dropped;
    int status;

    (void)state;
    put_events(cache, 1, 2);
    cache_close(cache);
    pid_t child = fork();
    if (child == 0) {
        if (cache_open(directory, &cache) != ERR_OK || cache_begin(cache) != ERR_OK ||
                cache_put_message(cache, &server[2], &is_dropped) != ERR_OK) {
            _exit(1);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    cache = open_it();
    assert_cursor(cache, "1.2");
    assert_before(cache, 0, 10, "t1 t2 wsh");
    assert_int_equal(cache_begin(cache), ERR_OK);
    assert_int_equal(cache_put_message(cache, &server[2], &is_dropped), ERR_OK);
    cache_abandon(cache);
    assert_before(cache, 0, 10, "t1 t2 wsh");
    cache_close(cache);
}

static void a_reset_drops_all_but_the_user(void **state)
{
    struct cache *cache = open_it();

    (void)state;
    put_events(cache, 1, 10);
    assert_int_equal(cache_begin(cache), ERR_OK);
    assert_int_equal(cache_reset(cache), ERR_OK);
    assert_int_equal(cache_commit(cache, bytes_of("2.7")), ERR_OK);
    cache = open_again(cache);
    assert_heads(cache, "");
    assert_before(cache, 0, 3, "");
    assert_cursor(cache, "2.7");
    assert_string_equal(cache_user(cache), "ann");
    put_events(cache, 1, 2);
    assert_before(cache, 0, 3, "t1 t2 wsh");
    cache_close(cache);
}

static void another_user_finds_nothing(void **state)
{
    struct cache *cache = open_it();

    (void)state;
    put_events(cache, 1, 10);
    assert_int_equal(cache_set_user(cache, bytes_of("cyd")), ERR_OK);
    assert_heads(cache, "");
    assert_cursor(cache, "");
    assert_string_equal(cache_user(cache), "cyd");
    assert_int_equal(cache_set_user(cache, bytes_of("no name")), ERR_INVALID);
    cache = open_again(cache);
    assert_heads(cache, "");
    cache_close(cache);
}

static void spoil(const char *name, off_t at, size_t bytes)
{
    int fd = open(path_of(name), O_RDWR | O_CREAT, 0600);
    char junk[512];

    assert_true(fd >= 0);
    memset(junk, 0xA5, sizeof(junk));
    for (size_t done = 0; done < bytes; done += sizeof(junk)) {
        assert_int_equal(pwrite(fd, junk, sizeof(junk), at + (off_t)done), sizeof(junk));
    }
    close(fd);
}

static void fill_and_close(void)
{
    struct cache *cache = open_it();

    put_events(cache, 1, ENTRIES);
    cache_close(cache);
    assert_int_equal(access(path_of("cache.db-wal"), F_OK), -1);
}

static void assert_works_empty(void)
{
    struct cache *cache = open_it();

    assert_cursor(cache, "");
    assert_heads(cache, "");
    put_events(cache, 1, 3);
    cache = open_again(cache);
    assert_cursor(cache, "1.3");
    assert_before(cache, 0, 10, "t1 t2 t3 wsh");
    cache_close(cache);
}

static void a_damaged_file_is_made_anew(void **state)
{
    (void)state;
    fill_and_close();
    spoil("cache.db", 0, 512); // no header any more
    assert_works_empty();
    fill_and_close();
    spoil("cache.db", 100, 512); // the schema
    assert_works_empty();
    fill_and_close();
    assert_int_equal(truncate(path_of("cache.db"), 5000), 0);
    assert_works_empty();
    fill_and_close();
    spoil("cache.db-wal", 0, 8192); // left over, and not ours
    struct cache *cache = open_it();
    assert_before(cache, 0, 1, "t600 wh");
    cache_close(cache);
}

static bool ignore(void *context, const struct message_view *message)
{
    (void)context;
    (void)message;
    return true;
}

static void damage_that_is_found_later_can_be_made_good(void **state)
{
    struct stat status;
    struct cache *cache;
    struct cache_page page;

    (void)state;
    fill_and_close();
    cache = open_it();
    assert_int_equal(stat(path_of("cache.db"), &status), 0);
    for (off_t at = 4096 * 8; at + 4096 <= status.st_size; at += 4096) {
        spoil("cache.db", at, 4096);
    }
    enum err err = cache_read_before(cache, bytes_of("bob"), 0, ENTRIES, ignore, NULL, &page);
    assert_int_equal(err, ERR_DAMAGED);
    assert_true(cache_reason(cache)[0] != '\0');
    assert_int_equal(cache_remake(cache), ERR_OK);
    assert_false(cache_is_private(cache));
    assert_int_equal(cache_set_user(cache, bytes_of("ann")), ERR_OK);
    put_events(cache, 1, 3);
    assert_before(cache, 0, 10, "t1 t2 t3 wsh");
    cache_close(cache);
}

static void another_version_of_the_file_is_made_anew(void **state)
{
    (void)state;
    fill_and_close();
    // sqlite.org/fileformat.html: user_version, the four bytes at 60.
    int fd = open(path_of("cache.db"), O_WRONLY);
    assert_int_equal(pwrite(fd, "\0\0\0\7", 4, 60), 4);
    close(fd);
    assert_works_empty();
}

static void without_a_file_it_is_in_memory(void **state)
{
    struct cache *cache;
    char path[200];

    (void)state;
    assert_int_equal(mkdir(path_of("cache.db"), 0700), 0); // can't be opened, even by root
    snprintf(path, sizeof(path), "%s", directory);
    assert_int_equal(cache_open(path, &cache), ERR_OK);
    assert_true(cache_is_private(cache));
    assert_true(cache_reason(cache)[0] != '\0');
    assert_int_equal(cache_set_user(cache, bytes_of("ann")), ERR_OK);
    put_events(cache, 1, 3);
    assert_before(cache, 0, 10, "t1 t2 t3 wsh");
    cache_close(cache);
}

static void put_events_of_cyd(struct cache *cache, uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++) {
        server[seq - 1].peer = bytes_of("cyd");
        server[seq - 1].from = bytes_of("cyd");
        put_events(cache, seq, seq);
    }
}

static void the_oldest_leave_first_and_of_what_was_not_opened(void **state)
{
    struct cache *cache = open_it();
    struct cache_range range;

    (void)state;
    cache_set_limits(cache, 300, 100000, 50);
    for (uint64_t seq = 1; seq <= ENTRIES; seq += 50) {
        put_events(cache, seq, seq + 49);
    }
    assert_range(cache, ENTRIES, 301, ENTRIES);
    assert_before(cache, 302, 2, "t301 ");
    assert_int_equal(cache_note_opened(cache, bytes_of("bob")), ERR_OK);
    // What a conversation has over CACHE_KEPT_MESSAGES leaves first, opened or not.
    cache_set_limits(cache, 300, 250, 1);
    put_events_of_cyd(cache, 1, 60);
    assert_range(cache, ENTRIES, 401, ENTRIES);
    assert_int_equal(cache_read_range(cache, bytes_of("cyd"), 60, &range), ERR_OK);
    assert_int_equal(range.first, 11);
    cache_set_limits(cache, 300, 180, 1);
    put_events_of_cyd(cache, 61, 140);
    assert_range(cache, ENTRIES, 421, ENTRIES);
    assert_int_equal(cache_read_range(cache, bytes_of("cyd"), 140, &range), ERR_OK);
    assert_int_equal(range.first, 0);
    cache_close(cache);
}

static void two_processes_store_into_one_file(void **state)
{
    struct cache *cache = open_it();
    int status;

    (void)state;
    cache_close(cache); // a connection of SQLite's must not go through a fork
    pid_t child = fork();
    cache = open_it();
    for (uint64_t seq = 1; seq <= 300; seq++) {
        put_events(cache, seq, seq); // both the same
    }
    cache_close(cache);
    if (child == 0) {
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    cache = open_it();
    assert_cursor(cache, "1.300");
    assert_range(cache, 300, 1, 300);
    assert_before(cache, 0, 2, "t299 t300 wh");
    assert_heads(cache, "bob@300 read 0/0/0 unread 150 bob:t300; ");
    cache_close(cache);
}

static void a_cache_that_another_has_emptied_takes_no_cursor(void **state)
{
    struct cache *one = open_it(), *other = open_it();

    (void)state;
    put_events(one, 1, 5);
    put_events(other, 1, 6);
    assert_int_equal(cache_begin(other), ERR_OK);
    assert_int_equal(cache_reset(other), ERR_OK);
    assert_int_equal(cache_commit(other, bytes_of("2.1")), ERR_OK);
    assert_int_equal(cache_begin(one), ERR_CONFLICT);
    assert_cursor(one, "2.1");
    put_events(one, 7, 8);
    assert_before(other, 0, 5, "t7 t8 h");
    assert_int_equal(cache_remake(other), ERR_OK); // under the eyes of one
    assert_false(cache_is_private(other));
    assert_int_equal(cache_begin(one), ERR_CONFLICT);
    assert_cursor(one, "");
    assert_int_equal(cache_set_user(one, bytes_of("ann")), ERR_OK);
    put_events(one, 1, 2);
    assert_before(other, 0, 5, "");
    assert_int_equal(cache_set_user(other, bytes_of("ann")), ERR_OK);
    assert_before(other, 0, 5, "t1 t2 wsh");
    put_events(other, 3, 3);
    assert_before(one, 0, 5, "t1 t2 t3 wsh");
    cache_close(one);
    cache_close(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_not_committed_is_not_there),
        TEST(a_reset_drops_all_but_the_user),
        TEST(another_user_finds_nothing),
        TEST(a_damaged_file_is_made_anew),
        TEST(damage_that_is_found_later_can_be_made_good),
        TEST(another_version_of_the_file_is_made_anew),
        TEST(without_a_file_it_is_in_memory),
        TEST(the_oldest_leave_first_and_of_what_was_not_opened),
        TEST(two_processes_store_into_one_file),
        TEST(a_cache_that_another_has_emptied_takes_no_cursor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "shared/client/drafts.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/buffer.h"

static char directory[64];

static int make(void **state)
{
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/drafts-test-XXXXXX");
    return mkdtemp(directory) == NULL;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

static int clean(void **state)
{
    (void)state;
    return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct drafts *open_of(const char *user)
{
    struct drafts *drafts;

    assert_int_equal(drafts_open(directory, bytes_of(user), &drafts), ERR_OK);
    return drafts;
}

static void put(struct drafts *drafts, const char *peer, const char *text)
{
    assert_int_equal(drafts_put(drafts, bytes_of(peer), bytes_of(text), 2), ERR_OK);
}

static bool show(void *context, const struct draft *draft)
{
    assert_true(draft->at_ms > 0);
    buffer_print(context, "%.*s:%.*s@%u ", (int)draft->peer.size, draft->peer.data,
            (int)draft->text.size, draft->text.data, (unsigned)draft->position);
    return true;
}

static void assert_drafts(struct drafts *drafts, const char *wanted)
{
    struct buffer text = { 0 };

    assert_int_equal(drafts_each(drafts, show, &text), ERR_OK);
    buffer_add_byte(&text, '\0');
    assert_string_equal(text.data, wanted);
    buffer_finish(&text);
}

static void a_draft_is_there_again_and_an_empty_one_is_gone(void **state)
{
    struct drafts *drafts = open_of("ann");
    struct buffer text = { 0 };

    (void)state;
    put(drafts, "cyd", "hm");
    put(drafts, "bob", "hello");
    put(drafts, "bob", "hello you");
    drafts_close(drafts);
    drafts = open_of("ann");
    assert_drafts(drafts, "bob:hello you@2 cyd:hm@2 ");
    put(drafts, "bob", "");
    assert_drafts(drafts, "cyd:hm@2 ");
    assert_int_equal(drafts_get(drafts, bytes_of("bob"), show, &text), ERR_OK);
    assert_int_equal(text.bytes, 0);
    assert_int_equal(drafts_get(drafts, bytes_of("cyd"), show, &text), ERR_OK);
    assert_true(
            bytes_equal((struct bytes){ text.data, (uint32_t)text.bytes }, bytes_of("cyd:hm@2 ")));
    buffer_finish(&text);
    drafts_close(drafts);
}

static void each_user_has_its_own(void **state)
{
    struct drafts *ann = open_of("ann"), *bob = open_of("bob");

    (void)state;
    put(ann, "cyd", "of ann");
    assert_drafts(bob, "");
    put(bob, "cyd", "of bob");
    assert_drafts(ann, "cyd:of ann@2 ");
    drafts_close(ann);
    drafts_close(bob);
}

static void the_file_is_for_its_user_only(void **state)
{
    struct drafts *drafts = open_of("ann");
    struct stat status;
    char path[100];

    (void)state;
    put(drafts, "cyd", "secret");
    static const char *const names[] = { "drafts.db", "drafts.db-wal" };
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
    drafts_close(drafts);
}

static void a_damaged_file_is_put_aside_and_one_of_a_later_version_left_alone(void **state)
{
    char path[100];
    struct drafts *drafts;

    (void)state;
    snprintf(path, sizeof(path), "%s/drafts.db", directory);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "this is not what it was, not at all, not any more", 49), 49);
    close(fd);
    drafts = open_of("ann");
    put(drafts, "cyd", "new");
    assert_drafts(drafts, "cyd:new@2 ");
    drafts_close(drafts);
    // sqlite.org/fileformat.html: user_version, the four bytes at 60.
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "\0\0\0\7", 4, 60), 4);
    close(fd);
    assert_int_equal(drafts_open(directory, bytes_of("ann"), &drafts), ERR_IO);
    assert_non_null(strstr(drafts_reason(drafts), "later version"));
    drafts_close(drafts);
    snprintf(path, sizeof(path), "%s/drafts.db.damaged", directory);
    assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_draft_is_there_again_and_an_empty_one_is_gone, make,
                clean),
        cmocka_unit_test_setup_teardown(each_user_has_its_own, make, clean),
        cmocka_unit_test_setup_teardown(the_file_is_for_its_user_only, make, clean),
        cmocka_unit_test_setup_teardown(
                a_damaged_file_is_put_aside_and_one_of_a_later_version_left_alone, make, clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

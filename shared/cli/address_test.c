// SPDX-License-Identifier: MIT
#include "shared/cli/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void every_way_of_writing_is_understood(void **state)
{
    static const struct {
        const char *text, *url, *authority;
    } good[] = {
        { "http://a:1", "http://a:1", "a:1" },
        { "HTTPS://a.example/", "https://a.example", "a.example" },
        { "ws://a:1/ws?user=x", "http://a:1", "a:1" },
        { "wss://a", "https://a", "a" },
        { "a:7480", "http://a:7480", "a:7480" },
        { "https://[::1]:7480", "https://[::1]:7480", "[::1]:7480" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct address address;
        assert_true(address_parse(good[i].text, &address));
        assert_string_equal(address.url, good[i].url);
        assert_string_equal(address.authority, good[i].authority);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const bad[] = { "", "http://", "ftp://a", "http://me@a", "http://a b",
        "127.0.0.1@evil.example", "http:///ws" };
    char longest[400] = "http://";
    struct address address;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(address_parse(bad[i], &address));
    }
    memset(longest + 7, 'a', 300);
    assert_false(address_parse(longest, &address));
}

static void only_this_machine_may_be_told_a_secret_without_tls(void **state)
{
    static const char *const good[] = { "http://127.0.0.1:7480", "127.1", "http://localhost",
        "http://LOCALHOST:1/", "http://[::1]", "http://[::1]:7480", "https://anywhere" };
    static const char *const bad[] = { "http://127.0.0.1.evil.example", "http://127.evil.example:1",
        "http://localhost.evil.example", "http://[::1].evil", "http://[::12]",
        "http://192.0.2.1:7480", "anywhere:7480" };
    struct address address;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(address_parse(good[i], &address) && address_keeps_secrets(&address));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_true(address_parse(bad[i], &address));
        assert_false(address_keeps_secrets(&address));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_of_writing_is_understood),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(only_this_machine_may_be_told_a_secret_without_tls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

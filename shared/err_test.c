// SPDX-License-Identifier: MIT
#include "shared/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void codes_are_unique(void **state)
{
    (void)state;
    for (enum err a = 0; a < ERR_COUNT; a++) {
        for (enum err b = 0; b < a; b++) {
            assert_int_not_equal(err_code(a), err_code(b));
        }
    }
}

static void protocol_faults_have_the_codes_of_json_rpc(void **state)
{
    (void)state;
    assert_int_equal(err_code(ERR_PARSE), -32700);
    assert_int_equal(err_code(ERR_REQUEST), -32600);
    assert_int_equal(err_code(ERR_METHOD), -32601);
    assert_int_equal(err_code(ERR_PARAMS), -32602);
    assert_int_equal(err_code(ERR_RPC_INTERNAL), -32603);
    for (enum err err = ERR_UNAUTHORIZED; err < ERR_COUNT; err++) {
        assert_true(err_code(err) > 0);
    }
}

// Clients act on the kind: what they do must not depend on which of the codes it came with.
static void errors_of_one_kind_have_one_http_status(void **state)
{
    (void)state;
    for (enum err a = 0; a < ERR_COUNT; a++) {
        for (enum err b = 0; b < a; b++) {
            if (strcmp(err_kind(a), err_kind(b)) == 0) {
                assert_int_equal(err_http_status(a), err_http_status(b));
            }
        }
    }
}

static void kinds_are_the_words_of_the_wire(void **state)
{
    static const char *const words[] = { "unauthorized", "forbidden", "not_found", "exists",
        "invalid", "too_large", "busy", "rate_limited", "unavailable", "conflict", "internal" };

    (void)state;
    for (enum err err = ERR_UNAUTHORIZED; err < ERR_COUNT; err++) {
        bool is_known = false;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            is_known |= strcmp(err_kind(err), words[i]) == 0;
        }
        assert_true(is_known);
    }
}

static void only_a_server_at_its_limits_is_worth_another_try(void **state)
{
    (void)state;
    for (enum err err = 0; err < ERR_COUNT; err++) {
        int status = err_http_status(err);
        assert_true(status == 200 || (status >= 400 && status < 600));
        if (err_is_retryable(err)) {
            assert_true(status >= 500 || status == 429);
        }
    }
    assert_int_equal(err_http_status(ERR_OK), 200);
    assert_false(err_is_retryable(ERR_OK));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_unique),
        cmocka_unit_test(protocol_faults_have_the_codes_of_json_rpc),
        cmocka_unit_test(errors_of_one_kind_have_one_http_status),
        cmocka_unit_test(kinds_are_the_words_of_the_wire),
        cmocka_unit_test(only_a_server_at_its_limits_is_worth_another_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "auth/scrypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static char stored[SCRYPT_TEXT_BYTES];

// RFC 7914's function with the smallest N, so that a right hash is cheap to try.
// hashlib.scrypt(b"right", salt=bytes(range(16)), n=2, r=8, p=1, dklen=32)
#define SALT "000102030405060708090a0b0c0d0e0f"
#define HASH "304ddddda827bda3318f7063a65e639825e60d03903af6c15ea68c44f77d5a4c"

static int hash_right(void **state)
{
    (void)state;
    return scrypt_hash(bytes_of("right"), stored) == ERR_OK ? 0 : -1;
}

static void only_the_right_password_matches(void **state)
{
    static const char *const wrong[] = { "", "wrong", "righ", "right ", "Right" };

    (void)state;
    assert_true(scrypt_verify(bytes_of("right"), bytes_of(stored)));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(scrypt_verify(bytes_of(wrong[i]), bytes_of(stored)));
    }
}

static void a_hash_has_the_documented_form_and_a_salt_of_its_own(void **state)
{
    char again[SCRYPT_TEXT_BYTES];

    (void)state;
    assert_int_equal(strlen(stored), strlen("scrypt$15$8$3$") + 32 + 1 + 64);
    assert_memory_equal(stored, "scrypt$15$8$3$", 14);
    assert_int_equal(scrypt_hash(bytes_of("right"), again), ERR_OK);
    assert_string_not_equal(stored, again);
    assert_true(scrypt_verify(bytes_of("right"), bytes_of(again)));
}

static void a_hash_of_other_parameters_still_matches(void **state)
{
    (void)state;
    assert_true(scrypt_verify(bytes_of("right"), bytes_of("scrypt$1$8$1$" SALT "$" HASH)));
    assert_false(scrypt_verify(bytes_of("wrong"), bytes_of("scrypt$1$8$1$" SALT "$" HASH)));
}

static void a_malformed_hash_never_matches(void **state)
{
    static const char *const malformed[] = {
        "",
        "right",
        ("scrypt$1$8$1$" SALT "$"),
        ("scrypt$1$8$1$" SALT "$" HASH "0"),
        ("scrypt$1$8$1$" SALT "$" HASH " "),
        (" scrypt$1$8$1$" SALT "$" HASH),
        ("scrypt$ 1$8$1$" SALT "$" HASH),
        ("scrypt$+1$8$1$" SALT "$" HASH),
        ("scrypt$01$8$1$" SALT "$" HASH),
        ("scrypt$1$8$1$ " SALT "$" HASH),
        ("scrypt$0$8$1$" SALT "$" HASH),
        ("scrypt$-1$8$1$" SALT "$" HASH),
        ("scrypt$60$8$1$" SALT "$" HASH),
        ("scrypt$1$0$1$" SALT "$" HASH),
        ("scrypt$1$8$0$" SALT "$" HASH),
        ("scrypt$1$-8$1$" SALT "$" HASH),
        ("argon2$1$8$1$" SALT "$" HASH),
        ("scrypt$1$8$1$000102030405060708090A0B0C0D0E0F$" HASH),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        if (scrypt_verify(bytes_of("right"), bytes_of(malformed[i]))) {
            fail_msg("\"%s\" matches", malformed[i]);
        }
    }
    assert_false(scrypt_verify(bytes_of("right"), (struct bytes){ NULL, 0 }));
    const char *with_nul = "scrypt$1$8$1$" SALT "$" HASH "\0x";
    assert_false(scrypt_verify(bytes_of("right"),
            (struct bytes){ with_nul, (uint32_t)strlen(with_nul) + 2 }));
}

static void a_hash_cut_short_or_changed_never_matches(void **state)
{
    const char *right = "scrypt$1$8$1$" SALT "$" HASH;
    char changed[SCRYPT_TEXT_BYTES];

    (void)state;
    for (uint32_t bytes = 90; bytes < strlen(right); bytes += 7) {
        assert_false(scrypt_verify(bytes_of("right"), (struct bytes){ right, bytes }));
    }
    for (size_t i = strlen("scrypt$1$8$1$"); i < strlen(right); i++) {
        if (right[i] != '$') {
            snprintf(changed, sizeof(changed), "%s", right);
            changed[i] = changed[i] == '0' ? '1' : '0';
            assert_false(scrypt_verify(bytes_of("right"), bytes_of(changed)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_right_password_matches),
        cmocka_unit_test(a_hash_has_the_documented_form_and_a_salt_of_its_own),
        cmocka_unit_test(a_hash_of_other_parameters_still_matches),
        cmocka_unit_test(a_malformed_hash_never_matches),
        cmocka_unit_test(a_hash_cut_short_or_changed_never_matches),
    };
    return cmocka_run_group_tests(tests, hash_right, NULL);
}

// SPDX-License-Identifier: MIT
#include "settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct settings settings;
static char wrong[200];

static int begin(void **state)
{
    (void)state;
    settings_init(&settings);
    return 0;
}

static enum settings_verdict take(const char *name, const char *value)
{
    return settings_take(&settings, name, value, wrong, sizeof(wrong));
}

static void a_choice_is_one_of_its_words(void **state)
{
    (void)state;
    assert_int_equal(take("receipts", "never"), SETTINGS_TAKEN);
    assert_int_equal(settings.receipts, RECEIPTS_NEVER);
    assert_int_equal(take("receipts", "sometimes"), SETTINGS_WRONG);
    assert_string_equal(wrong, "focus, action or never");
    assert_int_equal(settings.receipts, RECEIPTS_NEVER);
    assert_int_equal(take("notify_text", "no"), SETTINGS_TAKEN);
    assert_int_equal(settings.notify_text, SAID_NO);
    assert_int_equal(take("receipt", "never"), SETTINGS_UNKNOWN);
}

static void a_text_has_a_bound(void **state)
{
    char long_one[SETTING_TEXT_BYTES + 1];

    (void)state;
    assert_string_equal(settings.open_cmd, "xdg-open");
    assert_int_equal(take("open_cmd", "firefox --new-tab"), SETTINGS_TAKEN);
    assert_string_equal(settings.open_cmd, "firefox --new-tab");
    memset(long_one, 'x', sizeof(long_one) - 1);
    long_one[SETTING_TEXT_BYTES] = '\0';
    assert_int_equal(take("notify_cmd", long_one), SETTINGS_WRONG);
}

static void a_look_is_chosen_apart_from_the_theme(void **state)
{
    struct theme_styles styles;

    (void)state;
    assert_int_equal(take("theme", "dark"), SETTINGS_TAKEN);
    assert_int_equal(take("colour.own", "bold red on 16 underline"), SETTINGS_TAKEN);
    settings_styles(&settings, &styles);
    assert_int_equal(styles.of[LOOK_OWN].attributes, STYLE_BOLD | STYLE_UNDERLINE);
    assert_int_equal(styles.of[LOOK_OWN].colour, 1);
    assert_int_equal(styles.of[LOOK_OWN].background, 16);
    assert_int_equal(styles.of[LOOK_PEER].colour, 150);
}

static void a_wrong_look_is_named(void **state)
{
    (void)state;
    assert_int_equal(take("colour.nobody", "red"), SETTINGS_UNKNOWN);
    assert_int_equal(take("colour.own", "reddish"), SETTINGS_WRONG);
    assert_non_null(strstr(wrong, "not \"reddish\""));
    assert_int_equal(take("colour.own", "256"), SETTINGS_WRONG);
    assert_int_equal(take("colour.own", "-1"), SETTINGS_WRONG);
    assert_int_equal(take("colour.own", "plain"), SETTINGS_TAKEN);
}

static void without_colours_every_look_that_matters_differs(void **state)
{
    struct theme_styles styles;

    (void)state;
    theme_styles(THEME_MONO, &styles);
    assert_int_not_equal(styles.of[LOOK_NEW].attributes, styles.of[LOOK_PLAIN].attributes);
    assert_int_not_equal(styles.of[LOOK_BAD].attributes, styles.of[LOOK_NEW].attributes);
    assert_int_not_equal(styles.of[LOOK_BAR].attributes, styles.of[LOOK_CHOSEN].attributes);
    for (int look = 0; look < LOOK_COUNT; look++) {
        assert_int_equal(styles.of[look].colour, COLOUR_OF_TERMINAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_choice_is_one_of_its_words, begin),
        cmocka_unit_test_setup(a_text_has_a_bound, begin),
        cmocka_unit_test_setup(a_look_is_chosen_apart_from_the_theme, begin),
        cmocka_unit_test_setup(a_wrong_look_is_named, begin),
        cmocka_unit_test_setup(without_colours_every_look_that_matters_differs, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include "protocol/discover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "shared/json.h"

static void read_file(const char *path, struct buffer *out)
{
    char part[4096];
    size_t bytes;
    FILE *file = fopen(path, "re");

    assert_non_null(file);
    while ((bytes = fread(part, 1, sizeof(part), file)) > 0) {
        buffer_add(out, part, bytes);
    }
    fclose(file);
}

// The same value with the same spacing.
static void normalise(struct buffer *text)
{
    char reason[200] = "";
    struct json *value = json_parse(text->data, text->bytes, reason, sizeof(reason));

    assert_string_equal(reason, "");
    buffer_clear(text);
    json_dump(value, text);
    json_destroy(value);
}

// A method was added or changed? "tests/scenario/openrpc.py --write" writes the file again.
static void the_file_in_the_sources_is_what_the_tables_say(void **state)
{
    struct buffer file = { 0 }, written = { 0 };

    (void)state;
    read_file(OPENRPC_FILE, &file);
    discover_write(&written);
    normalise(&file);
    normalise(&written);
    assert_int_equal(file.bytes, written.bytes);
    assert_memory_equal(file.data, written.data, file.bytes);
    buffer_finish(&file);
    buffer_finish(&written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_in_the_sources_is_what_the_tables_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

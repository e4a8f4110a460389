// SPDX-License-Identifier: MIT
#include "output.h"

#include <inttypes.h>
#include <stdio.h>

void output_json(const struct json *value)
{
    struct buffer out = { 0 };

    json_dump(value, &out);
    buffer_add_byte(&out, '\n');
    fwrite(out.data, out.bytes, 1, stdout);
    buffer_finish(&out);
}

uint64_t output_uint(const struct json *object, const char *key)
{
    uint64_t number = 0;

    (void)json_read_uint(json_get(object, key), &number);
    return number;
}

struct bytes output_text(const struct json *object, const char *key)
{
    struct bytes text = { "", 0 };

    (void)json_read_string(json_get(object, key), &text);
    return text;
}

const char *output_size(uint64_t bytes)
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB" };
    static char texts[4][32];
    static unsigned next;
    char *text = texts[next++ % 4];
    double value = (double)bytes;
    int unit = 0;

    while (value >= 1000 && unit < 4) {
        value /= 1000;
        unit++;
    }
    snprintf(text, sizeof(texts[0]), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

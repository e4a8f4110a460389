// SPDX-License-Identifier: MIT
#include "output.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/cli/text.h"

void complain(bool is_json, const char *kind, const char *format, ...)
{
    char message[1200];
    struct buffer line = { 0 };
    va_list list;

    va_start(list, format);
    vsnprintf(message, sizeof(message), format, list);
    va_end(list);
    if (!is_json) { // the server's words may be anybody's
        buffer_add_literal(&line, "chatctl: ");
        text_add_safely(&line, bytes_of(message));
        buffer_add_byte(&line, '\n');
        fwrite(line.data, 1, line.bytes, stderr);
        buffer_finish(&line);
        return;
    }
    buffer_print(&line, "{\"error\":{\"kind\":\"%s\",\"message\":", kind);
    json_add_string(&line, bytes_of(message));
    buffer_add_literal(&line, "}}\n");
    fwrite(line.data, line.bytes, 1, stdout);
    buffer_finish(&line);
}

void output_done(bool is_json, const char *json_format, const char *format, const char *subject)
{
    const char *chosen = is_json ? json_format : format, *place = strstr(chosen, "%s");
    struct buffer word = { 0 };

    CHECK(place != NULL);
    if (is_json) {
        json_add_string(&word, bytes_of(subject)); // with its quotes, which the format has too
    } else {
        text_add_safely(&word, bytes_of(subject));
    }
    size_t quote = is_json ? 1 : 0;
    printf("%.*s%.*s%s\n", (int)(place - chosen), chosen, (int)(word.bytes - 2 * quote),
            word.bytes == 0 ? "" : word.data + quote, place + 2);
    buffer_finish(&word);
}

void output_field(struct buffer *out, const char *name, struct bytes text)
{
    buffer_print(out, "%s\"%s\":", out->bytes == 0 ? "{" : ",", name);
    json_add_string(out, text);
}

void output_line(struct buffer *out)
{
    buffer_add_byte(out, '\n');
    fwrite(out->data, 1, out->bytes, stdout);
    buffer_finish(out);
}

void output_label(struct bytes text)
{
    struct buffer line = { 0 };

    text_add_safely(&line, text);
    fwrite(line.data, 1, line.bytes, stdout);
    buffer_finish(&line);
}

void output_next_picture(bool is_json)
{
    if (!is_json) {
        fputs(isatty(STDOUT_FILENO) != 0 ? "\033[H\033[J" : "\n", stdout);
    }
}

void output_file(const char *name, const struct buffer *text, bool is_json)
{
    struct buffer out = { 0 };

    if (!is_json) {
        fwrite(text->data, text->bytes, 1, stdout);
        return;
    }
    buffer_print(&out, "{\"%s\":", name);
    json_add_string(&out, (struct bytes){ text->data, (uint32_t)text->bytes });
    buffer_add_literal(&out, "}\n");
    fwrite(out.data, out.bytes, 1, stdout);
    buffer_finish(&out);
}

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

// SPDX-License-Identifier: MIT
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

#include "shared/cli/text.h"

void complain(const char *format, ...)
{
    char message[1200];
    struct buffer line = { 0 };
    va_list list;

    va_start(list, format);
    vsnprintf(message, sizeof(message), format, list);
    va_end(list);
    buffer_add_literal(&line, "chat-tui: ");
    text_add_safely(&line, bytes_of(message));
    buffer_add_byte(&line, '\n');
    fwrite(line.data, line.bytes, 1, stderr);
    buffer_finish(&line);
}

enum exit_code complain_of(const char *what, const struct json *answer)
{
    const struct json *error = json_get(answer, "error");
    struct bytes message = bytes_of("no reason was given"), kind = { "", 0 };

    json_read_string(json_get(json_get(error, "data"), "kind"), &kind);
    json_read_string(json_get(error, "message"), &message);
    complain("%s: %.*s", what, (int)message.size, message.data);
    return exit_code_of(kind);
}

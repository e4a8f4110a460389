// SPDX-License-Identifier: MIT
#include "exit_code.h"

#include <stdarg.h>
#include <stdio.h>

#include "text.h"

enum exit_code exit_code_of(const struct json *answer)
{
    static const struct {
        const char *kind;
        enum exit_code code;
    } codes[] = {
        { "unauthorized", EXIT_NOT_ALLOWED },
        { "forbidden", EXIT_NOT_ALLOWED },
        { "not_found", EXIT_NOT_FOUND },
        { "unavailable", EXIT_UNREACHABLE },
        { "exists", EXIT_REFUSED },
        { "invalid", EXIT_REFUSED },
        { "params", EXIT_REFUSED },
        { "too_large", EXIT_REFUSED },
        { "rate_limited", EXIT_REFUSED },
        { "conflict", EXIT_REFUSED },
    };
    struct bytes kind = { "", 0 };

    json_read_string(json_get(json_get(json_get(answer, "error"), "data"), "kind"), &kind);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (bytes_equal(kind, bytes_of(codes[i].kind))) {
            return codes[i].code;
        }
    }
    return EXIT_FAILED;
}

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
    struct bytes message = { "no reason was given", 19 };

    json_read_string(json_get(json_get(answer, "error"), "message"), &message);
    complain("%s: %.*s", what, (int)message.size, message.data);
    return exit_code_of(answer);
}

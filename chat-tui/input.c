// SPDX-License-Identifier: MIT
#include "input.h"

#include <errno.h>
#include <unistd.h>

#define READ_BYTES 65536

void input_finish(struct input *input)
{
    buffer_finish(&input->data);
}

void input_read(struct input *input)
{
    if (input->start > 0) {
        input->data.bytes -= input->start;
        memmove(input->data.data, input->data.data + input->start, input->data.bytes);
        input->start = 0;
    }
    char *room = buffer_reserve(&input->data, READ_BYTES);
    CHECK(room != NULL);
    ssize_t bytes = read(input->fd, room, READ_BYTES);
    if (bytes > 0) {
        input->data.bytes += (size_t)bytes;
    } else if (bytes == 0 || (errno != EAGAIN && errno != EINTR)) {
        input->is_ended = true;
    }
}

enum input_line input_next(struct input *input, struct bytes *line)
{
    size_t rest = input->data.bytes - input->start;
    const char *from = rest == 0 ? NULL : input->data.data + input->start;
    const char *end = rest == 0 ? NULL : memchr(from, '\n', rest);

    if (end == NULL && !(input->is_ended && rest > 0)) {
        if (rest <= INPUT_LINE_BYTES_MAX) {
            return INPUT_NONE;
        }
        input->start += rest;
        bool is_news = !input->is_skipping;
        input->is_skipping = true;
        return is_news ? INPUT_TOO_LONG : INPUT_NONE;
    }
    size_t size = end == NULL ? rest : (size_t)(end - from);
    input->start += size + (end != NULL);
    if (input->is_skipping) {
        input->is_skipping = false;
        return input_next(input, line);
    }
    if (size > INPUT_LINE_BYTES_MAX) {
        return INPUT_TOO_LONG;
    }
    *line = (struct bytes){ from, (uint32_t)size };
    return INPUT_LINE;
}

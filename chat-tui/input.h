// SPDX-License-Identifier: MIT
// Lines of standard input, without waiting for them.
//
// Owner: the command. Thread: one.
// Bounds: INPUT_LINE_BYTES_MAX; a longer line is reported once and skipped.

#pragma once

#include <stdbool.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/limits.h"

#define INPUT_LINE_BYTES_MAX FRAME_BYTES_MAX_AFTER

struct input {
    int fd;
    bool is_ended;    // the other side has closed; whole lines may be left
    bool is_skipping; // the rest of a line that was too long
    struct buffer data;
    size_t start; // of what was not taken yet
};

enum input_line { INPUT_NONE, INPUT_LINE, INPUT_TOO_LONG };

void input_finish(struct input *input);
// One read(2); call it when poll(2) says so.
void input_read(struct input *input);
// The next whole line, without its end; lent until the next call of input_read().
enum input_line input_next(struct input *input, struct bytes *line);

// SPDX-License-Identifier: MIT
// Standard output that may be slow: lines wait here, in order, and each is one write(2).
//
// Owner: the command. Thread: one.
// Bounds: none of its own; who adds lines looks at output_waiting().

#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"

struct output {
    int fd;
    int flags;      // to be put back at the end; -1: unchanged
    bool is_broken; // nobody reads any more
    struct buffer data;
    size_t start;     // of data that is not written yet
    uint64_t written; // bytes, ever
};

// A pipe or socket is made non-blocking until output_finish(). A file or terminal is not: whoever
// shares it would notice.
void output_init(struct output *output, int fd);
void output_finish(struct output *output);

// Adds the line and a newline. Its place: written when output->written has reached it.
uint64_t output_line(struct output *output, struct bytes line);
size_t output_waiting(const struct output *output);
// To watch for: writable when something waits, and always whether it is broken.
struct pollfd output_watch(const struct output *output);
// Writes what can be written without waiting.
void output_flush(struct output *output);

// SPDX-License-Identifier: MIT
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void output_init(struct output *output, int fd)
{
    struct stat status;

    *output = (struct output){ .fd = fd, .flags = -1 };
    if (fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))) {
        int flags = fcntl(fd, F_GETFL);
        if (flags >= 0 && (flags & O_NONBLOCK) == 0 &&
                fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0) {
            output->flags = flags;
        }
    }
}

void output_finish(struct output *output)
{
    if (output->flags >= 0) {
        (void)fcntl(output->fd, F_SETFL, output->flags);
    }
    buffer_finish(&output->data);
}

uint64_t output_line(struct output *output, struct bytes line)
{
    buffer_add(&output->data, line.data, line.size);
    buffer_add_byte(&output->data, '\n');
    CHECK(buffer_is_whole(&output->data)); // a line can't be left out, and there is no memory
    return output->written + output_waiting(output);
}

size_t output_waiting(const struct output *output)
{
    return output->data.bytes - output->start;
}

struct pollfd output_watch(const struct output *output)
{
    return (struct pollfd){ output->fd, output_waiting(output) > 0 ? POLLOUT : 0, 0 };
}

void output_flush(struct output *output)
{
    while (output_waiting(output) > 0 && !output->is_broken) {
        const char *from = output->data.data + output->start;
        const char *end = memchr(from, '\n', output_waiting(output));
        ssize_t bytes = write(output->fd, from, (size_t)(end - from) + 1);
        if (bytes < 0 && errno == EINTR) {
            continue;
        }
        if (bytes < 0) {
            output->is_broken = errno != EAGAIN && errno != EWOULDBLOCK;
            break;
        }
        output->start += (size_t)bytes;
        output->written += (uint64_t)bytes;
    }
    if (output->start > 0) {
        output->data.bytes -= output->start;
        memmove(output->data.data, output->data.data + output->start, output->data.bytes);
        output->start = 0;
    }
}

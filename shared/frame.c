// SPDX-License-Identifier: MIT
#include "shared/frame.h"

#include <stdlib.h>
#include <string.h>

struct frame *frame_create(size_t bytes)
{
    struct frame *frame = malloc(sizeof(*frame) + bytes);

    if (frame == NULL) {
        return NULL;
    }
    frame->references = 1;
    frame->bytes = bytes;
    return frame;
}

struct frame *frame_copy(const char *data, size_t bytes)
{
    struct frame *frame = frame_create(bytes);

    if (frame != NULL && bytes > 0) {
        memcpy(frame->data, data, bytes);
    }
    return frame;
}

struct frame *frame_hold(struct frame *frame)
{
    CHECK(frame->references > 0);
    frame->references++;
    return frame;
}

void frame_release(struct frame *frame)
{
    if (frame == NULL) {
        return;
    }
    CHECK(frame->references > 0);
    frame->references--;
    if (frame->references == 0) {
        free(frame);
    }
}

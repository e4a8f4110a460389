// SPDX-License-Identifier: MIT
#include "undo.h"

#include <stdlib.h>

static size_t bytes_of_step(uint32_t size)
{
    return sizeof(struct undo_step) + size;
}

static void forget_oldest(struct undo *undo)
{
    struct undo_step *oldest = undo->steps[undo->first];

    undo->bytes -= bytes_of_step(oldest->size);
    undo->first = (undo->first + 1) % UNDO_STEPS_MAX;
    undo->count--;
    free(oldest);
}

void undo_clear(struct undo *undo)
{
    while (undo->count > 0) {
        forget_oldest(undo);
    }
}

void undo_push(struct undo *undo, struct bytes text, uint32_t cursor, uint32_t place)
{
    struct undo_step *step = malloc(bytes_of_step(text.size));

    if (step == NULL) {
        return;
    }
    step->cursor = cursor;
    step->place = place;
    step->size = text.size;
    memcpy(step->text, text.data, text.size);
    undo->bytes += bytes_of_step(text.size);
    while (undo->count > 0 && (undo->count == UNDO_STEPS_MAX || undo->bytes > UNDO_BYTES_MAX)) {
        forget_oldest(undo);
    }
    undo->steps[(undo->first + undo->count) % UNDO_STEPS_MAX] = step;
    undo->count++;
}

struct undo_step *undo_pop(struct undo *undo)
{
    if (undo->count == 0) {
        return NULL;
    }
    undo->count--;
    struct undo_step *step = undo->steps[(undo->first + undo->count) % UNDO_STEPS_MAX];
    undo->bytes -= bytes_of_step(step->size);
    return step;
}

// SPDX-License-Identifier: MIT
#include "session/window.h"

#include <stdlib.h>

#include "shared/limits.h"

void window_finish(struct window *window)
{
    free(window->ring);
    *window = (struct window){ 0 };
}

bool window_fits(const struct window *window, uint32_t bytes)
{
    return window->count == 0 ||
            (window->count < WINDOW_EVENTS && window->bytes + bytes <= WINDOW_BYTES);
}

bool window_push(struct window *window, const struct shown *shown)
{
    if (window->ring == NULL) {
        window->ring = malloc(WINDOW_EVENTS * sizeof(*window->ring));
        if (window->ring == NULL) {
            return false;
        }
    }
    CHECK(window->count < WINDOW_EVENTS);
    window->ring[(window->first + window->count) % WINDOW_EVENTS] = *shown;
    window->count++;
    window->bytes += shown->bytes;
    return true;
}

const struct shown *window_oldest(const struct window *window)
{
    return window->count == 0 ? NULL : &window->ring[window->first];
}

void window_pop(struct window *window)
{
    CHECK(window->count > 0);
    window->bytes -= window->ring[window->first].bytes;
    window->first = (window->first + 1) % WINDOW_EVENTS;
    window->count--;
}

// SPDX-License-Identifier: MIT
#include "sent_lines.h"

#include <stdlib.h>

#include "shared/check.h"

void sent_lines_finish(struct sent_lines *sent)
{
    for (uint32_t i = 0; i < SENT_LINES_MAX; i++) {
        free(sent->lines[i]);
    }
    *sent = (struct sent_lines){ 0 };
}

void sent_lines_add(struct sent_lines *sent, struct bytes text)
{
    if (text.size == 0 || (sent->count > 0 && bytes_equal(text, sent_lines_get(sent, 1)))) {
        return;
    }
    char *line = malloc(text.size);
    if (line == NULL) {
        return;
    }
    memcpy(line, text.data, text.size);
    uint32_t index = (sent->first + sent->count) % SENT_LINES_MAX;
    if (sent->count == SENT_LINES_MAX) {
        sent->first = (sent->first + 1) % SENT_LINES_MAX;
    } else {
        sent->count++;
    }
    free(sent->lines[index]);
    sent->lines[index] = line;
    sent->sizes[index] = text.size;
}

struct bytes sent_lines_get(const struct sent_lines *sent, uint32_t number)
{
    CHECK(number >= 1 && number <= sent->count);
    uint32_t index = (sent->first + sent->count - number) % SENT_LINES_MAX;
    return (struct bytes){ sent->lines[index], sent->sizes[index] };
}

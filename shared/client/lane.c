// SPDX-License-Identifier: MIT
#include "shared/client/lane.h"

#include <stddef.h>

void lane_init(struct lane *lane)
{
    list_init(&lane->rows);
}

void lane_add(struct lane *lane, struct lane_row *row)
{
    struct list *place = lane->rows.previous;

    while (place != &lane->rows &&
            LIST_OF(place, struct lane_row, of_lane)->counter > row->counter) {
        place = place->previous;
    }
    list_init(&row->of_lane);
    list_append(place->next, &row->of_lane); // before what comes behind its place
}

void lane_remove(struct lane_row *row)
{
    list_leave(&row->of_lane);
}

struct lane_row *lane_next(const struct lane *lane, int64_t now_ms, uint64_t *after)
{
    *after = 0;
    LIST_EACH(node, &lane->rows) {
        struct lane_row *row = LIST_OF(node, struct lane_row, of_lane);
        if (row->state == LANE_SENT) {
            *after = row->counter;
            continue;
        }
        bool is_due = row->state == LANE_WAITING && now_ms >= row->not_before_ms;
        return is_due && (*after == 0 || !row->is_edit) ? row : NULL;
    }
    return NULL;
}

void lane_sent(struct lane_row *row, uint64_t after)
{
    row->state = LANE_SENT;
    row->was_sent_behind = after != 0;
}

void lane_again(struct lane_row *row, int64_t not_before_ms)
{
    row->state = LANE_WAITING;
    row->not_before_ms = not_before_ms;
}

bool lane_is_out_of_turn(const struct lane_row *row)
{
    return row->was_sent_behind;
}

int64_t lane_deadline_ms(const struct lane *lane)
{
    LIST_EACH(node, &lane->rows) {
        const struct lane_row *row = LIST_OF(node, struct lane_row, of_lane);
        if (row->state != LANE_SENT) {
            return row->state == LANE_WAITING ? row->not_before_ms : INT64_MAX;
        }
    }
    return INT64_MAX;
}

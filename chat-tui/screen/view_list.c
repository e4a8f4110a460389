// SPDX-License-Identifier: MIT
// The list of conversations.

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "view_parts.h"

static const char *presence_mark(const struct conversation *conversation)
{
    switch (conversation->presence) {
    case PRESENCE_ONLINE:
        return "+";
    case PRESENCE_AWAY:
        return "~";
    case PRESENCE_OFFLINE:
    case PRESENCE_UNKNOWN:
        break;
    }
    return " ";
}

static enum look look_of(const struct conversation *conversation)
{
    return conversation->presence == PRESENCE_ONLINE  ? LOOK_ONLINE
            : conversation->presence == PRESENCE_AWAY ? LOOK_AWAY
                                                      : LOOK_PLAIN;
}

static void draw_entry(const struct ui *ui, const struct conversation *conversation,
        const struct area *area, int row)
{
    struct pen pen = pen_at(area, row);
    bool is_open = conversation == ui->model.open;
    char count[24] = "";

    if (conversation->unread > 0) {
        snprintf(count, sizeof(count), " %" PRIu64 "%s", conversation->unread,
                conversation->unread >= 999 ? "+" : "");
    } else if (conversation->is_marked_unread) {
        snprintf(count, sizeof(count), " *");
    }
    pen_use(is_open ? LOOK_CHOSEN : look_of(conversation));
    pen_words(&pen, presence_mark(conversation));
    int end = pen.end;
    pen.end -= (int)strlen(count);
    pen_words(&pen, conversation->peer.text);
    if (!is_open) {
        pen_use(LOOK_DIM);
    }
    pen_words(&pen, " ");
    pen_words(&pen, conversation->is_snippet_own && conversation->snippet[0] != '\0' ? "> " : "");
    pen_words(&pen, conversation->snippet);
    pen_fill(&pen);
    pen.end = end;
    pen_use(is_open ? LOOK_CHOSEN : LOOK_NEW);
    pen_words(&pen, count);
    pen_fill(&pen);
}

void view_list(const struct ui *ui, const struct area *area)
{
    int row = 0;

    LIST_EACH(node, &ui->model.conversations) {
        if (row == area->rows) {
            break;
        }
        draw_entry(ui, LIST_OF(node, struct conversation, of_model), area, row++);
    }
    pen_use(LOOK_PLAIN);
    for (; row < area->rows; row++) {
        struct pen pen = pen_at(area, row);
        pen_fill(&pen);
    }
}

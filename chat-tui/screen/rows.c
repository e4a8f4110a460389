// SPDX-License-Identifier: MIT
#include "rows.h"

#include "chat-tui/wrap.h"
#include "when.h"

uint32_t rows_message_count(const struct conversation *conversation)
{
    // What is on its way stands behind the newest, wherever that is.
    return conversation->timeline.count +
            (conversation->timeline.is_apart ? 0 : conversation->pending.count);
}

const struct message *rows_message(const struct conversation *conversation, uint32_t place)
{
    return place < conversation->timeline.count
            ? &conversation->timeline.messages[place]
            : &conversation->pending.messages[place - conversation->timeline.count];
}

uint32_t rows_place_of(const struct conversation *conversation, uint64_t seq)
{
    const struct timeline *timeline = &conversation->timeline;
    uint32_t low = 0, high = timeline->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (timeline->messages[middle].seq <= seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? low - 1 : 0;
}

static void add(struct row *rows, uint32_t *count, uint32_t room, struct row row)
{
    if (*count < room) {
        rows[*count] = row;
    }
    (*count)++;
}

uint32_t rows_of(const struct conversation *conversation, uint32_t place, uint32_t cells,
        struct row *rows, uint32_t room)
{
    const struct message *message = rows_message(conversation, place);
    const struct message *before = place == 0 ? NULL : rows_message(conversation, place - 1);
    struct bytes text = { message->text, message->bytes };
    uint64_t marker = conversation->marker_seq;
    uint32_t count = 0, index = 0;
    struct wrap_row part;
    struct wrap wrap;

    if (before == NULL && conversation->timeline.first_seq > 0) {
        enum row_kind kind = conversation->timeline.first_seq == 1 ? ROW_BEGIN : ROW_OLDER;
        add(rows, &count, room, (struct row){ .kind = kind, .message = message });
    }
    if (before == NULL || when_day_number(before->ts) != when_day_number(message->ts)) {
        add(rows, &count, room, (struct row){ .kind = ROW_DATE, .message = message });
    }
    if (conversation->has_marker && message->seq > marker &&
            (before == NULL || before->seq <= marker)) {
        add(rows, &count, room, (struct row){ .kind = ROW_MARKER, .message = message });
    }
    if (message->is_deleted) {
        text = bytes_of("(deleted)");
    }
    wrap_init(&wrap, text, cells);
    while (wrap_next(&wrap, &part)) {
        struct row row = { ROW_TEXT, message, { text.data + part.start, part.size }, index == 0,
            index };
        add(rows, &count, room, row);
        index++;
    }
    return count;
}

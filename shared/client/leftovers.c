// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "shared/client/sending.h"

static bool is_loaded(const struct sender *sender, uint64_t counter)
{
    LIST_EACH(node, &sender->sendings) {
        if (LIST_OF(node, struct sending, of_sender)->row.counter == counter) {
            return true;
        }
    }
    return false;
}

bool leftovers_load(void *context, const struct outbox_row *row)
{
    struct sender *sender = context;

    if (is_loaded(sender, row->counter)) {
        return true;
    }
    struct sending *sending = sending_add(sender, row);

    if (sending != NULL) {
        sending->is_leftover = true;
    }
    return sending != NULL;
}

// One that an earlier process left behind, asked for again.
struct sending *leftovers_find(struct sender *sender, const struct outbox_row *row)
{
    LIST_EACH(node, &sender->sendings) {
        struct sending *sending = LIST_OF(node, struct sending, of_sender);
        if (sending->is_leftover && !sending->is_handed_over && row->request.size > 0 &&
                bytes_equal(sending_text(&sending->request), row->request) &&
                bytes_equal(sending_text(&sending->method), row->method) &&
                bytes_equal(sending_text(&sending->params), row->params)) {
            return sending;
        }
    }
    return NULL;
}

void leftovers_settle(struct sending *sending, const struct json *answer)
{
    struct bytes message = { "", 0 };
    char sentence[400];

    json_dump(answer, &sending->answer);
    if (json_get(answer, "error") == NULL) {
        return;
    }
    json_read_string(json_get(json_get(answer, "error"), "message"), &message);
    snprintf(sentence, sizeof(sentence),
            "a message to %s that was left behind earlier was refused: %.*s",
            sending->peer->name.text, (int)message.size, message.data);
    sending->sender->says(sending->sender->context, sentence);
}

void sender_claim(struct sending *sending, client_answered *done, void *context)
{
    char reason[160];

    sending->is_leftover = false;
    sending->done = done;
    sending->context = context;
    if (!sending->is_settled) {
        return;
    }
    struct json *answer = buffer_is_whole(&sending->answer)
            ? json_parse(sending->answer.data, sending->answer.bytes, reason, sizeof(reason))
            : NULL;
    CHECK(answer != NULL); // we wrote it; or there is no memory, and no other answer to give
    done(context, answer);
    json_destroy(answer);
}

void sender_each_leftover(struct sender *sender, sender_visit_leftover *visit, void *context)
{
    LIST_EACH(node, &sender->sendings) {
        struct sending *sending = LIST_OF(node, struct sending, of_sender);
        const struct outbox_row row = {
            .counter = sending->row.counter,
            .method = sending_text(&sending->method),
            .peer = name_bytes(&sending->peer->name),
            .params = sending_text(&sending->params),
            .request = sending_text(&sending->request),
            .is_attempted = sending->is_attempted,
        };
        if (sending->is_leftover && !sending->is_handed_over && !sending->is_settled) {
            visit(context, sending, &row);
        }
    }
}

bool sender_has_leftovers(const struct sender *sender)
{
    LIST_EACH(node, &sender->sendings) {
        const struct sending *sending = LIST_OF(node, struct sending, of_sender);
        if (sending->is_leftover && !sending->is_settled) {
            return true;
        }
    }
    return false;
}

void sender_forget_leftovers(struct sender *sender)
{
    LIST_EACH(node, &sender->sendings) {
        struct sending *sending = LIST_OF(node, struct sending, of_sender);
        if (sending->is_leftover && sending->is_settled) {
            sender_delivered(sending);
        }
    }
}

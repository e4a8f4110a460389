// SPDX-License-Identifier: MIT
#include "shared/client/sending.h"

#include <inttypes.h>
#include <stdlib.h>

#include "shared/clock.h"
#include "shared/failpoint.h"

#define AGAIN_MS 1000

static struct peer *find_peer(struct sender *sender, struct bytes name)
{
    uint64_t hash = map_hash(name.data, name.size);
    struct map_node *node = map_first(&sender->by_peer, hash);

    for (; node != NULL; node = map_next(node)) {
        struct peer *peer = MAP_OF(node, struct peer, of_sender);
        if (bytes_equal(name_bytes(&peer->name), name)) {
            return peer;
        }
    }
    struct peer *peer = calloc(1, sizeof(*peer));
    if (peer == NULL || !map_insert(&sender->by_peer, &peer->of_sender, hash)) {
        free(peer);
        return NULL;
    }
    peer->name = name_of(name);
    lane_init(&peer->lane);
    list_init(&peer->of_peers);
    list_append(&sender->peers, &peer->of_peers);
    return peer;
}

void sending_free(struct sending *sending)
{
    list_leave(&sending->of_sender);
    lane_remove(&sending->row);
    buffer_finish(&sending->method);
    buffer_finish(&sending->params);
    buffer_finish(&sending->request);
    buffer_finish(&sending->answer);
    free(sending);
}

static void copy(struct buffer *out, struct bytes text)
{
    buffer_add(out, text.data, text.size);
    buffer_add_byte(out, '\0'); // not counted
    out->bytes -= out->bytes > 0;
}

// In its place by counter; others' rows may come later than higher ones of ours.
static void put_in_order(struct sender *sender, struct sending *sending)
{
    struct list *place = sender->sendings.previous;

    while (place != &sender->sendings &&
            LIST_OF(place, struct sending, of_sender)->row.counter > sending->row.counter) {
        place = place->previous;
    }
    list_append(place->next, &sending->of_sender);
}

struct sending *sending_add(struct sender *sender, const struct outbox_row *row)
{
    struct sending *sending = calloc(1, sizeof(*sending));
    struct peer *peer = find_peer(sender, row->peer);

    if (sending == NULL || peer == NULL) {
        free(sending);
        return NULL;
    }
    list_init(&sending->of_sender);
    sending->sender = sender;
    sending->peer = peer;
    sending->row.counter = row->counter;
    put_in_order(sender, sending);
    sending->row.state = LANE_HELD;
    sending->row.is_edit = !bytes_equal(row->method, bytes_of("message.send"));
    sending->is_handed_over = row->is_handed_over;
    sending->is_attempted = row->is_attempted;
    lane_add(&peer->lane, &sending->row);
    copy(&sending->method, row->method);
    copy(&sending->params, row->params);
    copy(&sending->request, row->request);
    if (!buffer_is_whole(&sending->method) || !buffer_is_whole(&sending->params) ||
            !buffer_is_whole(&sending->request)) {
        sending_free(sending);
        return NULL;
    }
    return sending;
}

// Final: stored, or refused for good.
static void settle(struct sending *sending, const struct json *answer)
{
    struct sender *sender = sending->sender;

    sending->is_settled = true;
    lane_remove(&sending->row);
    sender->has_work = true;
    if (sending->is_handed_over) {
        buffer_clear(&sending->answer);
        json_dump(answer, &sending->answer);
        if (outbox_answer(sender->outbox, sending->row.counter, sending_text(&sending->answer)) !=
                ERR_OK) {
            sender->err = ERR_IO;
        }
        if (sender->stored != NULL && json_get(answer, "result") != NULL) {
            sender->stored(sender->stored_context, name_bytes(&sending->peer->name));
        }
        sending_free(sending); // in the file until the other process has read it
    } else if (sending->is_leftover) {
        leftovers_settle(sending, answer);
    } else {
        sending->done(sending->context, answer);
    }
}

static void on_answer(void *context, const struct json *answer)
{
    struct sending *sending = context;
    const struct json *data = json_get(json_get(answer, "error"), "data");
    struct bytes kind = { "", 0 };
    uint64_t wait_ms = AGAIN_MS;
    bool is_retryable = false;

    json_read_string(json_get(data, "kind"), &kind);
    json_read_bool(json_get(data, "retryable"), &is_retryable);
    json_read_uint(json_get(data, "retry_after_ms"), &wait_ms);
    if (bytes_equal(kind, bytes_of("conflict")) && lane_is_out_of_turn(&sending->row)) {
        lane_again(&sending->row, 0);
        sending->sender->has_work = true;
    } else if (sending->is_leftover && !sending->is_handed_over &&
            bytes_equal(kind, bytes_of("unauthorized"))) {
        lane_again(&sending->row, INT64_MAX); // a later login may send it
    } else if (is_retryable) {
        lane_again(&sending->row, clock_monotonic_ms() + (int64_t)wait_ms);
        sending->sender->has_work = true;
    } else {
        settle(sending, answer);
    }
}

enum err sending_send(struct sending *sending, uint64_t after)
{
    struct buffer params = { 0 };

    // An object: its closing brace makes room for two more fields.
    buffer_add(&params, sending->params.data, sending->params.bytes - 1);
    buffer_print(&params, ",\"counter\":%" PRIu64, sending->row.counter);
    if (after != 0 && !PLANTED("sends_without_after")) {
        buffer_print(&params, ",\"after\":%" PRIu64, after);
    }
    buffer_add_byte(&params, '}');
    lane_sent(&sending->row, after);
    bool is_called = buffer_is_whole(&params) &&
            client_call(sending->sender->client, sending->method.data, sending_text(&params),
                    CALL_AGAIN, on_answer, sending);
    buffer_finish(&params);
    return is_called ? ERR_OK : ERR_MEMORY;
}

// SPDX-License-Identifier: MIT
#include "shared/client/sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/client/lane.h"
#include "shared/clock.h"
#include "shared/failpoint.h"
#include "shared/list.h"
#include "shared/map.h"
#include "shared/name.h"

#define AGAIN_MS 1000
#define ANSWERS_KEPT_MS (3600 * 1000LL)

struct peer {
    struct map_node of_sender;
    struct list of_peers;
    struct name name;
    struct lane lane;
};

struct sending {
    struct lane_row row;
    struct list of_sender; // all, in the order of their counters; or those to be removed
    struct sender *sender;
    struct peer *peer;
    struct buffer method;
    struct buffer params;
    struct buffer request;
    struct buffer answer; // of a leftover, until somebody asks
    bool is_leftover;     // nobody in this process waits for it
    bool is_handed_over;
    bool is_attempted; // in the file
    bool is_settled;
    client_answered *done;
    void *context;
};

struct sender {
    struct client *client;
    struct outbox *outbox;
    sender_says *says;
    void *context;
    void (*stored)(void *context, struct bytes peer); // of others; may be NULL
    void *stored_context;
    struct map by_peer;
    struct list peers;     // struct peer
    struct list sendings;  // struct sending.of_sender
    struct list delivered; // struct sending.of_sender: to be taken out of the file
    struct outbox_owner owner;
    uint64_t known; // every row up to this counter is in memory
    bool is_up;     // the owner was compared with the device
    bool has_work;  // a lane may have something to send
    enum err err;
};

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

static void free_sending(struct sending *sending)
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

static struct bytes text_of(const struct buffer *buffer)
{
    return (struct bytes){ buffer->data, (uint32_t)buffer->bytes };
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

static struct sending *add(struct sender *sender, const struct outbox_row *row)
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
        free_sending(sending);
        return NULL;
    }
    return sending;
}

static bool is_loaded(const struct sender *sender, uint64_t counter)
{
    LIST_EACH(node, &sender->sendings) {
        if (LIST_OF(node, struct sending, of_sender)->row.counter == counter) {
            return true;
        }
    }
    return false;
}

static bool load(void *context, const struct outbox_row *row)
{
    struct sender *sender = context;

    if (is_loaded(sender, row->counter)) {
        return true;
    }
    struct sending *sending = add(sender, row);

    if (sending != NULL) {
        sending->is_leftover = true;
    }
    return sending != NULL;
}

enum err sender_create(struct client *client, struct outbox *outbox, sender_says *says,
        void *context, struct sender **out)
{
    struct sender *sender = calloc(1, sizeof(*sender));

    *out = sender;
    if (sender == NULL) {
        return ERR_MEMORY;
    }
    sender->client = client;
    sender->outbox = outbox;
    sender->says = says;
    sender->context = context;
    list_init(&sender->peers);
    list_init(&sender->sendings);
    list_init(&sender->delivered);
    enum err err = outbox_forget_answers(outbox, clock_wall_ms() - ANSWERS_KEPT_MS);
    if (err == ERR_OK) {
        err = outbox_read_owner(outbox, &sender->owner);
    }
    if (err == ERR_OK) {
        err = outbox_each(outbox, 0, load, sender);
    }
    sender->known = sender->owner.counter;
    return err;
}

void sender_destroy(struct sender *sender)
{
    if (sender == NULL) {
        return;
    }
    LIST_EACH(node, &sender->sendings) {
        free_sending(LIST_OF(node, struct sending, of_sender));
    }
    LIST_EACH(node, &sender->delivered) {
        free_sending(LIST_OF(node, struct sending, of_sender));
    }
    LIST_EACH(node, &sender->peers) {
        free(LIST_OF(node, struct peer, of_peers));
    }
    map_finish(&sender->by_peer);
    free(sender);
}

static void deliver(struct sending *sending)
{
    list_append(&sending->sender->delivered, &sending->of_sender);
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
        if (outbox_answer(sender->outbox, sending->row.counter, text_of(&sending->answer)) !=
                ERR_OK) {
            sender->err = ERR_IO;
        }
        if (sender->stored != NULL && json_get(answer, "result") != NULL) {
            sender->stored(sender->stored_context, name_bytes(&sending->peer->name));
        }
        free_sending(sending); // in the file until the other process has read it
    } else if (sending->is_leftover) {
        json_dump(answer, &sending->answer);
        if (json_get(answer, "error") != NULL) {
            struct bytes message = { "", 0 };
            char sentence[400];
            json_read_string(json_get(json_get(answer, "error"), "message"), &message);
            snprintf(sentence, sizeof(sentence),
                    "a message to %s that was left behind earlier was refused: %.*s",
                    sending->peer->name.text, (int)message.size, message.data);
            sender->says(sender->context, sentence);
        }
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

static enum err send(struct sender *sender, struct sending *sending, uint64_t after)
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
            client_call(sender->client, sending->method.data, text_of(&params), CALL_AGAIN,
                    on_answer, sending);
    buffer_finish(&params);
    return is_called ? ERR_OK : ERR_MEMORY;
}

static enum err send_all(struct sender *sender, int64_t now_ms)
{
    sender->has_work = false;
    LIST_EACH(node, &sender->peers) {
        struct peer *peer = LIST_OF(node, struct peer, of_peers);
        struct lane_row *row;
        uint64_t after;
        while ((row = lane_next(&peer->lane, now_ms, &after)) != NULL) {
            enum err err = send(sender, LIST_OF(row, struct sending, row), after);
            if (err != ERR_OK) {
                return err;
            }
        }
    }
    return ERR_OK;
}

static void be_ready(struct sender *sender)
{
    LIST_EACH(node, &sender->sendings) {
        struct sending *sending = LIST_OF(node, struct sending, of_sender);
        if (sending->row.state == LANE_HELD && !sending->is_settled) {
            lane_again(&sending->row, 0);
        }
    }
    sender->has_work = true;
}

static enum err drop(struct sender *sender, struct sending *sending, const char *why)
{
    char sentence[300];

    snprintf(sentence, sizeof(sentence), "a message to %s that was left behind earlier %s",
            sending->peer->name.text, why);
    sender->says(sender->context, sentence);
    enum err err = outbox_remove(sender->outbox, sending->row.counter);
    free_sending(sending);
    return err;
}

// The rows that the device may not send as they are: another user's, another device's, or with
// counters that the server has seen already.
static enum err adopt(struct sender *sender, const struct link_identity *identity)
{
    struct outbox_owner *owner = &sender->owner;
    bool is_user = owner->user[0] == '\0' || strcmp(owner->user, identity->user.text) == 0;
    bool is_device =
            is_user && (owner->device[0] == '\0' || strcmp(owner->device, identity->device) == 0);
    bool is_shifting = false; // what comes behind a renumbered one gets a higher counter, too
    enum err err = ERR_OK;

    owner->counter = identity->counter > owner->counter ? identity->counter : owner->counter;
    LIST_EACH(node, &sender->sendings) {
        struct sending *sending = LIST_OF(node, struct sending, of_sender);
        bool is_old = sending->is_leftover && !sending->is_handed_over;
        bool is_taken = !is_device || sending->row.counter <= identity->counter;
        if (err != ERR_OK || sending->is_settled) {
            continue;
        }
        if (is_old && !is_user) {
            err = drop(sender, sending, "is of another user, and was dropped");
        } else if (sending->is_attempted && !is_device) {
            err = drop(sender, sending,
                    "was sent by a device that is no more: it may or may not have arrived");
        } else if ((!sending->is_attempted && (is_taken || is_shifting)) ||
                PLANTED("renumbers_attempted")) {
            is_shifting = true;
            err = outbox_renumber(sender->outbox, sending->row.counter, ++owner->counter);
            sending->row.counter = owner->counter;
        }
    }
    snprintf(owner->user, sizeof(owner->user), "%s", identity->user.text);
    snprintf(owner->device, sizeof(owner->device), "%s", identity->device);
    return err;
}

// Rows of other processes that were written since.
static enum err load_others(struct sender *sender)
{
    if (sender->owner.counter <= sender->known) {
        return ERR_OK;
    }
    uint64_t behind = sender->known;
    sender->known = sender->owner.counter;
    return outbox_each(sender->outbox, behind, load, sender);
}

static enum err finish(struct sender *sender, enum err err)
{
    if (err == ERR_OK) {
        err = outbox_write_owner(sender->outbox, &sender->owner);
    }
    if (outbox_is_begun(sender->outbox)) {
        enum err committed = outbox_commit(sender->outbox);
        err = err == ERR_OK ? committed : err;
    }
    return err;
}

static void note_attempted(struct sender *sender)
{
    LIST_EACH(node, &sender->sendings) {
        LIST_OF(node, struct sending, of_sender)->is_attempted = true;
    }
}

enum err sender_up(struct sender *sender)
{
    enum err err = ERR_OK;

    if (!outbox_is_begun(sender->outbox)) {
        err = outbox_begin(sender->outbox, &sender->owner);
    }
    if (err == ERR_OK) {
        err = load_others(sender);
    }
    if (err == ERR_OK) {
        err = adopt(sender, client_identity(sender->client));
    }
    uint64_t first_own = sender->owner.counter + 1;
    sender->known = sender->owner.counter;
    if (err == ERR_OK) {
        err = outbox_mark_attempted(sender->outbox, sender->known);
    }
    err = finish(sender, err);
    if (err == ERR_OK) {
        if (!sender->is_up) {
            client_own_from(sender->client, first_own);
        }
        sender->is_up = true;
        note_attempted(sender);
        be_ready(sender);
    }
    return err;
}

enum err sender_look(struct sender *sender)
{
    return sender->is_up ? sender_up(sender) : ERR_OK;
}

// One that an earlier process left behind, asked for again.
static struct sending *find_leftover(struct sender *sender, const struct outbox_row *row)
{
    LIST_EACH(node, &sender->sendings) {
        struct sending *sending = LIST_OF(node, struct sending, of_sender);
        if (sending->is_leftover && !sending->is_handed_over && row->request.size > 0 &&
                bytes_equal(text_of(&sending->request), row->request) &&
                bytes_equal(text_of(&sending->method), row->method) &&
                bytes_equal(text_of(&sending->params), row->params)) {
            return sending;
        }
    }
    return NULL;
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
            .method = text_of(&sending->method),
            .peer = name_bytes(&sending->peer->name),
            .params = text_of(&sending->params),
            .request = text_of(&sending->request),
            .is_attempted = sending->is_attempted,
        };
        if (sending->is_leftover && !sending->is_handed_over && !sending->is_settled) {
            visit(context, sending, &row);
        }
    }
}

void sender_on_handed_over(struct sender *sender, void (*stored)(void *context, struct bytes peer),
        void *context)
{
    sender->stored = stored;
    sender->stored_context = context;
}

enum err sender_submit(struct sender *sender, const struct outbox_row *row, client_answered *done,
        void *context, struct sending **out)
{
    enum err err = ERR_OK;

    *out = find_leftover(sender, row);
    if (*out != NULL) {
        sender_claim(*out, done, context);
        return ERR_OK;
    }
    if (!outbox_is_begun(sender->outbox)) {
        err = outbox_begin(sender->outbox, &sender->owner);
        if (err == ERR_OK && sender->is_up) {
            err = load_others(sender);
        }
    }
    struct outbox_row numbered = *row;
    numbered.counter = ++sender->owner.counter;
    numbered.is_attempted = sender->is_up && client_is_up(sender->client);
    if (err == ERR_OK) {
        err = outbox_add(sender->outbox, &numbered);
    }
    *out = err == ERR_OK ? add(sender, &numbered) : NULL;
    if (*out != NULL) {
        (*out)->done = done;
        (*out)->context = context;
    }
    return err == ERR_OK && *out == NULL ? ERR_MEMORY : err;
}

static enum err remove_delivered(struct sender *sender)
{
    enum err err = ERR_OK;

    LIST_EACH(node, &sender->delivered) {
        struct sending *sending = LIST_OF(node, struct sending, of_sender);
        if (err == ERR_OK) {
            err = outbox_remove(sender->outbox, sending->row.counter);
            free_sending(sending);
        }
    }
    return err;
}

enum err sender_commit(struct sender *sender)
{
    if (!outbox_is_begun(sender->outbox)) {
        return ERR_OK;
    }
    enum err err = finish(sender, remove_delivered(sender));
    if (sender->is_up) {
        sender->known = sender->owner.counter;
        be_ready(sender);
    }
    return err;
}

void sender_delivered(struct sender *sender, struct sending *sending)
{
    (void)sender;
    deliver(sending);
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

bool sender_is_idle(const struct sender *sender)
{
    LIST_EACH(node, &sender->sendings) {
        if (!LIST_OF(node, struct sending, of_sender)->is_settled) {
            return false;
        }
    }
    return true;
}

void sender_forget_leftovers(struct sender *sender)
{
    LIST_EACH(node, &sender->sendings) {
        struct sending *sending = LIST_OF(node, struct sending, of_sender);
        if (sending->is_leftover && sending->is_settled) {
            deliver(sending);
        }
    }
}

int64_t sender_deadline_ms(const struct sender *sender)
{
    int64_t soonest_ms = INT64_MAX;

    if (!sender->is_up) {
        return soonest_ms;
    }
    if (sender->has_work) {
        return 0;
    }
    LIST_EACH(node, &sender->peers) {
        int64_t due_ms = lane_deadline_ms(&LIST_OF(node, struct peer, of_peers)->lane);
        soonest_ms = due_ms < soonest_ms ? due_ms : soonest_ms;
    }
    return soonest_ms;
}

enum err sender_step(struct sender *sender, int64_t now_ms)
{
    enum err err = sender->err;

    if (err == ERR_OK && !list_is_empty(&sender->delivered)) {
        err = outbox_begin_lazily(sender->outbox);
        if (err == ERR_OK) {
            err = remove_delivered(sender);
            enum err committed = outbox_commit(sender->outbox);
            err = err == ERR_OK ? committed : err;
        }
    }
    if (err == ERR_OK && sender->is_up && now_ms >= sender_deadline_ms(sender)) {
        err = send_all(sender, now_ms);
    }
    return err;
}

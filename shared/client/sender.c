// SPDX-License-Identifier: MIT
#include "shared/client/sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/client/sending.h"
#include "shared/clock.h"
#include "shared/failpoint.h"

#define ANSWERS_KEPT_MS (3600 * 1000LL)

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
        err = outbox_each(outbox, 0, leftovers_load, sender);
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
        sending_free(LIST_OF(node, struct sending, of_sender));
    }
    LIST_EACH(node, &sender->delivered) {
        sending_free(LIST_OF(node, struct sending, of_sender));
    }
    LIST_EACH(node, &sender->peers) {
        free(LIST_OF(node, struct peer, of_peers));
    }
    map_finish(&sender->by_peer);
    free(sender);
}

static enum err send_all(struct sender *sender, int64_t now_ms)
{
    sender->has_work = false;
    LIST_EACH(node, &sender->peers) {
        struct peer *peer = LIST_OF(node, struct peer, of_peers);
        struct lane_row *row;
        uint64_t after;
        while ((row = lane_next(&peer->lane, now_ms, &after)) != NULL) {
            enum err err = sending_send(LIST_OF(row, struct sending, row), after);
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
    sending_free(sending);
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
    return outbox_each(sender->outbox, behind, leftovers_load, sender);
}

// What was submitted since outbox_begin() is on disk, or never was: then nobody may send it.
static void end_new(struct sender *sender, bool is_kept)
{
    LIST_EACH(node, &sender->sendings) {
        struct sending *sending = LIST_OF(node, struct sending, of_sender);
        if (sending->is_new && !is_kept) {
            sending_free(sending);
        } else {
            sending->is_new = false;
        }
    }
}

// The end of the changes since outbox_begin(): all of them, or none.
static enum err finish(struct sender *sender, enum err err)
{
    if (err == ERR_OK) {
        err = outbox_write_owner(sender->outbox, &sender->owner);
    }
    if (err == ERR_OK) {
        err = outbox_commit(sender->outbox);
    } else if (outbox_is_begun(sender->outbox)) {
        outbox_abandon(sender->outbox);
    }
    end_new(sender, err == ERR_OK);
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
    enum err err = sender->err;

    if (err != ERR_OK) {
        return err;
    }
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
    if (err != ERR_OK) {
        sender->err = err; // counters in memory may not be those of the file any more
    } else {
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

void sender_on_handed_over(struct sender *sender, void (*stored)(void *context, struct bytes peer),
        void *context)
{
    sender->stored = stored;
    sender->stored_context = context;
}

enum err sender_submit(struct sender *sender, const struct outbox_row *row, client_answered *done,
        void *context, struct sending **out)
{
    enum err err = sender->err;

    *out = NULL;
    if (err != ERR_OK) {
        return err;
    }
    *out = leftovers_find(sender, row);
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
    *out = err == ERR_OK ? sending_add(sender, &numbered) : NULL;
    if (*out == NULL) {
        return finish(sender, err == ERR_OK ? ERR_MEMORY : err);
    }
    (*out)->done = done;
    (*out)->context = context;
    (*out)->is_new = true;
    return ERR_OK;
}

static enum err remove_delivered(struct sender *sender)
{
    enum err err = ERR_OK;

    LIST_EACH(node, &sender->delivered) {
        struct sending *sending = LIST_OF(node, struct sending, of_sender);
        if (err == ERR_OK) {
            err = outbox_remove(sender->outbox, sending->row.counter);
            sending_free(sending);
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
    if (err == ERR_OK && sender->is_up) {
        sender->known = sender->owner.counter;
        be_ready(sender);
    }
    return err;
}

void sender_delivered(struct sending *sending)
{
    list_append(&sending->sender->delivered, &sending->of_sender);
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
            if (err == ERR_OK) {
                err = outbox_commit(sender->outbox);
            } else {
                outbox_abandon(sender->outbox);
            }
        }
    }
    if (err == ERR_OK && sender->is_up && now_ms >= sender_deadline_ms(sender)) {
        err = send_all(sender, now_ms);
    }
    return err;
}

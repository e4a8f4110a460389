// SPDX-License-Identifier: MIT
#include "session/poll.h"

#include <stdlib.h>

#include "protocol/encode.h"
#include "session/subscription.h"
#include "shared/clock.h"
#include "shared/failpoint.h"
#include "shared/limits.h"
#include "shared/map.h"

#define PASSING_MAX 16

struct poll_set {
    struct session_set *sessions;
    struct map by_device;
    struct list polls; // poll.of_set
    struct list due;   // poll.due, those that have something to say since this turn
    unsigned count;
};

// An event that was not acknowledged yet.
struct waiting {
    struct frame *frame;
    uint64_t useq;
};

struct poll {
    struct feed feed;
    struct poll_set *set;
    struct map_node by_device;
    struct list of_set;
    struct list due;
    struct poll_question *question; // NULL: nobody asks at the moment
    int64_t deadline_ms;            // of the question
    int64_t asked_ms;
    uint64_t acknowledged; // the client is done with everything up to here, in whatever session
    uint64_t seen;         // ... and has everything up to here: only what is behind is shown
    bool is_starting;      // its beginning is under way: it must not be freed
    bool is_ended;
    bool is_reset;
    enum err err;            // why it can't go on
    struct waiting *waiting; // WINDOW_EVENTS slots, or NULL
    uint32_t count;
    struct frame *passing[PASSING_MAX];
    uint32_t passing_count;
};

struct poll_set *poll_set_create(struct session_set *sessions)
{
    struct poll_set *set = calloc(1, sizeof(*set));

    if (set != NULL) {
        set->sessions = sessions;
        list_init(&set->polls);
        list_init(&set->due);
    }
    return set;
}

static void drop_waiting(struct poll *poll, uint64_t upto)
{
    uint32_t gone = 0;

    while (gone < poll->count && poll->waiting[gone].useq <= upto) {
        frame_release(poll->waiting[gone++].frame);
    }
    poll->count -= gone;
    if (poll->count == 0) {
        free(poll->waiting);
        poll->waiting = NULL;
    } else if (gone > 0) {
        memmove(poll->waiting, poll->waiting + gone, poll->count * sizeof(poll->waiting[0]));
    }
}

static void drop_passing(struct poll *poll)
{
    while (poll->passing_count > 0) {
        frame_release(poll->passing[--poll->passing_count]);
    }
}

static void end(struct poll *poll)
{
    struct poll_set *set = poll->set;

    CHECK(poll->question == NULL);
    if (!poll->is_ended) {
        poll->is_ended = true;
        map_remove(&set->by_device, &poll->by_device);
        list_leave(&poll->of_set);
        list_leave(&poll->due);
        set->count--;
        feed_finish(&poll->feed);
        drop_waiting(poll, UINT64_MAX);
        drop_passing(poll);
    }
    if (!poll->is_starting) {
        free(poll);
    }
}

// Something waits that the client has not seen.
static bool has_news(const struct poll *poll)
{
    return poll->count > 0 && poll->waiting[poll->count - 1].useq > poll->seen;
}

static bool must_answer(const struct poll *poll)
{
    return has_news(poll) || poll->passing_count > 0 || poll->is_reset || poll->err != ERR_OK;
}

static void add_event(struct buffer *out, const struct frame *frame, bool *is_first)
{
    if (!*is_first) {
        buffer_add_byte(out, ',');
    }
    *is_first = false;
    buffer_add(out, frame->data, frame->bytes);
}

static struct frame *encode_answer(const struct poll *poll)
{
    char cursor[CURSOR_TEXT_BYTES];
    struct buffer out = { 0 };
    uint64_t upto = has_news(poll) ? poll->waiting[poll->count - 1].useq : poll->seen;
    bool is_first = true;

    buffer_add_literal(&out, "{\"events\":[");
    for (uint32_t i = 0; i < poll->count; i++) {
        if (poll->waiting[i].useq > poll->seen) {
            add_event(&out, poll->waiting[i].frame, &is_first);
        }
    }
    for (uint32_t i = 0; i < poll->passing_count; i++) {
        add_event(&out, poll->passing[i], &is_first);
    }
    // Everything was shown: what was passed over (own sends) is behind the client, too.
    if (poll->feed.state == FEED_LIVE && poll->feed.pushed > upto) {
        upto = poll->feed.pushed;
    }
    encode_cursor(cursor, poll->set->sessions->service->generation, upto);
    buffer_print(&out, "],\"cursor\":\"%s\"%s", cursor, poll->is_reset ? ",\"reset\":true" : "");
    return encode_end(&out);
}

static void answer(struct poll *poll)
{
    struct poll_question *question = poll->question;

    list_leave(&poll->due);
    if (question == NULL) {
        return;
    }
    poll->question = NULL;
    question->poll = NULL;
    if (poll->err != ERR_OK) {
        question->answer(question, poll->err, NULL);
        end(poll);
        return;
    }
    struct frame *body = encode_answer(poll);
    poll->is_reset = false;
    drop_passing(poll);
    if (PLANTED("poll_answers_once")) {
        drop_waiting(poll, UINT64_MAX); // as if an answer on its way could not be lost
    }
    question->answer(question, ERR_OK, body);
}

static void be_due(struct poll *poll)
{
    if (list_is_empty(&poll->due)) {
        list_append(&poll->set->due, &poll->due);
    }
}

static void on_push(struct feed *feed, struct frame *frame, uint64_t useq)
{
    struct poll *poll = TASK_OF(feed, struct poll, feed);

    be_due(poll);
    if (useq <= poll->acknowledged) {
        frame_release(frame); // shown in an earlier session: only its acknowledgement is missing
        return;
    }
    if (poll->waiting == NULL) {
        poll->waiting = malloc(WINDOW_EVENTS * sizeof(poll->waiting[0]));
    }
    if (poll->waiting == NULL) {
        frame_release(frame);
        poll->err = ERR_MEMORY; // the next question begins again at its cursor
        return;
    }
    CHECK(poll->count < WINDOW_EVENTS);
    poll->waiting[poll->count++] = (struct waiting){ frame, useq };
}

// A passing notification has no cursor: it goes with the next answer, or not at all.
static void on_notify(struct feed *feed, struct frame *frame)
{
    struct poll *poll = TASK_OF(feed, struct poll, feed);

    if (poll->passing_count == PASSING_MAX) {
        frame_release(frame);
        return;
    }
    poll->passing[poll->passing_count++] = frame;
    be_due(poll);
}

static void on_fail(struct feed *feed, const char *reason)
{
    struct poll *poll = TASK_OF(feed, struct poll, feed);

    (void)reason;
    poll->err = ERR_BUSY;
    be_due(poll);
}

static void on_replaced(struct feed *feed)
{
    struct poll *poll = TASK_OF(feed, struct poll, feed);

    poll->err = ERR_CONFLICT;
    be_due(poll);
}

static void on_revoked(struct feed *feed)
{
    struct poll *poll = TASK_OF(feed, struct poll, feed);

    poll->err = ERR_UNAUTHORIZED;
    be_due(poll);
}

static const struct feed_ops poll_feed_ops = {
    .push = on_push,
    .notify = on_notify,
    .fail = on_fail,
    .replaced = on_replaced,
    .revoked = on_revoked,
};

static uint64_t hash_of(const struct identity *identity)
{
    return map_hash(identity->user.text, identity->user.size) ^ identity->device;
}

static struct poll *find(const struct poll_set *set, const struct identity *identity)
{
    struct map_node *node = map_first(&set->by_device, hash_of(identity));

    while (node != NULL) {
        struct poll *poll = MAP_OF(node, struct poll, by_device);
        if (poll->feed.identity.device == identity->device &&
                bytes_equal(name_bytes(&poll->feed.identity.user), name_bytes(&identity->user))) {
            return poll;
        }
        node = map_next(node);
    }
    return NULL;
}

static struct poll *create(struct poll_set *set, const struct identity *identity)
{
    struct poll *poll = calloc(1, sizeof(*poll));

    if (poll == NULL) {
        return NULL;
    }
    poll->set = set;
    feed_init(&poll->feed, &poll_feed_ops, set->sessions);
    list_init(&poll->of_set);
    list_init(&poll->due);
    if (!map_insert(&set->by_device, &poll->by_device, hash_of(identity))) {
        free(poll);
        return NULL;
    }
    list_append(&set->polls, &poll->of_set);
    set->count++;
    if (feed_join(&poll->feed, identity) != ERR_OK) {
        end(poll);
        return NULL;
    }
    set->sessions->on_timed(set->sessions->context);
    return poll;
}

static void on_started(void *context, enum err err, const struct subscription *subscription)
{
    struct poll *poll = context;

    poll->is_starting = false;
    if (poll->is_ended) {
        free(poll);
        return;
    }
    if (err != ERR_OK) {
        poll->err = err;
        be_due(poll);
        return;
    }
    if (subscription->is_reset) {
        poll->is_reset = true;
        poll->acknowledged = subscription->after;
        poll->seen = subscription->after;
        be_due(poll);
    }
}

static bool is_running(const struct feed *feed)
{
    return feed->state != FEED_OFF && feed->state != FEED_STARTING;
}

// The feed begins at the device's acknowledged cursor when the client has acknowledged more: what
// lies between was shown by a session that is gone, and is acknowledged on the way. What the client
// has seen and not acknowledged fills the window again, and is not shown.
static enum err start(struct poll *poll, const struct subscription_from *from)
{
    drop_waiting(poll, UINT64_MAX);
    poll->acknowledged = from->useq;
    poll->seen = from->seen;
    poll->is_starting = true;
    enum err err = subscription_begin(&poll->feed, from, ~0U, on_started, poll);
    poll->is_starting = err == ERR_OK;
    return err;
}

static enum err acknowledge(struct poll *poll, uint64_t useq, struct receipt_waiter *waiter)
{
    enum err err = feed_acknowledge(&poll->feed, useq, waiter);

    if (err == ERR_INVALID || useq <= poll->acknowledged) {
        return err;
    }
    poll->acknowledged = useq;
    poll->seen = poll->seen > useq ? poll->seen : useq;
    drop_waiting(poll, useq); // as the feed's window did, also when the receipt found no memory
    return err;
}

// Goes on behind what the client has seen, if everything from there on is at hand.
static enum err go_on(struct poll *poll, const struct subscription_from *from)
{
    if (poll->is_starting) {
        bool is_same = from->useq == poll->acknowledged && from->seen == poll->seen;
        return is_same ? ERR_OK : ERR_BUSY;
    }
    if (is_running(&poll->feed) && !from->is_other_generation && from->seen >= poll->acknowledged &&
            from->seen <= poll->feed.pushed) {
        poll->seen = from->seen;
        return from->kind == FROM_SEEN ? acknowledge(poll, from->useq, NULL) : ERR_OK;
    }
    return start(poll, from);
}

static enum err parse_place(const struct poll_place *place, uint64_t generation,
        struct subscription_from *from)
{
    struct subscription_from shown;

    if (!subscription_parse(place->from, generation, from) || from->kind != FROM_CURSOR ||
            !subscription_parse(place->seen, generation, &shown) || shown.kind != FROM_CURSOR) {
        return ERR_PARAMS;
    }
    from->kind = place->acknowledges ? FROM_SEEN : FROM_CURSOR;
    from->seen = shown.useq;
    from->is_other_generation |= shown.is_other_generation;
    return from->is_other_generation || from->seen >= from->useq ? ERR_OK : ERR_PARAMS;
}

enum err poll_ask(struct poll_set *set, const struct identity *identity,
        const struct poll_place *place, unsigned wait_s, struct poll_question *question)
{
    struct subscription_from from;
    struct poll *poll = find(set, identity);
    enum err err = parse_place(place, set->sessions->service->generation, &from);

    if (err != ERR_OK) {
        return err;
    }
    if (poll != NULL) {
        bool is_broken = poll->err != ERR_OK;
        bool is_asked = poll->question != NULL;
        answer(poll); // a second question ends the first; a broken session ends with its answer
        if (is_broken && !is_asked) {
            end(poll);
        }
        poll = is_broken ? NULL : poll;
    }
    if (poll == NULL) {
        poll = create(set, identity);
    }
    if (poll == NULL) {
        return ERR_MEMORY;
    }
    err = go_on(poll, &from);
    if (err != ERR_OK) {
        end(poll);
        return err;
    }
    poll->question = question;
    question->poll = poll;
    poll->asked_ms = clock_monotonic_ms();
    poll->deadline_ms = poll->asked_ms + (int64_t)wait_s * 1000;
    if (must_answer(poll)) {
        be_due(poll);
    }
    return ERR_OK;
}

enum err poll_acknowledge(struct poll_set *set, const struct identity *identity, uint64_t useq,
        struct receipt_waiter *waiter)
{
    struct poll *poll = find(set, identity);

    return poll == NULL ? ERR_INVALID : acknowledge(poll, useq, waiter);
}

struct feed *poll_feed(struct poll_set *set, const struct identity *identity)
{
    struct poll *poll = find(set, identity);

    return poll == NULL ? NULL : &poll->feed;
}

void poll_gone(struct poll_question *question)
{
    if (question->poll != NULL) {
        question->poll->question = NULL;
        question->poll = NULL;
    }
}

// What was acknowledged before and is shown again in passing is acknowledged at once.
static void pass_acknowledged(struct poll *poll)
{
    struct feed *feed = &poll->feed;
    uint64_t upto = feed->pushed < poll->acknowledged ? feed->pushed : poll->acknowledged;

    if (is_running(feed) && feed->acked < upto) {
        (void)!feed_acknowledge(feed, upto, NULL);
    }
}

void poll_set_turn_end(struct poll_set *set)
{
    LIST_EACH(node, &set->due) {
        struct poll *poll = LIST_OF(node, struct poll, due);
        list_leave(&poll->due);
        pass_acknowledged(poll);
        if (must_answer(poll)) {
            answer(poll);
        }
    }
}

bool poll_set_tick(struct poll_set *set, int64_t now_ms)
{
    LIST_EACH(node, &set->polls) {
        struct poll *poll = LIST_OF(node, struct poll, of_set);
        if (poll->question != NULL && now_ms >= poll->deadline_ms && !poll->is_starting) {
            poll->asked_ms = now_ms;
            answer(poll);
        } else if (poll->question == NULL && now_ms - poll->asked_ms >= POLL_IDLE_MS) {
            end(poll);
        }
    }
    return set->count > 0;
}

void poll_set_drain(struct poll_set *set)
{
    LIST_EACH(node, &set->polls) {
        answer(LIST_OF(node, struct poll, of_set));
    }
}

void poll_set_destroy(struct poll_set *set)
{
    if (set == NULL) {
        return;
    }
    LIST_EACH(node, &set->polls) {
        end(LIST_OF(node, struct poll, of_set));
    }
    map_finish(&set->by_device);
    free(set);
}

// SPDX-License-Identifier: MIT
#include "session/feed.h"

#include <stdlib.h>

#include "protocol/encode.h"
#include "session/call.h"
#include "shared/clock.h"
#include "shared/failpoint.h"
#include "shared/limits.h"

#define ANSWERED_MAX 4096
#define EVENT_OVERHEAD_BYTES 64

struct pull {
    struct read read;
    struct feed *feed; // NULL: nobody waits any more
    struct name user;
    struct events_query query;
    struct events_page page;
};

static const unsigned may_become[FEED_STATE_COUNT] = {
    [FEED_OFF] = 1U << FEED_STARTING,
    [FEED_STARTING] = 1U << FEED_OFF | 1U << FEED_LIVE | 1U << FEED_PULLING,
    [FEED_LIVE] = 1U << FEED_OFF | 1U << FEED_PULLING | 1U << FEED_WAITING,
    [FEED_PULLING] = 1U << FEED_OFF | 1U << FEED_LIVE | 1U << FEED_WAITING | 1U << FEED_PULLING,
    [FEED_WAITING] = 1U << FEED_OFF | 1U << FEED_PULLING,
};

static void move(struct feed *feed, enum feed_state next)
{
    CHECK((may_become[feed->state] & 1U << next) != 0);
    feed->state = next;
}

static struct bytes user_of(const struct feed *feed)
{
    return name_bytes(&feed->identity.user);
}

// The device's own sends, edits and deletes are shown to it by their answers. One whose caller has
// gone was not answered.
static bool is_answered(const struct feed *feed, const struct proposal *origin)
{
    if (origin == NULL) {
        return false;
    }
    const struct call *call = call_of_proposal(origin);
    return call != NULL && call->caller != NULL && call->identity.device == feed->identity.device;
}

static bool take_answered(struct feed *feed, uint64_t useq)
{
    uint32_t gone = 0;

    while (gone < feed->answered_count && feed->answered[gone] < useq) {
        gone++;
    }
    bool is_own = gone < feed->answered_count && feed->answered[gone] == useq;
    gone += is_own;
    if (gone > 0) {
        feed->answered_count -= gone;
        memmove(feed->answered, feed->answered + gone,
                feed->answered_count * sizeof(*feed->answered));
    }
    return is_own;
}

// The acknowledged cursor passes over everything in front of the oldest un-acknowledged event.
static void pass_over(struct feed *feed)
{
    const struct shown *oldest = window_oldest(&feed->window);

    feed->acked = oldest == NULL ? feed->pushed : oldest->useq - 1;
}

// Its acknowledged cursor has moved without a message: to be written within a second.
static void owe_ack(struct feed *feed)
{
    if (list_is_empty(&feed->lazy)) {
        list_append(&feed->set->lazy, &feed->lazy);
    }
}

static void note_answered(struct feed *feed, uint64_t useq)
{
    if (feed->state == FEED_OFF || useq <= feed->pushed) {
        return;
    }
    if (feed->state == FEED_LIVE && useq == feed->pushed + 1) {
        feed->pushed = useq;
        pass_over(feed);
        owe_ack(feed);
        return;
    }
    // Behind: remembered until the pull comes there. A client that sends thousands of messages and
    // acknowledges none is shown its own ones again.
    if (feed->answered_count == feed->answered_capacity) {
        uint32_t capacity = feed->answered_capacity == 0 ? 16 : feed->answered_capacity * 2;
        uint64_t *answered = capacity > ANSWERED_MAX
                ? NULL
                : realloc(feed->answered, capacity * sizeof(*answered));
        if (answered == NULL) {
            return;
        }
        feed->answered = answered;
        feed->answered_capacity = capacity;
    }
    feed->answered[feed->answered_count++] = useq;
}

static uint32_t size_of(const struct event_view *event)
{
    return event->kind == EVENT_MESSAGE ? event->message.text.size + EVENT_OVERHEAD_BYTES
                                        : EVENT_OVERHEAD_BYTES;
}

// Hands one event to the session. False: there was no memory, nothing happened.
static bool push(struct feed *feed, const struct event_view *event, struct frame **frame)
{
    struct shown shown = { .useq = event->useq, .bytes = size_of(event) };

    if ((feed->kinds & 1U << event->kind) == 0) {
        feed->pushed = event->useq; // not asked for: passed over, and never "delivered"
        pass_over(feed);
        return true;
    }
    if (*frame == NULL) {
        *frame = encode_event(event, feed->set->service->generation);
    }
    if (*frame == NULL) {
        return false;
    }
    if (event->kind == EVENT_MESSAGE && !bytes_equal(event->message.from, user_of(feed))) {
        shown.peer = name_of(event->message.peer);
        shown.cseq = event->message.seq;
        shown.previous = event->message.previous;
    }
    if (!window_push(&feed->window, &shown)) {
        return false;
    }
    feed->pushed = event->useq;
    feed->set->events_pushed++;
    feed->ops->push(feed, frame_hold(*frame), event->useq);
    if (PLANTED("delivered_on_push")) {
        (void)!feed_acknowledge(feed, event->useq, NULL);
    }
    return true;
}

static void run_pull(struct read *read, struct partition *partition)
{
    struct pull *pull = TASK_OF(read, struct pull, read);

    pull->query.user = name_bytes(&pull->user);
    read->err = read_events(partition, &pull->query, &pull->page);
}

static void start_pull(struct feed *feed);

// True when the whole page was handed out.
static bool push_page(struct feed *feed, const struct events_page *page)
{
    for (uint32_t i = 0; i < page->count; i++) {
        const struct event_view *event = &page->events[i];
        struct frame *frame = NULL;
        if (take_answered(feed, event->useq)) {
            feed->pushed = event->useq;
            continue;
        }
        if (!window_fits(&feed->window, size_of(event))) {
            return false;
        }
        bool is_pushed = push(feed, event, &frame);
        frame_release(frame);
        if (!is_pushed) {
            return false;
        }
    }
    feed->pushed = page->upto;
    pass_over(feed);
    return true;
}

// Nobody waits for these any more.
static void refuse_early(struct feed *feed, enum err err)
{
    feed->early = 0;
    while (!list_is_empty(&feed->early_waiters)) {
        struct receipt_waiter *waiter =
                LIST_OF(feed->early_waiters.next, struct receipt_waiter, of_receipt);
        list_leave(&waiter->of_receipt);
        waiter->done(waiter, err);
    }
}

static void keep_early(struct feed *feed, uint64_t useq, struct receipt_waiter *waiter)
{
    feed->early = useq > feed->early ? useq : feed->early;
    if (waiter != NULL) {
        waiter->useq = useq;
        list_init(&waiter->of_receipt);
        list_append(&feed->early_waiters, &waiter->of_receipt);
    }
}

// What was acknowledged early and has been handed out again since.
static void take_early(struct feed *feed)
{
    if (feed->early == 0) {
        return;
    }
    uint64_t upto = feed->early < feed->pushed ? feed->early : feed->pushed;
    (void)!feed_acknowledge(feed, upto, NULL);
    LIST_EACH(node, &feed->early_waiters) {
        struct receipt_waiter *waiter = LIST_OF(node, struct receipt_waiter, of_receipt);
        if (waiter->useq > feed->pushed) {
            continue;
        }
        list_leave(&waiter->of_receipt);
        enum err err = feed_acknowledge(feed, waiter->useq, waiter);
        if (err != ERR_OK) {
            waiter->done(waiter, err);
        }
    }
    if (feed->early <= feed->pushed) {
        feed->early = 0;
    }
}

static void on_pulled(struct read *read)
{
    struct pull *pull = TASK_OF(read, struct pull, read);
    struct feed *feed = pull->feed;

    if (feed != NULL) {
        feed->pull = NULL;
        if (read->err != ERR_OK) {
            feed->ops->fail(feed, "cannot read the mailbox");
        } else if (!push_page(feed, &pull->page)) {
            move(feed, FEED_WAITING);
        } else if (pull->page.is_complete) {
            move(feed, FEED_LIVE);
        } else {
            start_pull(feed);
        }
        take_early(feed);
    }
    arena_finish(&pull->page.arena);
    free(pull);
}

static void start_pull(struct feed *feed)
{
    struct pull *pull;

    if (!window_fits(&feed->window, EVENT_OVERHEAD_BYTES)) {
        move(feed, FEED_WAITING);
        return;
    }
    pull = calloc(1, sizeof(*pull));
    if (pull == NULL) {
        feed->ops->fail(feed, "out of memory");
        return;
    }
    move(feed, FEED_PULLING);
    pull->feed = feed;
    pull->user = feed->identity.user;
    pull->query.after_useq = feed->pushed;
    pull->query.count_max = window_room(&feed->window);
    pull->query.bytes_max =
            feed->window.bytes < WINDOW_BYTES ? WINDOW_BYTES - feed->window.bytes : 1;
    pull->read.run = run_pull;
    pull->read.done = on_pulled;
    feed->pull = pull;
    if (service_read(feed->set->service, user_of(feed), &pull->read) != ERR_OK) {
        feed->pull = NULL;
        free(pull);
        feed->ops->fail(feed, "the server is busy");
    }
}

static void on_event(struct subscriber *subscriber, struct delivery *delivery)
{
    struct feed *feed = TASK_OF(subscriber, struct feed, subscriber);
    const struct event_view *event = delivery->event;

    if (is_answered(feed, delivery->origin)) {
        note_answered(feed, event->useq);
        return;
    }
    if (feed->state != FEED_LIVE) {
        return;
    }
    // A conversation event needs its head, which is read by a pull.
    bool is_next = event->useq == feed->pushed + 1 && event->kind != EVENT_CONVERSATION;
    if (!is_next) {
        start_pull(feed);
    } else if (!window_fits(&feed->window, size_of(event)) ||
            !push(feed, event, &delivery->frame)) {
        move(feed, FEED_WAITING);
    }
    (void)FAILPOINT("session.pushed_one");
}

static void on_revoked(struct subscriber *subscriber, uint64_t device, uint64_t keeper)
{
    struct feed *feed = TASK_OF(subscriber, struct feed, subscriber);

    if (device == feed->identity.device || (device == 0 && keeper != feed->identity.device)) {
        feed->ops->revoked(feed);
    }
}

void feed_init(struct feed *feed, const struct feed_ops *ops, struct session_set *set)
{
    *feed = (struct feed){ .ops = ops, .set = set };
    feed->subscriber.on_event = on_event;
    feed->subscriber.on_revoked = on_revoked;
    list_init(&feed->lazy);
    list_init(&feed->early_waiters);
}

void feed_notify(struct feed *feed, struct frame *frame)
{
    feed->ops->notify(feed, frame);
}

static void on_presence(struct member *member, struct bytes user, enum presence_state state,
        uint64_t last_seen)
{
    struct feed *feed = TASK_OF(member, struct feed, member);
    struct buffer out = { 0 };

    buffer_add_literal(&out, "{\"jsonrpc\":\"2.0\",\"method\":\"presence\",\"params\":");
    encode_presence(&out, user, presence_word(state), last_seen);
    struct frame *frame = encode_end(&out);
    if (frame != NULL) {
        feed_notify(feed, frame);
    }
}

// One who is invisible, or a script beside a person, is not seen.
static void write_seen(struct feed *feed)
{
    if (feed->member.presence == NULL || !feed->member.is_counted ||
            feed->member.choice == CHOICE_INVISIBLE) {
        return;
    }
    const struct record record = {
        .type = RECORD_SEEN,
        .user = user_of(feed),
        .device = feed->identity.device,
        .ts = (uint64_t)clock_wall_ms(),
    };
    // When it can't be written now, the next time tells.
    (void)!cell_propose(feed->set->service->cell, &record, NULL);
}

void feed_note_seen(struct feed *feed, int64_t now_ms)
{
    if (now_ms - feed->seen_ms >= SEEN_EVERY_MS) {
        feed->seen_ms = now_ms;
        write_seen(feed);
    }
}

void feed_finish(struct feed *feed)
{
    feed_stop(feed);
    write_seen(feed);
    hub_leave(feed->set->service->hub, &feed->subscriber);
    presence_leave(feed->set->service->presence, &feed->member);
}

enum err feed_join(struct feed *feed, const struct identity *identity)
{
    feed_finish(feed);
    feed->identity = *identity;
    feed->seen_ms = clock_monotonic_ms();
    feed->member.on_presence = on_presence;
    if (!hub_join(feed->set->service->hub, user_of(feed), &feed->subscriber)) {
        return ERR_MEMORY;
    }
    enum err err = presence_join(feed->set->service->presence, user_of(feed),
            !identity->is_consumer, &feed->member);
    if (err != ERR_OK) {
        hub_leave(feed->set->service->hub, &feed->subscriber);
    }
    return err;
}

void feed_stop(struct feed *feed)
{
    feed_settle(feed);
    feed->set->subscribed_count -= feed->state != FEED_OFF;
    feed->state = FEED_OFF;
    if (feed->pull != NULL) {
        feed->pull->feed = NULL;
        feed->pull = NULL;
    }
    if (feed->start != NULL) {
        subscription_forget(feed->start);
        feed->start = NULL;
    }
    window_finish(&feed->window);
    free(feed->answered);
    feed->answered = NULL;
    feed->answered_count = 0;
    feed->answered_capacity = 0;
    feed->claimed = 0;
    refuse_early(feed, ERR_UNAVAILABLE);
}

// A device has one subscription.
static void replace(struct subscriber *subscriber, void *context)
{
    const struct feed *newer = context;
    struct feed *feed = TASK_OF(subscriber, struct feed, subscriber);

    if (feed != newer && feed->state != FEED_OFF &&
            feed->identity.device == newer->identity.device) {
        feed_stop(feed);
        feed->ops->replaced(feed);
    }
}

void feed_start(struct feed *feed, unsigned kinds)
{
    hub_each(feed->set->service->hub, user_of(feed), replace, feed);
    feed_stop(feed);
    move(feed, FEED_STARTING);
    feed->set->subscribed_count++;
    feed->kinds = kinds;
    feed->pushed = UINT64_MAX; // nothing can be next, nor acknowledged, yet
    feed->acked = 0;
}

void feed_run(struct feed *feed, uint64_t from, uint64_t head)
{
    feed->pushed = from;
    feed->acked = from;
    feed->acked_told = from;
    if (feed->claimed > head) {
        feed->claimed = 0;
        refuse_early(feed, ERR_INVALID);
    }
    if (from < head) {
        start_pull(feed);
    } else {
        move(feed, FEED_LIVE);
    }
}

static enum err add_receipt(struct feed *feed, struct receipt *receipt,
        struct receipt_waiter *waiter)
{
    receipt->user = feed->identity.user;
    receipt->device = feed->identity.device;
    return receipts_add(feed->set->service->receipts, receipt, waiter);
}

void feed_settle(struct feed *feed)
{
    list_leave(&feed->lazy);
    if (feed->state == FEED_OFF || feed->state == FEED_STARTING ||
            feed->acked <= feed->acked_told) {
        return;
    }
    struct receipt receipt = { .useq = feed->acked };
    if (add_receipt(feed, &receipt, NULL) == ERR_OK) {
        feed->acked_told = feed->acked;
    }
}

// Takes what is acknowledged out of the window: a receipt for each run of one peer's messages, but
// for the last one, which *last is.
static void pop_shown(struct feed *feed, uint64_t useq, struct receipt *last)
{
    const struct shown *shown;

    while ((shown = window_oldest(&feed->window)) != NULL && shown->useq <= useq) {
        bool is_message = shown->cseq != 0 && !feed->identity.is_consumer;
        bool is_same = bytes_equal(name_bytes(&last->peer), name_bytes(&shown->peer));
        if (is_message && last->cseq != 0 && !is_same) {
            (void)!add_receipt(feed, last, NULL);
            last->cseq = 0;
        }
        if (is_message && last->cseq == 0) {
            last->peer = shown->peer;
            last->after = shown->previous;
        }
        if (is_message) {
            last->cseq = shown->cseq;
            last->useq = shown->useq;
        }
        window_pop(&feed->window);
    }
}

enum err feed_acknowledge(struct feed *feed, uint64_t useq, struct receipt_waiter *waiter)
{
    struct receipt last = { .cseq = 0 };
    enum err err = ERR_OK;

    bool is_handed_out = feed->state != FEED_STARTING && useq <= feed->pushed;
    if (feed->state == FEED_OFF || (!is_handed_out && useq > feed->claimed)) {
        return ERR_INVALID;
    }
    if (!is_handed_out) {
        keep_early(feed, useq, waiter);
        return ERR_OK;
    }
    pop_shown(feed, useq, &last);
    pass_over(feed);
    if (last.cseq != 0 || waiter != NULL) {
        // Without messages, only the resume point: peer stays empty.
        last.useq = feed->acked;
        err = add_receipt(feed, &last, waiter);
        feed->acked_told = feed->acked;
    } else if (feed->acked > feed->acked_told) {
        owe_ack(feed);
    }
    bool has_room = window_room(&feed->window) >= WINDOW_EVENTS / 4 &&
            feed->window.bytes <= WINDOW_BYTES - WINDOW_BYTES / 4;
    if (feed->state == FEED_WAITING && has_room) {
        start_pull(feed);
    }
    return err;
}

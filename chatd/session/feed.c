// SPDX-License-Identifier: MIT
#include "session/feed.h"

#include <stdlib.h>

#include "protocol/encode.h"
#include "session/session.h"
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
    return name_bytes(&feed->session->caller.identity.user);
}

// An event of this session's own send is shown by its answer, not pushed.
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

void feed_note_answered(struct feed *feed, uint64_t useq)
{
    if (feed->state == FEED_OFF || useq <= feed->pushed) {
        return;
    }
    if (feed->state == FEED_LIVE && useq == feed->pushed + 1) {
        feed->pushed = useq;
        pass_over(feed);
        session_owe_ack(feed->session);
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
        *frame = encode_event(event, feed->session->caller.service->generation);
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
    session_push(feed->session, frame_hold(*frame));
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

static void on_pulled(struct read *read)
{
    struct pull *pull = TASK_OF(read, struct pull, read);
    struct feed *feed = pull->feed;

    if (feed != NULL) {
        feed->pull = NULL;
        if (read->err != ERR_OK) {
            session_fail(feed->session, "cannot read the mailbox");
        } else if (!push_page(feed, &pull->page)) {
            move(feed, FEED_WAITING);
        } else if (pull->page.is_complete) {
            move(feed, FEED_LIVE);
        } else {
            start_pull(feed);
        }
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
        session_fail(feed->session, "out of memory");
        return;
    }
    move(feed, FEED_PULLING);
    pull->feed = feed;
    pull->user = feed->session->caller.identity.user;
    pull->query.after_useq = feed->pushed;
    pull->query.count_max = window_room(&feed->window);
    pull->query.bytes_max =
            feed->window.bytes < WINDOW_BYTES ? WINDOW_BYTES - feed->window.bytes : 1;
    pull->read.run = run_pull;
    pull->read.done = on_pulled;
    feed->pull = pull;
    if (service_read(feed->session->caller.service, user_of(feed), &pull->read) != ERR_OK) {
        feed->pull = NULL;
        free(pull);
        session_fail(feed->session, "the server is busy");
    }
}

static void on_event(struct subscriber *subscriber, struct delivery *delivery)
{
    struct feed *feed = TASK_OF(subscriber, struct feed, subscriber);
    const struct event_view *event = delivery->event;

    if (session_is_own(feed->session, delivery->origin)) {
        feed_note_answered(feed, event->useq);
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

    session_revoke(feed->session, device, keeper);
}

void feed_init(struct feed *feed, struct session *session)
{
    *feed = (struct feed){ .session = session };
    feed->subscriber.on_event = on_event;
    feed->subscriber.on_revoked = on_revoked;
    list_init(&feed->lazy);
}

void feed_stop(struct feed *feed)
{
    feed_settle(feed);
    feed->state = FEED_OFF;
    if (feed->pull != NULL) {
        feed->pull->feed = NULL;
        feed->pull = NULL;
    }
    window_finish(&feed->window);
    free(feed->answered);
    feed->answered = NULL;
    feed->answered_count = 0;
    feed->answered_capacity = 0;
}

void feed_start(struct feed *feed, unsigned kinds)
{
    feed_stop(feed);
    move(feed, FEED_STARTING);
    feed->kinds = kinds;
    feed->pushed = UINT64_MAX; // nothing can be next, nor acknowledged, yet
    feed->acked = 0;
}

void feed_run(struct feed *feed, uint64_t from, uint64_t head)
{
    feed->pushed = from;
    feed->acked = from;
    feed->acked_told = from;
    if (from < head) {
        start_pull(feed);
    } else {
        move(feed, FEED_LIVE);
    }
}

static enum err add_receipt(struct feed *feed, struct receipt *receipt,
        struct receipt_waiter *waiter)
{
    receipt->user = feed->session->caller.identity.user;
    receipt->device = feed->session->caller.identity.device;
    return receipts_add(feed->session->caller.service->receipts, receipt, waiter);
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
        bool is_message = shown->cseq != 0 && !feed->session->caller.identity.is_consumer;
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

    if (feed->state == FEED_OFF || feed->state == FEED_STARTING || useq > feed->pushed) {
        return ERR_INVALID;
    }
    pop_shown(feed, useq, &last);
    pass_over(feed);
    if (last.cseq != 0 || waiter != NULL) {
        // Without messages, only the resume point: peer stays empty.
        last.useq = feed->acked;
        err = add_receipt(feed, &last, waiter);
        feed->acked_told = feed->acked;
    } else if (feed->acked > feed->acked_told) {
        session_owe_ack(feed->session);
    }
    bool has_room = window_room(&feed->window) >= WINDOW_EVENTS / 4 &&
            feed->window.bytes <= WINDOW_BYTES - WINDOW_BYTES / 4;
    if (feed->state == FEED_WAITING && has_room) {
        start_pull(feed);
    }
    return err;
}

// SPDX-License-Identifier: MIT
#include "session/session.h"

#include <stdlib.h>
#include <string.h>

#include "session/session_set.h"
#include "shared/clock.h"
#include "shared/failpoint.h"
#include "shared/limits.h"

#define CLOSE_POLICY 1008 // RFC 6455, section 7.4.1
#define CLOSE_INTERNAL 1011

void session_close(struct session *session, uint16_t code, const char *reason)
{
    if (!session->is_closing) {
        session->is_closing = true;
        net_link_close(session->link, code, reason);
    }
}

void session_fail(struct session *session, const char *reason)
{
    session_close(session, CLOSE_INTERNAL, reason);
}

static bool make_output_room(struct session *session)
{
    if (session->output_count < session->output_capacity) {
        return true;
    }
    uint32_t capacity = session->output_capacity == 0 ? 4 : session->output_capacity * 2;
    struct frame **output = malloc(capacity * sizeof(struct frame *));
    if (output == NULL) {
        return false;
    }
    CHECK(session->output_count == 0 || session->output_capacity > 0);
    for (uint32_t i = 0; i < session->output_count; i++) {
        output[i] = session->output[(session->output_first + i) % session->output_capacity];
    }
    free(session->output);
    session->output = output;
    session->output_first = 0;
    session->output_capacity = capacity;
    return true;
}

static void write_frame(struct session *session, struct frame *frame)
{
    if (frame == NULL || session->is_closing || !make_output_room(session)) {
        frame_release(frame);
        if (!session->is_closing) {
            session_fail(session, "out of memory");
        }
        return;
    }
    uint32_t last = (session->output_first + session->output_count) % session->output_capacity;
    session->output[last] = frame;
    session->output_count++;
    session->output_bytes += frame->bytes;
    net_link_want_write(session->link);
}

static void answer(struct caller *caller, struct frame *frame, enum err err)
{
    (void)err;
    write_frame(caller->session, frame);
    (void)FAILPOINT("session.answered");
}

void session_push(struct session *session, struct frame *frame)
{
    write_frame(session, frame);
}

static void push_event(struct feed *feed, struct frame *frame, uint64_t useq)
{
    struct session *session = TASK_OF(feed, struct session, feed);

    if (useq <= session->seen) {
        frame_release(frame); // it fills the window again: it was shown, and not acknowledged
        return;
    }
    write_frame(session, frame);
}

static void notify(struct feed *feed, struct frame *frame)
{
    struct session *session = TASK_OF(feed, struct session, feed);

    if (session->output_bytes >= SESSION_OUTPUT_BYTES_MAX / 2) {
        frame_release(frame); // it does not keep up with what matters more
        return;
    }
    write_frame(session, frame);
}

static void fail_feed(struct feed *feed, const char *reason)
{
    session_close(TASK_OF(feed, struct session, feed), CLOSE_INTERNAL, reason);
}

static void tell_replaced(struct feed *feed)
{
    write_frame(TASK_OF(feed, struct session, feed), encode_server_event("replaced", 0));
}

static void close_revoked(struct feed *feed)
{
    session_close(TASK_OF(feed, struct session, feed), CLOSE_POLICY, "this device was revoked");
}

static const struct feed_ops feed_ops = {
    .push = push_event,
    .notify = notify,
    .fail = fail_feed,
    .replaced = tell_replaced,
    .revoked = close_revoked,
};

static bool must_hold(struct session *session)
{
    if (!cell_has_room(session->set->service->cell)) {
        // Pushes back on its connection instead of answering "busy".
        list_append(&session->set->held, &session->held);
        return true;
    }
    return session->caller.is_blocked || session->caller.call_count >= SESSION_CALLS_MAX ||
            session->output_bytes >= SESSION_OUTPUT_BYTES_MAX;
}

static void pause_reading(struct session *session, bool is_paused)
{
    if (session->is_paused != is_paused && !session->is_closing) {
        session->is_paused = is_paused;
        net_link_pause(session->link, is_paused);
    }
}

// Begins what had to wait, in order, and reads on when nothing waits any more.
static void work_off_input(struct session *session)
{
    uint32_t done = 0;

    while (done < session->input_count && !must_hold(session) && !session->is_closing) {
        struct frame *frame = session->input[done++];
        session->set->requests++;
        call_begin(&session->caller, frame->data, frame->bytes);
        frame_release(frame);
    }
    session->input_count -= done;
    if (session->input_count > 0) {
        memmove(session->input, session->input + done,
                session->input_count * sizeof(struct frame *));
    }
    if (session->input_count == 0 && !must_hold(session)) {
        free(session->input);
        session->input = NULL;
        session->input_capacity = 0;
        pause_reading(session, false);
    }
}

static void relieve(struct caller *caller)
{
    struct session *session = caller->session;

    // Only from outside work_off_input(): one that ends within call_begin() changes nothing.
    if (session->is_paused && !session->is_working) {
        session->is_working = true;
        work_off_input(session);
        session->is_working = false;
    }
}

static void keep_input(struct session *session, const char *text, size_t bytes)
{
    if (session->input_count == session->input_capacity) {
        uint32_t capacity = session->input_capacity == 0 ? 4 : session->input_capacity * 2;
        struct frame **input = realloc(session->input, capacity * sizeof(struct frame *));
        if (input == NULL) {
            session_fail(session, "out of memory");
            return;
        }
        session->input = input;
        session->input_capacity = capacity;
    }
    struct frame *frame = frame_copy(text, bytes);
    if (frame == NULL) {
        session_fail(session, "out of memory");
        return;
    }
    session->input[session->input_count++] = frame;
    pause_reading(session, true);
}

void session_message(void *peer, const char *text, size_t bytes)
{
    struct session *session = peer;

    (void)FAILPOINT("ws.received");
    session_alive(session);
    if (session->is_closing) {
        return;
    }
    if (session->input_count > 0 || must_hold(session)) {
        keep_input(session, text, bytes);
        return;
    }
    session->set->requests++;
    call_begin(&session->caller, text, bytes);
    if (must_hold(session)) {
        pause_reading(session, true);
    }
}

void session_alive(void *peer)
{
    struct session *session = peer;

    if (!session->caller.is_authenticated) {
        return; // its deadline runs from the start
    }
    session->alive_ms = clock_monotonic_ms();
    session->is_pinged = false;
    feed_note_seen(&session->feed, session->alive_ms);
    list_append(&session->set->alive, &session->alive);
}

struct frame *session_next(void *peer)
{
    struct session *session = peer;

    if (session->output_count == 0) {
        relieve(&session->caller);
        return NULL;
    }
    (void)FAILPOINT("session.answer_half");
    struct frame *frame = session->output[session->output_first];
    session->output_first = (session->output_first + 1) % session->output_capacity;
    session->output_count--;
    session->output_bytes -= frame->bytes;
    if (session->is_paused) {
        session_alive(session); // nothing of it is read, but it reads
    }
    return frame;
}

enum err session_admit(struct session *session, const struct identity *identity)
{
    // Another user on the same connection: the old subscription ends.
    session->set->authenticated_count -= session->caller.is_authenticated;
    session->caller.is_authenticated = false;
    session->caller.identity = *identity;
    enum err err = feed_join(&session->feed, identity);
    if (err != ERR_OK) {
        return err;
    }
    session->caller.is_authenticated = true;
    session->set->authenticated_count++;
    net_link_trust(session->link);
    session_alive(session);
    return ERR_OK;
}

void *session_open(void *context, struct net_link *link)
{
    struct session_set *set = context;
    struct session *session = calloc(1, sizeof(*session));

    if (session == NULL || set->is_draining) {
        free(session);
        return NULL;
    }
    caller_init(&session->caller, set->service, net_link_source(link));
    session->caller.session = session;
    session->caller.answer = answer;
    session->caller.relieved = relieve;
    session->set = set;
    session->link = link;
    feed_init(&session->feed, &feed_ops, set);
    list_init(&session->held);
    list_init(&session->alive);
    list_append(&set->alive, &session->alive);
    session->alive_ms = clock_monotonic_ms();
    set->count++;
    set->opened++;
    set->on_timed(set->context);
    return session;
}

void session_closed(void *peer)
{
    struct session *session = peer;
    struct session_set *set = session->set;

    set->authenticated_count -= session->caller.is_authenticated;
    set->count--;
    feed_finish(&session->feed);
    caller_finish(&session->caller);
    list_leave(&session->alive);
    list_leave(&session->held);
    for (uint32_t i = 0; i < session->output_count; i++) {
        frame_release(session->output[(session->output_first + i) % session->output_capacity]);
    }
    for (uint32_t i = 0; i < session->input_count; i++) {
        frame_release(session->input[i]);
    }
    free(session->output);
    free(session->input);
    free(session);
}

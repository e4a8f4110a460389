// SPDX-License-Identifier: MIT
// presence.*, typing

#include "session/handlers.h"

#include <stdlib.h>

#include "session/poll.h"
#include "session/session.h"
#include "shared/limits.h"

// Whose presence is asked: first the viewer's partition says who may be seen, then the partitions
// of those who are away say since when.
struct inquiry;

struct person {
    struct read read; // of the last-seen time
    struct inquiry *inquiry;
    enum presence_state state;
    uint64_t last_seen;
};

struct inquiry {
    struct read read; // of the acquaintances
    struct call *call;
    struct feed *feed; // that watches; NULL: presence.get
    uint32_t count;
    uint32_t open;
    enum err err;
    struct acquaintance *known;
    struct person people[];
};

static const char users_are_names[] = "params.users must be an array of user names";
static const char too_many_watches[] =
        "as many watches as a session or a user may have: presence.unwatch ends some";

static void release(struct inquiry *inquiry)
{
    struct buffer out = { 0 };

    if (--inquiry->open > 0) {
        return;
    }
    if (inquiry->err != ERR_OK) {
        call_fail(inquiry->call, inquiry->err,
                inquiry->err == ERR_TOO_LARGE ? too_many_watches : NULL);
        free(inquiry->known);
        free(inquiry);
        return;
    }
    call_begin_result(inquiry->call, &out);
    buffer_add_literal(&out, "{\"presence\":[");
    for (uint32_t i = 0; i < inquiry->count; i++) {
        const struct person *person = &inquiry->people[i];
        if (i > 0) {
            buffer_add_byte(&out, ',');
        }
        encode_presence(&out, name_bytes(&inquiry->known[i].name), presence_word(person->state),
                person->state == PRESENCE_OFFLINE ? person->last_seen : 0);
    }
    buffer_add_literal(&out, "]}");
    call_reply(inquiry->call, &out);
    free(inquiry->known);
    free(inquiry);
}

static void run_last_seen(struct read *read, struct partition *partition)
{
    struct person *person = TASK_OF(read, struct person, read);
    const struct inquiry *inquiry = person->inquiry;
    struct account_page account;

    read->err = read_account(partition, name_bytes(&inquiry->known[person - inquiry->people].name),
            &account);
    for (uint32_t i = 0; read->err == ERR_OK && i < account.device_count; i++) {
        if (account.devices[i].last_seen > person->last_seen) {
            person->last_seen = account.devices[i].last_seen;
        }
    }
    if (read->err == ERR_OK) {
        arena_finish(&account.arena);
    }
}

static void on_last_seen(struct read *read)
{
    struct person *person = TASK_OF(read, struct person, read);

    if (read->err != ERR_OK && read->err != ERR_NOT_FOUND) {
        person->state = PRESENCE_UNKNOWN; // never shown as offline
    }
    release(person->inquiry);
}

static void look_at(struct inquiry *inquiry, uint32_t i)
{
    struct person *person = &inquiry->people[i];
    struct service *service = inquiry->call->service;
    struct bytes user = name_bytes(&inquiry->known[i].name);

    person->inquiry = inquiry;
    person->state = presence_of(service->presence, user, &person->last_seen);
    if (person->state != PRESENCE_OFFLINE || person->last_seen > 0) {
        return;
    }
    person->read.run = run_last_seen;
    person->read.done = on_last_seen;
    inquiry->open++;
    if (service_read(service, user, &person->read) != ERR_OK) {
        inquiry->open--;
        person->state = PRESENCE_UNKNOWN;
    }
}

static void run_known(struct read *read, struct partition *partition)
{
    struct inquiry *inquiry = TASK_OF(read, struct inquiry, read);

    read->err = read_known(partition, name_bytes(&inquiry->call->identity.user), inquiry->known,
            inquiry->count);
}

// An admin sees everybody: nothing is asked of a viewer's partition.
static void look_at_all(struct inquiry *inquiry)
{
    for (uint32_t i = 0; i < inquiry->count; i++) {
        look_at(inquiry, i);
    }
    release(inquiry);
}

static void on_known(struct read *read)
{
    struct inquiry *inquiry = TASK_OF(read, struct inquiry, read);
    struct call *call = inquiry->call;
    bool is_watching = call->request.method == METHOD_PRESENCE_WATCH;
    enum err err = read->err;

    for (uint32_t i = 0; err == ERR_OK && i < inquiry->count; i++) {
        const struct acquaintance *peer = &inquiry->known[i];
        bool is_oneself = bytes_equal(name_bytes(&peer->name), name_bytes(&call->identity.user));
        bool is_allowed = is_oneself || (peer->has_written && !peer->is_blocked);
        struct feed *feed = is_watching ? call_feed(call) : NULL;
        if (feed != NULL) {
            err = presence_watch(call->service->presence, &feed->member, name_bytes(&peer->name),
                    is_allowed);
        }
        inquiry->people[i].state = PRESENCE_OFFLINE;
        if (err == ERR_OK && is_allowed) {
            look_at(inquiry, i);
        }
    }
    inquiry->err = err; // answered when those that were asked have answered
    release(inquiry);
}

static bool read_names(const struct json *users, struct acquaintance *known)
{
    for (size_t i = 0; i < json_count(users); i++) {
        struct bytes name;
        if (!json_read_string(json_at(users, i), &name) || !name_is_valid(name)) {
            return false;
        }
        known[i].name = name_of(name);
    }
    return true;
}

static void inquire(struct call *call)
{
    const struct json *users = call->request.params.users;
    uint32_t count = (uint32_t)json_count(users);
    struct inquiry *inquiry = calloc(1, sizeof(*inquiry) + count * sizeof(inquiry->people[0]));
    struct acquaintance *known = calloc(count + 1, sizeof(*known));
    enum err err = inquiry == NULL || known == NULL ? ERR_MEMORY : ERR_OK;

    if (err == ERR_OK && !read_names(users, known)) {
        err = ERR_PARAMS;
    }
    if (err == ERR_OK) {
        *inquiry = (struct inquiry){ .call = call, .count = count, .open = 1, .known = known };
        inquiry->read.run = run_known;
        inquiry->read.done = on_known;
        if (method_access(call->request.method) == ACCESS_ADMIN) {
            look_at_all(inquiry);
            return;
        }
        err = service_read(call->service, name_bytes(&call->identity.user), &inquiry->read);
    }
    if (err != ERR_OK) {
        free(known);
        free(inquiry);
        call_fail(call, err, err == ERR_PARAMS ? users_are_names : NULL);
    }
}

void handle_PRESENCE_GET(struct call *call)
{
    inquire(call);
}

void handle_ADMIN_PRESENCE_GET(struct call *call)
{
    inquire(call);
}

static const char needs_session[] =
        "only a connected device can do this: over HTTP, ask GET /events first";

void handle_PRESENCE_WATCH(struct call *call)
{
    if (call_feed(call) == NULL) {
        call_fail(call, ERR_INVALID, needs_session);
        return;
    }
    inquire(call);
}

void handle_PRESENCE_UNWATCH(struct call *call)
{
    const struct json *users = call->request.params.users;
    struct feed *feed = call_feed(call);
    struct bytes name;

    if (feed == NULL) {
        call_fail(call, ERR_INVALID, needs_session);
        return;
    }
    for (size_t i = 0; i < json_count(users); i++) {
        if (!json_read_string(json_at(users, i), &name) || !name_is_valid(name)) {
            call_fail(call, ERR_PARAMS, users_are_names);
            return;
        }
    }
    for (size_t i = 0; i < json_count(users); i++) {
        CHECK(json_read_string(json_at(users, i), &name));
        presence_unwatch(call->service->presence, &feed->member, name);
    }
    call_reply_empty(call);
}

void handle_PRESENCE_SET(struct call *call)
{
    static const char *const words[] = { "online", "away", "invisible" };
    struct feed *feed = call_feed(call);

    if (feed == NULL) {
        call_fail(call, ERR_INVALID, needs_session);
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        if (bytes_equal(call->request.params.state, bytes_of(words[i]))) {
            presence_choose(call->service->presence, &feed->member, (enum presence_choice)i);
            call_reply_empty(call);
            return;
        }
    }
    call_fail(call, ERR_PARAMS, "params.state must be online, away or invisible");
}

// Typing goes only to somebody who is no stranger: a conversation exists and nobody blocks.
struct typing {
    struct read read;
    struct call *call;
    struct acquaintance peer;
};

static void run_typing(struct read *read, struct partition *partition)
{
    struct typing *typing = TASK_OF(read, struct typing, read);

    read->err = read_known(partition, name_bytes(&typing->call->identity.user), &typing->peer, 1);
}

static void tell_typing(struct subscriber *subscriber, void *context)
{
    struct feed *feed = TASK_OF(subscriber, struct feed, subscriber);

    feed_notify(feed, frame_hold(context));
}

static void on_typing(struct read *read)
{
    struct typing *typing = TASK_OF(read, struct typing, read);
    struct call *call = typing->call;
    struct buffer out = { 0 };

    if (read->err == ERR_OK && typing->peer.has_written && !typing->peer.is_blocked) {
        buffer_print(&out,
                "{\"jsonrpc\":\"2.0\",\"method\":\"typing\",\"params\":{\"user\":\"%s\",\"on\":%s}",
                call->identity.user.text, call->request.params.is_on ? "true" : "false");
        struct frame *frame = encode_end(&out);
        if (frame != NULL) {
            hub_each(call->service->hub, name_bytes(&typing->peer.name), tell_typing, frame);
        }
        frame_release(frame);
    }
    free(typing);
    call_reply_empty(call);
}

void handle_TYPING(struct call *call)
{
    struct typing *typing = calloc(1, sizeof(*typing));
    enum err err = typing == NULL ? ERR_MEMORY : ERR_OK;

    if (err == ERR_OK) {
        typing->call = call;
        typing->peer.name = name_of(call->request.params.peer);
        typing->read.run = run_typing;
        typing->read.done = on_typing;
        err = service_read(call->service, name_bytes(&call->identity.user), &typing->read);
    }
    if (err != ERR_OK) {
        free(typing);
        call_fail(call, err, NULL);
    }
}

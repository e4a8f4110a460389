// SPDX-License-Identifier: MIT
// A device as a program sees it: calls that are answered once however often the connection changes,
// one subscription that goes on where it was, and the state of the connection.
//
// Owner:  the program. Thread: one; everything is called back from client_wait().
// Bounds: open calls are the caller's to limit; WINDOW_EVENTS unacknowledged events.
// Errors: the answer to a call is always an object with "result" or "error", the server's own or,
// when
//         there was none, one of ours with the same fields.

#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/client/link.h"
#include "shared/err.h"
#include "shared/json.h"

struct client;

struct client_ops {
    // "ws" or "poll"; the first time and after each change.
    void (*up)(void *context, const char *transport);
    void (*down)(void *context, const char *why, int64_t retry_in_ms);
    // The token is not valid: nothing will come of any call.
    void (*refused)(void *context, const char *why);
    // A notification, as the server wrote it.
    void (*event)(void *context, struct bytes text, const struct json *root);
    // The place where events went on is lost to the server (restored from a backup, or too long
    // ago): they go on behind cursor; what was known of conversations is to be read again.
    void (*reset)(void *context, const char *cursor);
};

struct client_options {
    struct web *web;
    const char *token; // lent
    const struct client_ops *ops;
    void *context;
    bool is_never_ws;
};

enum err client_create(const struct client_options *options, struct client **client) MUST_USE;
// Open calls get no answer.
void client_destroy(struct client *client);

// Connects from the next wait on; before, calls only gather.
void client_start(struct client *client);
void client_retry_now(struct client *client);
// NULL before the first connection.
const struct link_identity *client_identity(const struct client *client);
bool client_is_up(const struct client *client);
const char *client_transport(const struct client *client);
int64_t client_retry_in_ms(const struct client *client);

// answer: an object with "result" or "error", lent for the call.
typedef void client_answered(void *context, const struct json *answer);

// CALL_AGAIN: doing it twice is as good as once, so it is asked again when the connection is lost
// before the answer; others get "unavailable" with outcome "unknown" then.
enum call_kind { CALL_ONCE, CALL_AGAIN };

// params: a JSON object, copied; done NULL: nobody waits. False: out of memory. Not for "subscribe"
// and "ack".
bool client_call(struct client *client, const char *method, struct bytes params,
        enum call_kind kind, client_answered *done, void *context) MUST_USE;
enum call_kind client_call_kind(struct bytes method);
unsigned client_open_calls(const struct client *client);
// A notification to the server; lost when there is no connection.
void client_tell(struct client *client, const char *method, struct bytes params);

// events: a JSON array of kinds, or empty: all. Replaces an earlier subscription. from and events
// are copied.
bool client_subscribe(struct client *client, struct bytes from, struct bytes events,
        client_answered *done, void *context) MUST_USE;
// done may be NULL.
bool client_acknowledge(struct client *client, struct bytes cursor, client_answered *done,
        void *context) MUST_USE;
// Messages of this device with this counter or a higher one are known here by their answers, and
// are not events.
void client_own_from(struct client *client, uint64_t counter);
// No more events are taken until it is undone.
void client_pause(struct client *client, bool is_paused);

// Waits for the server, for the caller's descriptors (revents are filled) or for the time, and does
// what is to be done.
void client_wait(struct client *client, struct pollfd *own, size_t count, int timeout_ms);

// SPDX-License-Identifier: MIT
// One request under way, and who asked. A call lives until it is answered, also when its caller has
// gone meanwhile: then the answer goes nowhere.
//
// Owner:  itself: call_reply() and call_fail() end it, exactly once.
// Thread: the loop thread.

#pragma once

#include <stdbool.h>

#include "protocol/encode.h"
#include "protocol/request.h"
#include "service/service.h"
#include "shared/frame.h"
#include "shared/list.h"

struct feed;
struct session;

// A WebSocket session or one HTTP exchange.
struct caller {
    struct service *service;
    struct identity identity;
    bool is_authenticated;
    bool is_admin;
    bool is_blocked;  // a call must be answered before the next one is begun
    bool is_draining; // the server is about to stop: nothing new
    unsigned call_count;
    struct list calls;       // call.of_caller
    struct session *session; // NULL for an HTTP exchange
    const char *source;      // see net_link_source()
    // Takes the frame; NULL when there was no memory for it.
    void (*answer)(struct caller *caller, struct frame *frame, enum err err);
    // is_blocked has become false, or call_count has sunk.
    void (*relieved)(struct caller *caller);
};

struct call {
    struct list of_caller;
    struct caller *caller; // NULL: gone
    struct service *service;
    struct identity identity;
    struct request request;
    struct proposal proposal; // done is call_on_appended for sends, edits and deletes
    struct receipt_waiter waiter;
    uint32_t storing; // meter_store_begin() of so much; 0: of nothing
    bool is_blocking;
    bool is_over_quota; // it has no room: only to be answered as before, if it was stored before
};

void caller_init(struct caller *caller, struct service *service, const char *source);
// The answers of its open calls go nowhere from now on.
void caller_finish(struct caller *caller);

// Parses, checks who may, and hands over to the method's handler. Answers faults itself.
void call_begin(struct caller *caller, const char *text, size_t bytes);

// The caller begins no further call until this one is ended: order matters to it.
void call_block(struct call *call);

// Ends the call with a result: out holds a whole answer up to its last brace.
void call_reply(struct call *call, struct buffer *out);
void call_reply_empty(struct call *call);
// Ends it with an error; message NULL means the usual one for this error.
void call_fail(struct call *call, enum err err, const char *message);
void call_fail_with(struct call *call, enum err err, const struct error_details *details);

// Answers a send, an edit or a delete (handlers_message.c).
void call_on_appended(struct proposal *proposal, const struct applied *applied);

// The call behind a proposal of a send, an edit or a delete; NULL for any other proposal.
const struct call *call_of_proposal(const struct proposal *proposal);

// The feed of the device that asks: its session's, or its poll session's; NULL when it has none.
struct feed *call_feed(const struct call *call);

// Starts a result: {"jsonrpc":"2.0","id":...,"result":
void call_begin_result(const struct call *call, struct buffer *out);

// Said of one that is_over_quota.
extern const char call_no_room[];

// What a user should read for an error that says nothing more special.
const char *call_usual_message(enum err err);

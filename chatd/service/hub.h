// SPDX-License-Identifier: MIT
// Who listens to which mailbox: fan-out of durable events to the sessions of a user.
//
// Owner:  the service. Thread: the loop thread. Subscribers embed struct subscriber and own it.

#pragma once

#include <stdbool.h>

#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/frame.h"
#include "shared/list.h"
#include "shared/name.h"
#include "shared/view.h"

struct hub;
struct proposal;

// An event on its way to all subscribers of one mailbox. The first one that needs its JSON encodes
// it into frame; the hub releases it.
struct delivery {
    const struct event_view *event;
    const struct proposal *origin; // of whoever caused it, to recognise one's own; may be NULL
    struct frame *frame;
};

struct subscriber {
    struct list of_user;
    struct mailbox *mailbox; // NULL while not subscribed
    // Must not subscribe or unsubscribe anybody.
    void (*on_event)(struct subscriber *subscriber, struct delivery *delivery);
    // A device was revoked, or (0) the whole account was closed to its devices but `keeper`.
    void (*on_revoked)(struct subscriber *subscriber, uint64_t device, uint64_t keeper);
};

struct hub *hub_create(void) MUST_USE;
void hub_destroy(struct hub *hub);

// False when memory is exhausted.
bool hub_join(struct hub *hub, struct bytes user, struct subscriber *subscriber) MUST_USE;
// May be repeated.
void hub_leave(struct hub *hub, struct subscriber *subscriber);

bool hub_has(const struct hub *hub, struct bytes user);
void hub_publish(struct hub *hub, struct bytes user, struct delivery *delivery);
void hub_revoke(struct hub *hub, struct bytes user, uint64_t device, uint64_t keeper);

// Calls visit for each subscriber of the user.
void hub_each(struct hub *hub, struct bytes user,
        void (*visit)(struct subscriber *subscriber, void *context), void *context);

// SPDX-License-Identifier: MIT
// Sends, edits and deletes of a device: each is in the outbox before it goes, goes in order, is
// repeated until the server has stored it or refused it for good, and leaves the outbox when its
// answer was delivered.
//
// Owner:  the program. Thread: one. The outbox must be held.
// Errors: of the disk, outbox_reason() says why. Submitting may be tried again; after another one
// the
//         sender is of no use: start the program again.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/client/client.h"
#include "shared/client/outbox.h"
#include "shared/err.h"

struct sender;

// On its way; lent until sender_delivered().
struct sending;

// Says on the program's behalf what became of what an earlier process left behind.
typedef void sender_says(void *context, const char *sentence);

enum err sender_create(struct client *client, struct outbox *outbox, sender_says *says,
        void *context, struct sender **sender) MUST_USE;
void sender_destroy(struct sender *sender);

// The client is up: what waited goes out.
enum err sender_up(struct sender *sender) MUST_USE;
// Another process may have handed something over.
enum err sender_look(struct sender *sender) MUST_USE;

// request is the program's own name for it. The same request, word for word, as one that an earlier
// process left behind unanswered is that one. params is a JSON object without counter and after.
// Goes out with sender_commit(). done gets the answer, then the program calls sender_delivered().
enum err sender_submit(struct sender *sender, const struct outbox_row *row, client_answered *done,
        void *context, struct sending **sending) MUST_USE;
// On disk now. After an error here or from sender_submit() nothing submitted since the last commit
// is sent, and what was lent for it is gone.
enum err sender_commit(struct sender *sender) MUST_USE;
void sender_delivered(struct sending *sending);

// What an earlier process of this program left behind: the program may take it over as its own,
// which is then answered and delivered like any other. The row is lent for the call.
typedef void sender_visit_leftover(void *context, struct sending *sending,
        const struct outbox_row *row);
void sender_each_leftover(struct sender *sender, sender_visit_leftover *visit, void *context);
void sender_claim(struct sending *sending, client_answered *done, void *context);
// Called with the peer when something was stored that another process had handed over: this
// device's events don't show it.
void sender_on_handed_over(struct sender *sender, void (*stored)(void *context, struct bytes peer),
        void *context);

// What an earlier process left behind is not settled yet.
bool sender_has_leftovers(const struct sender *sender);
// What was handed over by others, or left behind, and has no answer yet.
bool sender_is_idle(const struct sender *sender);
// Nobody will ask for the answers to leftovers any more.
void sender_forget_leftovers(struct sender *sender);

int64_t sender_deadline_ms(const struct sender *sender);
// Sends what is due, and takes what was delivered out of the file.
enum err sender_step(struct sender *sender, int64_t now_ms) MUST_USE;

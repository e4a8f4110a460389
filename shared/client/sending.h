// SPDX-License-Identifier: MIT
// One change on its way, and what the files of the sender share: sender.c (the outbox and the order
// of things), sending.c (one change: in memory, sent, answered), leftovers.c (what an earlier
// process left behind).
//
// Owner: the sender. Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/client/lane.h"
#include "shared/client/outbox.h"
#include "shared/client/sender.h"
#include "shared/list.h"
#include "shared/map.h"
#include "shared/name.h"

struct peer {
    struct map_node of_sender;
    struct list of_peers;
    struct name name;
    struct lane lane;
};

struct sending {
    struct lane_row row;
    struct list of_sender; // all, in the order of their counters; or those to be removed
    struct sender *sender;
    struct peer *peer;
    struct buffer method;
    struct buffer params;
    struct buffer request;
    struct buffer answer; // of a leftover, until somebody asks
    bool is_leftover;     // nobody in this process waits for it
    bool is_handed_over;
    bool is_attempted; // in the file
    bool is_new;       // not committed yet
    bool is_settled;
    client_answered *done;
    void *context;
};

struct sender {
    struct client *client;
    struct outbox *outbox;
    sender_says *says;
    void *context;
    void (*stored)(void *context, struct bytes peer); // of others; may be NULL
    void *stored_context;
    struct map by_peer;
    struct list peers;     // struct peer
    struct list sendings;  // struct sending.of_sender
    struct list delivered; // struct sending.of_sender: to be taken out of the file
    struct outbox_owner owner;
    uint64_t known; // every row up to this counter is in memory
    bool is_up;     // the owner was compared with the device
    bool has_work;  // a lane may have something to send
    enum err err;
};

// Lent until the buffer changes.
static inline struct bytes sending_text(const struct buffer *buffer)
{
    return (struct bytes){ buffer->data, (uint32_t)buffer->bytes };
}

// A row of the file, in memory and in its peer's lane. NULL: no memory.
struct sending *sending_add(struct sender *sender, const struct outbox_row *row) MUST_USE;
void sending_free(struct sending *sending);
enum err sending_send(struct sending *sending, uint64_t after) MUST_USE;

// A visitor of outbox_each(): the row becomes a leftover, if it is not in memory already.
bool leftovers_load(void *context, const struct outbox_row *row);
// The same request, word for word, that nobody has an answer to; or NULL.
struct sending *leftovers_find(struct sender *sender, const struct outbox_row *row);
// It has its final answer: kept for whoever asks again, and said where it was refused.
void leftovers_settle(struct sending *sending, const struct json *answer);

// SPDX-License-Identifier: MIT
// The network of the simulated process, as net/ hands it up: WebSockets whose messages wait on
// either side until they are moved on, and HTTP exchanges. Instead of chatd/net.
//
// Owner:  the world. What is in a link's queues is the world's memory, and goes with a cut.
// Thread: one; the functions marked "process" are for life_do().

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/net.h"
#include "session/session_set.h"

struct text_queue {
    char **texts;
    size_t first, count, capacity;
};

void text_queue_push(struct text_queue *queue, char *text); // takes
char *text_queue_pop(struct text_queue *queue);             // gives; NULL: empty
void text_queue_clear(struct text_queue *queue);
char *text_copy(const char *text, size_t bytes);

struct net_link {
    bool is_used;
    bool is_http;
    void *peer; // chatd's
    bool wants_write, is_paused, is_closing, is_pinged;
    uint16_t close_code;
    struct text_queue up;   // towards the process
    struct text_queue down; // towards the device
    int status;             // HTTP: of the answer; 0: none yet
    char *answer;           // HTTP: its body
};

// A free one, not connected yet.
struct net_link *links_take(void);
// Gives it back, whatever state it is in; the process must know that it is gone.
void links_drop(struct net_link *link);
// The process died: every connection is broken.
void links_break_all(void);

// Process: a WebSocket is opened; link->peer stays NULL when it is refused.
void links_connect(struct net_link *link, struct session_set *sessions);
// Process: one message up. False when there is none, or it does not read.
bool links_move_up(struct net_link *link);
// Process: one message down. False when there is none.
bool links_move_down(struct net_link *link);
// Process: it is told that the link is gone; what it had in its queues is lost.
void links_cut(struct net_link *link);
// Process: one HTTP request, and its end once it was answered or is given up.
void links_request(struct net_link *link, struct session_set *sessions,
        const struct net_request *request);

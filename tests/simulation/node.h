// SPDX-License-Identifier: MIT
// One chatd in the simulation: everything of it but sockets and threads, put together as
// chatd/main.c does. Each call runs within life_do(); false means that it died in it.
//
// Owner: the world. Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/check.h"
#include "tests/simulation/links.h"

struct node_settings {
    uint64_t seed;
    uint16_t partitions;
    uint64_t log_segment_bytes;
    uint64_t log_tail_bytes_max;
};

enum node_state {
    NODE_DEAD,
    NODE_RUNNING,
    NODE_FAILED, // it said that it can't go on, and is to be stopped
    NODE_FLUSHED // a clean stop may end it now
};

enum node_state node_state(void);

// There never was one.
void node_forget(void);

// Starts on what is on the disk. On failure the reason is in node_reason().
bool node_start(const struct node_settings *settings);
const char *node_reason(void);

// Stops in order: closes everything. False: it died on the way.
bool node_stop(void);
// A clean stop begins; NODE_FLUSHED follows.
bool node_drain(void);
// Dies here.
void node_kill(void);

// One turn of the loop: what a worker has finished is delivered, then the turn's end.
bool node_turn(void);
// A worker's task. *has_run false: there was none.
bool node_work(bool *has_run);
bool node_tick(void);
// Nothing is queued, gathered or on its way.
bool node_is_idle(void);

bool node_connect(struct net_link *link);
bool node_move_up(struct net_link *link, bool *has_moved);
bool node_move_down(struct net_link *link, bool *has_moved);
bool node_cut(struct net_link *link);
bool node_request(struct net_link *link, const struct net_request *request);
// The device shows life without a message.
bool node_alive(struct net_link *link);

// SPDX-License-Identifier: MIT
// Where connections come from: one entry for each address that has any. An IPv6 host has a whole
// network of 2^64 addresses, so there the network (/64) is the source.
//
// Owner: the net; its links hold entries. Thread: the loop thread. Bound: connections_max entries.

#pragma once

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "shared/map.h"

#define SOURCE_TEXT_BYTES 33

struct net_link;
TAILQ_HEAD(stranger_queue, net_link);

struct source {
    struct map_node by_text;
    char text[SOURCE_TEXT_BYTES]; // "192.0.2.7", "2001:db8:0:1::/64"
    bool is_loopback;
    unsigned link_count;
    TAILQ_ENTRY(source) in_strange;  // net.strange_sources, while it has strangers
    struct stranger_queue strangers; // the longest here first
    unsigned stranger_count;
};

TAILQ_HEAD(source_queue, source);

// The source of this peer, with one connection more; NULL when memory is exhausted.
struct source *source_take(struct map *sources, const struct sockaddr *peer);
// One connection less; without any the entry goes. Accepts NULL.
void source_release(struct map *sources, struct source *source);

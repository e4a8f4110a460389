// SPDX-License-Identifier: MIT
// Connections of which nobody knows yet who is behind them: from accept until net_link_trust(), or
// to their end. They have a small pool of their own, so that no number of them takes the room of
// the others.
//
// When the pool is full, the source with the most strangers makes room: its oldest one is cut for
// a newcomer of another source. So a flood pushes out itself, and who comes alone is let in. A
// newcomer of that same source (a proxy: everybody comes from there) is refused, unless the oldest
// has had its time: a crowd that comes back all at once gets in one behind the other.
//
// Owner: the net. Thread: the loop thread. Bound: strangers_max, and with it the number of sources
// that strangers_make_room() looks at.

#pragma once

#include <stdbool.h>

struct net;
struct net_link;
struct source;

// Whether one more may come from this source; may cut another stranger for it.
bool strangers_make_room(struct net *net, const struct source *source);
// A link with a source enters once.
void strangers_enter(struct net_link *link);
// No stranger any more. Does nothing for one that never was, or that has left.
void strangers_leave(struct net_link *link);

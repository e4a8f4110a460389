// SPDX-License-Identifier: MIT
// One HTTP request: POST /rpc on the public listener or the admin socket, and the health questions.
// Every answer closes its connection (see net.h).
//
// Owner:  net/ through the handlers below. Thread: the loop thread.

#pragma once

#include "net/net.h"
#include "session/session_set.h"

// The net's handlers; context is the session_set.
void *exchange_begin(void *context, struct net_link *link, const struct net_request *request);
void exchange_gone(void *peer);

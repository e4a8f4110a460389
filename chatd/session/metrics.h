// SPDX-License-Identifier: MIT
// GET /metrics on the admin socket: what the server does, in Prometheus' text format 0.0.4.
//
// Thread: the loop thread.

#pragma once

#include "session/session_set.h"
#include "shared/buffer.h"

void metrics_write(const struct session_set *set, struct buffer *out);

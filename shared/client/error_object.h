// SPDX-License-Identifier: MIT
// An error of our own in the form of the wire (chat-protocol(7) "Errors").

#pragma once

#include <stdbool.h>

#include "shared/buffer.h"
#include "shared/err.h"

// {"code", "message", "data": {kind, retryable, outcome?}}
void error_object_add(struct buffer *out, enum err err, const char *message,
        bool is_outcome_unknown);

// SPDX-License-Identifier: MIT
// The wire described for programs: an OpenRPC document (open-rpc.org, version 1.2.6), made from the
// same tables that requests are checked by. What results mean is in chat-protocol(7).
//
// Thread: any.

#pragma once

#include "shared/buffer.h"

void discover_write(struct buffer *out);

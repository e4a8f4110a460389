// SPDX-License-Identifier: MIT
// An entry of a copy as admins see it, in JSON: what export and trace have in common.

#pragma once

#include "service/service.h"
#include "shared/buffer.h"

// kind and target of changes, device, counter and the hash of the first text, each behind a comma.
void entry_add_origin(struct buffer *out, const struct entry_view *entry);

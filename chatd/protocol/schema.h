// SPDX-License-Identifier: MIT
// shared/results.def as JSON Schema: what methods answer and what notifications tell.

#pragma once

#include "protocol/tables.h"
#include "shared/buffer.h"

// The object that a method's result is.
void schema_write_result(struct buffer *out, enum method method);

// {"NAME":SCHEMA,...}: what the others refer to as #/components/schemas/NAME.
void schema_write_shapes(struct buffer *out);

// [{"name":NAME,"params":SCHEMA},...]
void schema_write_notifications(struct buffer *out);

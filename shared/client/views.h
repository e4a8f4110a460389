// SPDX-License-Identifier: MIT
// The wire's objects as plain values: JSON to the views of shared/view.h, the other way round from
// what the server does. A field that is missing is zero or empty.
//
// Owner: views lend from the JSON.

#pragma once

#include <stdint.h>

#include "shared/json.h"
#include "shared/view.h"

struct message_view views_message(const struct json *message);
struct head_view views_head(const struct json *head);
struct receipt_view views_receipt(const struct json *receipt);
// The digest of a head or of a page of history.
uint64_t views_digest(const struct json *object);
// RFC 3339 in UTC to milliseconds since 1970; 0: it is none.
uint64_t views_parse_ts(struct bytes text);

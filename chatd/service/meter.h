// SPDX-License-Identifier: MIT
// How fast each user writes: so many changes a second and so many bytes of text a day, both with
// something in reserve for those who were quiet (ten seconds' and one day's worth).
//
// Owner: the service. Thread: the loop thread. Bound: METERED_USERS_MAX users, longest quiet out.

#pragma once

#include <stdint.h>

#include "shared/bytes.h"
#include "shared/check.h"

struct meter;

struct meter_limits {
    uint64_t messages_per_second; // 0: no limit
    uint64_t bytes_per_day;       // 0: no limit
};

struct meter *meter_create(const struct meter_limits *limits) MUST_USE;
void meter_destroy(struct meter *meter);

// One change by this user, with so many bytes of text. 0: it may be made and was counted; else how
// many milliseconds too early it is.
uint64_t meter_take(struct meter *meter, struct bytes user, uint32_t bytes, int64_t now_ms);

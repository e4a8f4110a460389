// SPDX-License-Identifier: MIT
// How fast each user writes: so many changes a second and so many bytes of text a day, both with
// something in reserve for those who were quiet (ten seconds' and one day's worth). And how much
// each has stored in all: its partition knows and tells, and here it is compared before something
// is proposed. Of whom nothing was told yet (a moment after a login, or after METERED_USERS_MAX
// others), what is under way counts alone.
//
// Owner: the service. Thread: the loop thread. Bound: METERED_USERS_MAX users, longest quiet out.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/check.h"

struct meter;

struct meter_limits {
    uint64_t messages_per_second; // 0: no limit
    uint64_t bytes_per_day;       // 0: no limit
    uint64_t stored_bytes;        // 0: no limit
};

struct meter *meter_create(const struct meter_limits *limits) MUST_USE;
void meter_destroy(struct meter *meter);

// One change by this user, with so many bytes of text. 0: it may be made and was counted; else how
// many milliseconds too early it is.
uint64_t meter_take(struct meter *meter, struct bytes user, uint32_t bytes, int64_t now_ms);

// So many bytes are about to be stored: until meter_store_end() they count as if they were. False,
// and nothing to end, when it would be more than the user may store.
bool meter_store_begin(struct meter *meter, struct bytes user, uint32_t bytes);
void meter_store_end(struct meter *meter, struct bytes user, uint32_t bytes);
// What its partition says of the user, in the order in which it says it.
void meter_note_stored(struct meter *meter, struct bytes user, uint64_t bytes);

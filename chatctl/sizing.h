// SPDX-License-Identifier: MIT
// The arithmetic from users and messages to servers, bytes and shards: once with the figures of who
// asks, and once with what was measured of this project.
//
// Pure: numbers in, numbers out. Bytes are decimal: 1 TB is 10^12.

#pragma once

#include <stdbool.h>

#include "shared/check.h"

struct sizing_inputs {
    double connections;
    double connections_per_server;
    double messages_per_day;
    double bytes_per_message;
    double years;
    double shard_bytes;
};

// The sizing that this project began with.
extern const struct sizing_inputs sizing_original;

struct sizing {
    double servers;
    double bytes_per_day;
    double bytes_per_second; // each way
    double messages_per_second;
    double bytes; // after all the years
    double shards;
};

struct sizing sizing_compute(const struct sizing_inputs *inputs);

// The same as people write it on a board: bytes in all to two digits, downwards, and shards from
// that; bytes a second to the next half of a digit upwards (23.1 -> 25).
struct sizing sizing_round(const struct sizing_inputs *inputs);

// What one figure of this project is: decisions/measurements.md says of each how it was measured.
struct measured {
    const char *name;
    double value;
    const char *unit;
    const char *source; // the line of decisions/measurements.md
};

enum measured_figure {
    MEASURED_STORED_BYTES,  // of a 100-byte message, both copies
    MEASURED_MESSAGE_BYTES, // the text that was measured with
    MEASURED_MESSAGES_PER_SECOND,
    MEASURED_CPU_US,
    MEASURED_CONNECTION_BYTES,
    MEASURED_TLS_CONNECTION_BYTES,
    MEASURED_COUNT
};

extern const struct measured sizing_measured[MEASURED_COUNT];

struct sizing_here {
    double stored_bytes_per_message;
    double bytes_per_day;
    double bytes;
    double shards;
    double processes_for_messages; // of the measured rate, were the messages even over the day
    double cores_for_messages;     // were they even over the day
    double server_memory_bytes;    // of the connections of one server
    double server_tls_memory_bytes;
};

struct sizing_here sizing_compute_here(const struct sizing_inputs *inputs);

// "500M", "2.5T", "100": false when it is no number above 0.
bool sizing_read(const char *text, double *number) MUST_USE;

// SPDX-License-Identifier: MIT
#include "sizing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_PER_DAY 86400.0
#define DAYS_PER_YEAR 365.0

const struct sizing_inputs sizing_original = {
    .connections = 500e6,
    .connections_per_server = 50000,
    .messages_per_day = 20e9,
    .bytes_per_message = 100,
    .years = 5,
    .shard_bytes = 4e12,
};

const struct measured sizing_measured[MEASURED_COUNT] = {
    [MEASURED_STORED_BYTES] = { "stored_bytes_per_message", 293, "bytes, both copies", "P8" },
    [MEASURED_MESSAGE_BYTES] = { "measured_message_bytes", 100, "bytes of text", "P8" },
    [MEASURED_MESSAGES_PER_SECOND] = { "messages_per_second", 80700, "of one process", "P1" },
    [MEASURED_CPU_US] = { "cpu_us_per_message", 13.9, "us", "P2" },
    [MEASURED_CONNECTION_BYTES] = { "connection_bytes", 3400, "bytes of memory", "P4" },
    [MEASURED_TLS_CONNECTION_BYTES] = { "tls_connection_bytes", 18700, "bytes of memory", "P4" },
};

struct sizing sizing_compute(const struct sizing_inputs *inputs)
{
    double bytes_per_day = inputs->messages_per_day * inputs->bytes_per_message;
    double bytes = bytes_per_day * DAYS_PER_YEAR * inputs->years;

    return (struct sizing){
        .servers = ceil(inputs->connections / inputs->connections_per_server),
        .bytes_per_day = bytes_per_day,
        .bytes_per_second = bytes_per_day / SECONDS_PER_DAY,
        .messages_per_second = inputs->messages_per_day / SECONDS_PER_DAY,
        .bytes = bytes,
        .shards = ceil(bytes / inputs->shard_bytes),
    };
}

// Of 3.65e15: 1e14.
static double second_digit(double number)
{
    return pow(10, floor(log10(number)) - 1);
}

// Powers of ten are not exact: what is a whole number but for that is one.
static double whole(double number, double (*otherwise)(double))
{
    double nearest = round(number);

    return fabs(number - nearest) < 1e-9 * nearest ? nearest : otherwise(number);
}

struct sizing sizing_round(const struct sizing_inputs *inputs)
{
    struct sizing rounded = sizing_compute(inputs);
    double step = 5 * second_digit(rounded.bytes_per_second);

    rounded.bytes_per_second = whole(rounded.bytes_per_second / step, ceil) * step;
    step = second_digit(rounded.bytes);
    rounded.bytes = whole(rounded.bytes / step, floor) * step;
    rounded.shards = whole(rounded.bytes / inputs->shard_bytes, ceil);
    return rounded;
}

struct sizing_here sizing_compute_here(const struct sizing_inputs *inputs)
{
    // The text is stored twice; what else a message costs does not depend on it.
    double more = inputs->bytes_per_message - sizing_measured[MEASURED_MESSAGE_BYTES].value;
    double stored = sizing_measured[MEASURED_STORED_BYTES].value + 2 * more;
    double per_second = inputs->messages_per_day / SECONDS_PER_DAY;
    double bytes_per_day = inputs->messages_per_day * stored;
    double bytes = bytes_per_day * DAYS_PER_YEAR * inputs->years;

    return (struct sizing_here){
        .stored_bytes_per_message = stored,
        .bytes_per_day = bytes_per_day,
        .bytes = bytes,
        .shards = ceil(bytes / inputs->shard_bytes),
        .processes_for_messages =
                ceil(per_second / sizing_measured[MEASURED_MESSAGES_PER_SECOND].value),
        .cores_for_messages = per_second * sizing_measured[MEASURED_CPU_US].value / 1e6,
        .server_memory_bytes =
                inputs->connections_per_server * sizing_measured[MEASURED_CONNECTION_BYTES].value,
        .server_tls_memory_bytes = inputs->connections_per_server *
                sizing_measured[MEASURED_TLS_CONNECTION_BYTES].value,
    };
}

bool sizing_read(const char *text, double *number)
{
    static const char units[] = "KMGTP";
    char *end;

    *number = strtod(text, &end);
    if (end == text || !(*number > 0) || *number > 1e30) {
        return false;
    }
    const char *unit = *end == '\0' ? NULL : strchr(units, *end);
    if (*end != '\0' && (unit == NULL || end[1] != '\0')) {
        return false;
    }
    for (long i = 0; unit != NULL && i <= unit - units; i++) {
        *number *= 1000;
    }
    return true;
}

// SPDX-License-Identifier: MIT
#include "session/metrics.h"

#include <inttypes.h>

#include "service/service.h"

static void add(struct buffer *out, const char *name, const char *type, const char *help,
        uint64_t value)
{
    buffer_print(out, "# HELP chatd_%s %s\n# TYPE chatd_%s %s\nchatd_%s %" PRIu64 "\n", name, help,
            name, type, name, value);
}

void metrics_write(const struct session_set *set, struct buffer *out)
{
    struct cell_status status;

    cell_get_status(set->service->cell, &status);
    add(out, "connections", "gauge", "Open WebSocket connections.", set->count);
    add(out, "connections_authenticated", "gauge", "Of them, authenticated.",
            set->authenticated_count);
    add(out, "subscriptions", "gauge", "Subscriptions, over WebSocket and long poll.",
            set->subscribed_count);
    add(out, "users_present", "gauge", "Users with a session.",
            presence_count(set->service->presence));
    add(out, "connections_total", "counter", "WebSocket connections since the start.", set->opened);
    add(out, "requests_total", "counter", "Requests since the start.", set->requests);
    add(out, "events_total", "counter", "Durable events handed to subscriptions.",
            set->events_pushed);
    add(out, "entries_total", "counter", "Messages, edits and deletes stored since the start.",
            set->service->entries);
    add(out, "log_index", "counter", "Batches in the log, ever.", status.log_index);
    add(out, "log_records_total", "counter", "Records made durable since the start.",
            status.records);
    add(out, "log_tail_bytes", "gauge", "Log that is not yet in the partitions' files.",
            status.log_tail_bytes);
    add(out, "log_append_microseconds", "gauge", "Duration of the last write of the log.",
            status.append_us_last);
    add(out, "flushes_total", "counter", "Partitions flushed since the start.", status.flushes);
    add(out, "partitions_dirty", "gauge", "Partitions to be flushed.", status.dirty_partitions);
    add(out, "partitions_quarantined", "gauge", "Partitions out of service.",
            status.quarantined_partitions);
    add(out, "memory_rows_bytes", "gauge", "Memory of rows.", status.memory_bytes);
    add(out, "disk_full", "gauge", "1 while sends are refused for want of space.",
            status.is_disk_full);
}

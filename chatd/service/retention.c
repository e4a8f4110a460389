// SPDX-License-Identifier: MIT
#include "service/retention.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cluster/cell.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/name.h"

#define SWEEP_EVERY_MS_MAX 3600000
#define SWEEP_EVERY_MS_MIN 1000
#define RETRY_MS 1000 // after "busy"
#define BREATH_MS 20  // between two steps that did something, while others write

enum step { RESTING, LOOKING, EXPIRING, CLEANING };

struct retention {
    struct cell *cell;
    uint16_t partition_count;
    struct retention_status status;
    enum step step;  // what is under way
    bool is_waiting; // the next step is to begin, at begins_ms
    enum step next;
    int64_t begins_ms;
    bool is_wanted;          // another sweep at once
    uint64_t shortest_s;     // of all that it saw; 0: none
    int64_t sweep_ms;        // when the last one began; monotonic
    uint64_t records;        // in the log, when the last step ended
    uint64_t expired, bytes; // by this sweep
    bool has_expired;        // something in this partition
    struct expiry_query query;
    struct expiry found;
    struct read read;
    struct proposal proposal;
    struct clean clean;
};

struct retention *retention_create(struct cell *cell, uint64_t retention_s)
{
    struct retention *retention = calloc(1, sizeof(*retention));
    struct cell_status status;

    if (retention != NULL) {
        cell_get_status(cell, &status);
        retention->cell = cell;
        retention->partition_count = status.partitions;
        retention->status.retention_s = retention_s;
        retention->is_wanted = true; // the start looks once, whatever is configured
    }
    return retention;
}

void retention_destroy(struct retention *retention)
{
    free(retention);
}

static uint64_t records_now(const struct retention *retention)
{
    struct cell_status status;

    cell_get_status(retention->cell, &status);
    return status.records;
}

// The next step: at once when nobody else is writing, else after a breath.
static void go_on(struct retention *retention, enum step next, bool did_something)
{
    uint64_t records = records_now(retention);
    bool is_quiet = records <= retention->records + 1; // its own

    retention->records = records;
    retention->step = RESTING;
    retention->next = next;
    retention->is_waiting = true;
    retention->begins_ms = clock_monotonic_ms() + (did_something && !is_quiet ? BREATH_MS : 0);
}

static void try_again(struct retention *retention, enum step next)
{
    go_on(retention, next, false);
    retention->begins_ms = clock_monotonic_ms() + RETRY_MS;
}

static void end_sweep(struct retention *retention)
{
    struct retention_status *status = &retention->status;

    status->is_sweeping = false;
    status->sweeps++;
    status->last_expired = retention->expired;
    status->last_bytes = retention->bytes;
    status->last_ended_ms = clock_wall_ms();
    retention->step = RESTING;
    retention->is_waiting = false;
    if (retention->expired > 0 || retention->bytes > 0) {
        log_info("retention", "expired=%" PRIu64 " bytes_freed=%" PRIu64 " ms=%lld",
                retention->expired, retention->bytes,
                (long long)(clock_monotonic_ms() - retention->sweep_ms));
    }
}

static void next_partition(struct retention *retention)
{
    if (retention->status.partition + 1 == retention->partition_count) {
        end_sweep(retention);
        return;
    }
    retention->status.partition++;
    retention->query.after_conversation = 0;
    retention->has_expired = false;
    go_on(retention, LOOKING, false);
}

static void on_cleaned(struct clean *clean)
{
    struct retention *retention = TASK_OF(clean, struct retention, clean);

    retention->bytes += clean->cleaned.bytes;
    retention->status.bytes += clean->cleaned.bytes;
    if (clean->err == ERR_DISK_FULL) {
        try_again(retention, CLEANING);
    } else if (clean->err != ERR_OK || clean->cleaned.is_done) {
        next_partition(retention); // one that is out of order says so elsewhere
    } else {
        go_on(retention, CLEANING, true);
    }
}

static void clean(struct retention *retention)
{
    retention->step = CLEANING;
    retention->clean.done = on_cleaned;
    cell_clean(retention->cell, retention->status.partition, &retention->clean);
}

// Not now: a partition concerned is out of order. The next sweep looks again.
static void pass_over(struct retention *retention)
{
    if (retention->found.conversation == 0) {
        next_partition(retention);
        return;
    }
    retention->query.after_conversation = retention->found.conversation;
    go_on(retention, LOOKING, false);
}

static void on_expired(struct proposal *proposal, const struct applied *applied)
{
    struct retention *retention = TASK_OF(proposal, struct retention, proposal);

    if (applied->outcome == ERR_OK) {
        retention->has_expired = true;
        retention->expired += retention->found.count;
        retention->status.expired += retention->found.count;
        go_on(retention, LOOKING, true);
    } else if (applied->outcome == ERR_DISK_FULL) {
        try_again(retention, LOOKING);
    } else {
        pass_over(retention);
    }
}

static void expire(struct retention *retention)
{
    const struct expiry *found = &retention->found;
    const struct record record = {
        .type = RECORD_EXPIRE,
        .user = name_bytes(&found->user),
        .peer = name_bytes(&found->peer),
        .cseq = found->floor_cseq,
    };

    retention->step = EXPIRING;
    retention->proposal.done = on_expired;
    enum err err = cell_propose(retention->cell, &record, &retention->proposal);
    if (err == ERR_UNAVAILABLE) {
        pass_over(retention);
    } else if (err != ERR_OK) {
        try_again(retention, LOOKING);
    }
}

static void run_look(struct read *read, struct partition *partition)
{
    struct retention *retention = TASK_OF(read, struct retention, read);

    read->err = read_expired(partition, &retention->query, &retention->found);
}

static void done_look(struct read *read)
{
    struct retention *retention = TASK_OF(read, struct retention, read);
    const struct expiry *found = &retention->found;

    if (found->shortest_s != 0 &&
            (retention->shortest_s == 0 || found->shortest_s < retention->shortest_s)) {
        retention->shortest_s = found->shortest_s;
    }
    retention->query.after_conversation = found->next_conversation;
    bool is_good = read->err == ERR_OK;
    if (is_good && found->floor_cseq != 0) {
        expire(retention);
    } else if (is_good && !found->is_end) {
        go_on(retention, LOOKING, true);
    } else if (is_good && (retention->has_expired || found->has_garbage)) {
        clean(retention);
    } else {
        next_partition(retention);
    }
}

static void look(struct retention *retention)
{
    retention->step = LOOKING;
    retention->query.now_ms = (uint64_t)clock_wall_ms();
    retention->query.retention_s = retention->status.retention_s;
    retention->read.run = run_look;
    retention->read.done = done_look;
    if (cell_read(retention->cell, retention->status.partition, &retention->read) != ERR_OK) {
        try_again(retention, LOOKING);
    }
}

static int64_t every_ms(const struct retention *retention)
{
    int64_t wanted = (int64_t)(retention->shortest_s * 100); // a tenth of it

    return wanted > SWEEP_EVERY_MS_MAX    ? SWEEP_EVERY_MS_MAX
            : wanted < SWEEP_EVERY_MS_MIN ? SWEEP_EVERY_MS_MIN
                                          : wanted;
}

static void begin_sweep(struct retention *retention)
{
    retention->is_wanted = false;
    retention->sweep_ms = clock_monotonic_ms();
    retention->expired = retention->bytes = 0;
    retention->shortest_s = retention->status.retention_s;
    retention->status.is_sweeping = true;
    retention->status.partition = 0;
    retention->query.after_conversation = 0;
    retention->has_expired = false;
    go_on(retention, LOOKING, false);
}

void retention_turn_end(struct retention *retention)
{
    if (!retention->is_waiting || clock_monotonic_ms() < retention->begins_ms) {
        return;
    }
    retention->is_waiting = false;
    if (retention->next == CLEANING) {
        clean(retention);
    } else {
        look(retention);
    }
}

bool retention_tick(struct retention *retention)
{
    bool is_due = retention->is_wanted ||
            (retention->shortest_s > 0 &&
                    clock_monotonic_ms() - retention->sweep_ms >= every_ms(retention));

    if (is_due && !retention->status.is_sweeping) {
        begin_sweep(retention);
    }
    retention_turn_end(retention);
    return retention->status.is_sweeping || retention->is_wanted || retention->shortest_s > 0;
}

void retention_wake(struct retention *retention)
{
    retention->is_wanted = true;
}

void retention_get_status(const struct retention *retention, struct retention_status *status)
{
    *status = retention->status;
}

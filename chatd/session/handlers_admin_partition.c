// SPDX-License-Identifier: MIT
// admin.partition.list and .show: what the partitions hold.

#include "session/handlers.h"

#include <inttypes.h>
#include <stdlib.h>

// What is asked of each partition of a list.
struct count_read {
    struct read read;
    struct survey *survey;
    struct partition_count count;
    struct largest_users largest; // when it is asked about alone
};

struct survey {
    struct call *call;
    uint16_t first;
    uint16_t count;
    uint32_t open;
    bool is_single;
    struct count_read reads[];
};

static void run_count(struct read *read, struct partition *partition)
{
    struct count_read *one = TASK_OF(read, struct count_read, read);

    read->err = read_count(partition, &one->count);
    if (read->err == ERR_OK && one->survey->is_single) {
        read->err = read_largest_users(partition, &one->largest);
    }
}

static void add_largest(struct buffer *out, const struct largest_users *largest)
{
    buffer_add_literal(out, ",\"largest\":[");
    for (uint32_t i = 0; i < largest->count; i++) {
        buffer_print(out,
                "%s{\"user\":\"%s\",\"entries\":%" PRIu64 ",\"stored_bytes\":%" PRIu64 "}",
                i == 0 ? "" : ",", largest->users[i].name.text, largest->users[i].entries,
                largest->users[i].stored_bytes);
    }
    buffer_add_byte(out, ']');
}

static void add_partition(struct buffer *out, const struct cell *cell, uint16_t partition,
        const struct count_read *one)
{
    const char *reason = cell_quarantine_reason(cell, partition);
    const char *state = reason != NULL ? "quarantined"
            : one->read.err != ERR_OK  ? "unknown"
            : one->count.is_absent     ? "empty"
                                       : "open";

    buffer_print(out,
            "{\"partition\":%u,\"state\":\"%s\",\"users\":%" PRIu64 ",\"conversations\":%" PRIu64
            ",\"messages\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"memory_bytes\":%" PRIu64
            ",\"applied\":%" PRIu64 ",\"on_disk\":%" PRIu64,
            partition, state, one->count.users, one->count.conversations, one->count.messages,
            one->count.file_bytes, one->count.memory_bytes, one->count.applied_index,
            one->count.disk_index);
    buffer_add_literal(out, ",\"directory\":");
    json_add_string(out, places_directory(cell_places(cell), one->count.place));
    if (reason != NULL) {
        buffer_add_literal(out, ",\"reason\":");
        json_add_string(out, bytes_of(reason));
    }
    if (one->survey->is_single) {
        add_largest(out, &one->largest);
    }
    buffer_add_byte(out, '}');
}

static void survey_release(struct survey *survey)
{
    const struct cell *cell = survey->call->service->cell;
    struct buffer out = { 0 };

    if (--survey->open > 0) {
        return;
    }
    call_begin_result(survey->call, &out);
    if (!survey->is_single) {
        buffer_add_literal(&out, "{\"partitions\":[");
    }
    for (uint16_t i = 0; i < survey->count; i++) {
        if (i > 0) {
            buffer_add_byte(&out, ',');
        }
        add_partition(&out, cell, (uint16_t)(survey->first + i), &survey->reads[i]);
    }
    if (!survey->is_single) {
        buffer_add_literal(&out, "]}");
    }
    call_reply(survey->call, &out);
    free(survey);
}

static void on_count(struct read *read)
{
    survey_release(TASK_OF(read, struct count_read, read)->survey);
}

static void start_survey(struct call *call, uint16_t first, uint16_t count, bool is_single)
{
    struct survey *survey = calloc(1, sizeof(*survey) + count * sizeof(survey->reads[0]));

    if (survey == NULL) {
        call_fail(call, ERR_MEMORY, NULL);
        return;
    }
    survey->call = call;
    survey->first = first;
    survey->count = count;
    survey->is_single = is_single;
    survey->open = 1;
    for (uint16_t i = 0; i < count; i++) {
        struct count_read *one = &survey->reads[i];
        one->survey = survey;
        one->read.run = run_count;
        one->read.done = on_count;
        survey->open++;
        enum err err = cell_read(call->service->cell, (uint16_t)(first + i), &one->read);
        if (err != ERR_OK) {
            one->read.err = err;
            survey->open--;
        }
    }
    survey_release(survey);
}

void handle_ADMIN_PARTITION_LIST(struct call *call)
{
    start_survey(call, 0, call->service->partition_count, false);
}

void handle_ADMIN_PARTITION_SHOW(struct call *call)
{
    uint64_t partition = call->request.params.partition;

    if (partition >= call->service->partition_count) {
        call_fail(call, ERR_NOT_FOUND, "there is no such partition");
        return;
    }
    start_survey(call, (uint16_t)partition, 1, true);
}

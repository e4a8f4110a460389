// SPDX-License-Identifier: MIT
// "partition move", "partition rebalance" and "partition verify".

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "job.h"
#include "output.h"
#include "partition.h"
#include "progress.h"
#include "rebalance.h"

// A move that the server did not finish because it was ended is begun again: what was copied and
// not cut over is gone, and what was cut over is done.
#define ATTEMPTS_MAX 100

static enum exit_code move(const struct rpc *rpc, const struct arguments *arguments,
        uint64_t partition, struct bytes path, const char *what, struct job_result *result)
{
    struct buffer params = { 0 };
    enum exit_code code = EXIT_OK;

    buffer_print(&params, "{\"partition\":%" PRIu64 ",\"path\":", partition);
    json_add_string(&params, path);
    if (!job_add_rate(rpc, arguments->rate, false, &params)) {
        buffer_finish(&params);
        return EXIT_USAGE;
    }
    buffer_add_byte(&params, '}');
    for (int i = 0; i < ATTEMPTS_MAX; i++) {
        code = job_run(rpc, "admin.partition.move", &params, what, result);
        if (code != EXIT_OK || !result->is_lost) {
            break;
        }
        json_destroy(result->root);
    }
    buffer_finish(&params);
    if (code == EXIT_OK) {
        code = job_outcome(rpc, result);
        if (code != EXIT_OK) {
            json_destroy(result->root);
        }
    }
    return code;
}

enum exit_code partition_move(const struct rpc *rpc, const struct arguments *arguments)
{
    struct job_result result;
    uint64_t number;

    if (!partition_number(rpc, arguments->operands[0], &number)) {
        return EXIT_USAGE;
    }
    if (arguments->to == NULL) {
        complain(rpc->is_json, "usage", "--to is missing: one of the directories of data");
        return EXIT_USAGE;
    }
    if (arguments->is_dry_run) {
        output_done(rpc->is_json, "{\"dry_run\":true,\"to\":\"%s\"}",
                "the partition's file would be moved to %s", arguments->to);
        return EXIT_OK;
    }
    enum exit_code code = move(rpc, arguments, number, bytes_of(arguments->to), "moving", &result);
    if (code != EXIT_OK) {
        return code;
    }
    if (rpc->is_json) {
        output_json(result.status);
    } else if (output_uint(result.status, "files") == 0) {
        printf("nothing to move: the partition is there already, or has no file yet\n");
    } else {
        printf("moved, %s; the partition stood still for %.1f ms\n",
                output_size(output_uint(result.status, "bytes")),
                (double)output_uint(result.status, "pause_us_max") / 1000);
    }
    json_destroy(result.root);
    return EXIT_OK;
}

struct plan {
    struct json *status_root, *list_root;
    struct rebalance_place places[REBALANCE_PLACES_MAX];
    unsigned place_count;
    struct rebalance_file *files;
    size_t file_count;
    size_t moves;
};

static void plan_finish(struct plan *plan)
{
    json_destroy(plan->status_root);
    json_destroy(plan->list_root);
    free(plan->files);
}

static void take_files(struct plan *plan, const struct json *list)
{
    plan->files = calloc(json_count(list) + 1, sizeof(*plan->files));
    CHECK(plan->files != NULL);
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *partition = json_at(list, i);
        struct bytes directory = output_text(partition, "directory");
        unsigned place = 0;
        while (place < plan->place_count && !bytes_equal(plan->places[place].path, directory)) {
            place++;
        }
        if (!bytes_equal(output_text(partition, "state"), bytes_of("open")) ||
                place == plan->place_count) {
            continue;
        }
        plan->places[place].bytes += output_uint(partition, "bytes");
        plan->files[plan->file_count++] = (struct rebalance_file){
            .partition = output_uint(partition, "partition"),
            .bytes = output_uint(partition, "bytes"),
            .place = place,
        };
    }
}

static enum exit_code make_plan(const struct rpc *rpc, const struct arguments *arguments,
        struct plan *plan)
{
    const struct json *status, *list;
    bool is_found = arguments->drain == NULL;
    enum exit_code code = rpc_call(rpc, "admin.status", NULL, &plan->status_root, &status);

    if (code == EXIT_OK) {
        code = rpc_call(rpc, "admin.partition.list", NULL, &plan->list_root, &list);
    }
    if (code != EXIT_OK) {
        return code;
    }
    const struct json *places = json_get(status, "places");
    for (size_t i = 0; i < json_count(places) && i < REBALANCE_PLACES_MAX; i++) {
        struct rebalance_place *place = &plan->places[plan->place_count++];
        *place = (struct rebalance_place){
            .path = output_text(json_at(places, i), "path"),
            .disk_bytes = output_uint(json_at(places, i), "bytes"),
        };
        place->is_drained =
                arguments->drain != NULL && bytes_equal(place->path, bytes_of(arguments->drain));
        is_found |= place->is_drained;
    }
    if (!is_found || (arguments->drain != NULL && plan->place_count == 1)) {
        complain(rpc->is_json, "not_found",
                is_found ? "%s is the only directory of data: there is nowhere to go"
                         : "%s is none of the directories of data",
                arguments->drain);
        return EXIT_NOT_FOUND;
    }
    take_files(plan, json_get(list, "partitions"));
    plan->moves = rebalance_plan(plan->places, plan->place_count, plan->files, plan->file_count);
    return EXIT_OK;
}

static void print_plan(const struct rpc *rpc, const struct plan *plan)
{
    for (size_t i = 0; i < plan->file_count; i++) {
        const struct rebalance_file *file = &plan->files[i];
        struct bytes to = plan->places[file->to].path;
        struct buffer line = { 0 };
        if (file->to == file->place) {
            continue;
        }
        if (rpc->is_json) {
            output_field(&line, "to", to);
            buffer_print(&line, ",\"partition\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
                    file->partition, file->bytes);
            output_line(&line);
        } else {
            printf("partition %" PRIu64 ", %" PRIu64 " bytes, to ", file->partition, file->bytes);
            output_label(to);
            putchar('\n');
        }
    }
}

struct totals {
    uint64_t moved, bytes, pause_us;
};

static enum exit_code carry_out(const struct rpc *rpc, const struct arguments *arguments,
        const struct plan *plan, struct totals *totals)
{
    enum exit_code code = EXIT_OK;

    for (size_t i = 0; code == EXIT_OK && i < plan->file_count; i++) {
        const struct rebalance_file *file = &plan->files[i];
        struct job_result result;
        char what[80];
        if (file->to == file->place) {
            continue;
        }
        snprintf(what, sizeof(what), "moving %" PRIu64 " of %zu", totals->moved + 1, plan->moves);
        code = move(rpc, arguments, file->partition, plan->places[file->to].path, what, &result);
        if (code != EXIT_OK) {
            break;
        }
        uint64_t pause_us = output_uint(result.status, "pause_us_max");
        totals->moved++;
        totals->bytes += output_uint(result.status, "bytes");
        totals->pause_us = pause_us > totals->pause_us ? pause_us : totals->pause_us;
        json_destroy(result.root);
    }
    return code == EXIT_OK || totals->moved == 0 ? code : EXIT_PARTLY;
}

enum exit_code partition_rebalance(const struct rpc *rpc, const struct arguments *arguments)
{
    struct plan plan = { 0 };
    struct totals totals = { 0 };
    enum exit_code code = make_plan(rpc, arguments, &plan);

    if (code == EXIT_OK && arguments->is_dry_run) {
        print_plan(rpc, &plan);
    } else if (code == EXIT_OK) {
        code = carry_out(rpc, arguments, &plan, &totals);
    }
    if (code == EXIT_OK || code == EXIT_PARTLY) {
        printf(rpc->is_json ? "{\"planned\":%zu,\"moved\":%" PRIu64 ",\"bytes\":%" PRIu64
                              ",\"pause_us_max\":%" PRIu64 "}\n"
                            : "%zu partitions to move, %" PRIu64 " moved, %" PRIu64
                              " bytes; none stood still for longer than %" PRIu64 " us\n",
                plan.moves, totals.moved, totals.bytes, totals.pause_us);
    }
    plan_finish(&plan);
    return code;
}

enum exit_code partition_verify(const struct rpc *rpc, const struct arguments *arguments)
{
    struct buffer params = { 0 };
    struct job_result result;
    uint64_t number = 0;

    if (arguments->operand_count > 0 && !partition_number(rpc, arguments->operands[0], &number)) {
        return EXIT_USAGE;
    }
    buffer_add_byte(&params, '{');
    if (arguments->operand_count > 0) {
        buffer_print(&params, "\"partition\":%" PRIu64, number);
    }
    if (!job_add_rate(rpc, arguments->rate, true, &params)) {
        buffer_finish(&params);
        return EXIT_USAGE;
    }
    buffer_add_byte(&params, '}');
    enum exit_code code =
            job_run(rpc, "admin.partition.verify", &params, "verifying partitions", &result);
    buffer_finish(&params);
    if (code == EXIT_OK) {
        code = job_outcome(rpc, &result);
        if (code == EXIT_OK) {
            bool is_good = output_uint(result.status, "finding_count") == 0;
            job_print(rpc, result.status);
            code = is_good ? EXIT_OK : EXIT_CHECK_FAILED;
            if (is_good && !rpc->is_json) {
                printf("every page of %" PRIu64 " files fits its checksum, and SQLite finds "
                       "nothing wrong\n",
                        output_uint(result.status, "files"));
            }
        }
        json_destroy(result.root);
    }
    return code;
}

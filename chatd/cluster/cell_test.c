// SPDX-License-Identifier: MIT
#include "cluster/cell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "disk/database.h"
#include "shared/log.h"

static struct {
    char path[64];
    struct data_directory directory;
    struct completions *completions;
    struct cell *cell;
    unsigned peer_events_with_origin;
    unsigned user_events;
    unsigned peer_events;
} world;

static void on_event(void *context, const struct record *record, const struct applied *applied,
        struct proposal *proposal)
{
    (void)context;
    (void)record;
    world.user_events += applied->side == SIDE_USER && applied->has_event;
    world.peer_events += applied->side == SIDE_PEER && applied->has_event;
    world.peer_events_with_origin += applied->side == SIDE_PEER && proposal != NULL;
}

static void nothing(void *context)
{
    (void)context;
}

static void open_cell(void)
{
    char reason[300] = "";

    world.completions = completions_create(nothing, NULL);
    assert_int_equal(data_directory_open(&world.directory, world.path, 16, reason, sizeof(reason)),
            ERR_OK);
    const struct cell_settings settings = {
        .directory = &world.directory,
        .log_segment_bytes = 100000,
        .log_tail_bytes_max = 100000,
        .handlers = { NULL, on_event, nothing, nothing },
        .completions = world.completions,
    };
    if (cell_create(&settings, &world.cell, reason, sizeof(reason)) != ERR_OK) {
        fail_msg("%s", reason);
    }
}

static void close_cell(void)
{
    cell_destroy(world.cell);
    completions_destroy(world.completions);
    data_directory_close(&world.directory);
}

static int set_up(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    memset(&world, 0, sizeof(world));
    strcpy(world.path, "/tmp/cell_test.XXXXXX");
    assert_non_null(mkdtemp(world.path));
    open_cell();
    return 0;
}

static int tear_down(void **state)
{
    char command[100];

    (void)state;
    close_cell();
    snprintf(command, sizeof(command), "rm -r %s", world.path);
    return system(command);
}

// A proposal that waits for its outcome and frees its memory as soon as it is told, as calls do.
struct waiting {
    struct proposal proposal;
    unsigned *told;
    struct applied *applied;
};

static void on_done(struct proposal *proposal, const struct applied *applied)
{
    struct waiting *waiting = TASK_OF(proposal, struct waiting, proposal);

    (*waiting->told)++;
    *waiting->applied = *applied;
    free(waiting);
}

static void turn(void)
{
    cell_turn_end(world.cell);
    completions_wait(world.completions);
    completions_deliver(world.completions);
}

static struct applied propose(const struct record *record)
{
    unsigned told = 0;
    struct applied applied = { 0 };
    struct waiting *waiting = calloc(1, sizeof(*waiting));

    *waiting = (struct waiting){ { on_done }, &told, &applied };
    assert_int_equal(cell_propose(world.cell, record, &waiting->proposal), ERR_OK);
    while (told == 0) {
        turn();
    }
    assert_int_equal(told, 1);
    return applied;
}

static void add_user(const char *name)
{
    const struct record record = { .type = RECORD_USER_CREATE, .user = bytes_of(name) };

    assert_int_equal(propose(&record).outcome, ERR_OK);
}

static struct applied send(const char *from, const char *to, uint64_t counter)
{
    const struct record record = { .type = RECORD_SEND,
        .user = bytes_of(from),
        .peer = bytes_of(to),
        .device = 1,
        .counter = counter,
        .text = bytes_of("some text") };

    return propose(&record);
}

static void set_flag(void *context)
{
    *(bool *)context = true;
}

static void flush_all(void)
{
    bool is_flushed = false;

    cell_flush_all(world.cell, set_flag, &is_flushed);
    while (!is_flushed) {
        turn();
    }
}

static void the_proposer_is_told_once_and_belongs_to_the_acting_side(void **state)
{
    (void)state;
    add_user("ann");
    add_user("ada");
    assert_int_not_equal(cell_partition_of(world.cell, bytes_of("ann")) % 8,
            cell_partition_of(world.cell, bytes_of("ada")) % 8);
    for (uint64_t i = 1; i <= 200; i++) {
        assert_int_equal(send("ann", "ada", i).cseq, i);
    }
    while (world.peer_events < 200) {
        turn();
    }
    assert_int_equal(world.user_events, 200);
    // The proposer is gone when the other side reports: it used to be handed out all the same.
    assert_int_equal(world.peer_events_with_origin, 0);
}

static void what_was_answered_is_there_after_a_restart(void **state)
{
    (void)state;
    add_user("ann");
    add_user("ada");
    for (uint64_t i = 1; i <= 50; i++) {
        send("ann", "ada", i);
    }
    close_cell();
    open_cell();
    struct applied again = send("ann", "ada", 20);
    assert_true(again.is_duplicate);
    assert_int_equal(again.cseq, 20);
    assert_int_equal(send("ada", "ann", 1).cseq, 51);
}

static void a_partition_that_cannot_be_used_refuses_and_the_others_go_on(void **state)
{
    char path[200], command[300];
    struct cell_status status;
    const struct record refused = { .type = RECORD_USER_CREATE, .user = bytes_of("ann") };

    (void)state;
    add_user("ann");
    add_user("ada");
    uint16_t partition = cell_partition_of(world.cell, bytes_of("ann"));
    flush_all();
    close_cell();
    snprintf(command, sizeof(command), "cp %s/partitions/p%03u.db %s/saved", world.path, partition,
            world.path);
    assert_int_equal(system(command), 0);
    open_cell();
    assert_int_equal(send("ann", "ada", 1).cseq, 1); // in the log, not in the saved file
    close_cell();
    snprintf(path, sizeof(path), "%s/partitions/p%03u.db", world.path, partition);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 8192; i++) {
        fputc('x', file); // on disk everything is in it, and nothing in its WAL
    }
    fclose(file);
    open_cell();
    assert_non_null(cell_quarantine_reason(world.cell, partition));
    assert_non_null(strstr(cell_quarantine_reason(world.cell, partition), path));
    assert_int_equal(cell_propose(world.cell, &refused, NULL), ERR_UNAVAILABLE);
    add_user("amy");
    cell_get_status(world.cell, &status);
    assert_int_equal(status.quarantined_partitions, 1);
    // The log's records for it were set aside.
    snprintf(path, sizeof(path), "%s/quarantine/p%03u-%020d.records", world.path, partition, 1);
    assert_int_equal(access(path, R_OK), 0);
    // With the file back from a backup they are put back, and both copies agree again.
    close_cell();
    snprintf(command, sizeof(command),
            "rm -f %s/partitions/p%03u.db*; mv %s/saved %s/partitions/p%03u.db", world.path,
            partition, world.path, world.path, partition);
    assert_int_equal(system(command), 0);
    open_cell();
    assert_null(cell_quarantine_reason(world.cell, partition));
    assert_true(send("ann", "ada", 1).is_duplicate);
    assert_int_equal(send("ada", "ann", 1).cseq, 2);
}

static void a_second_process_on_the_directory_is_refused_with_a_sentence(void **state)
{
    struct data_directory second;
    char reason[300] = "";

    (void)state;
    assert_int_equal(data_directory_open(&second, world.path, 16, reason, sizeof(reason)),
            ERR_EXISTS);
    assert_non_null(strstr(reason, "another chatd"));
}

int main(void)
{
    database_global_init();
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(the_proposer_is_told_once_and_belongs_to_the_acting_side),
        CASE(what_was_answered_is_there_after_a_restart),
        CASE(a_partition_that_cannot_be_used_refuses_and_the_others_go_on),
        CASE(a_second_process_on_the_directory_is_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

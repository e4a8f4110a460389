// SPDX-License-Identifier: MIT
#include "tests/simulation/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/check.h"
#include "tests/simulation/chance.h"
#include "tests/simulation/device.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/disk_vfs.h"
#include "tests/simulation/heap.h"
#include "tests/simulation/life.h"
#include "tests/simulation/model.h"
#include "tests/simulation/node.h"
#include "tests/simulation/surroundings.h"
#include "tests/simulation/workers.h"

#define TURNS_MAX 30000 // in which everything must have settled after the faults (I13)
#define START_TRIES 12
#define TICK_MS 1000

static struct {
    struct chance chance;
    struct node_settings settings;
    unsigned users;
    bool has_memory_faults;
    bool is_calm; // no more faults
    struct world_counts *counts;
} world;

// Life and death.

static void heal_disk(void)
{
    for (int fault = 0; fault < DISK_FAULT_COUNT; fault++) {
        disk_fail_at((enum disk_fault)fault, 0, 0);
    }
    disk_fill(false);
}

static void note_death(void)
{
    if (life_death() == DEATH_ABORT && heap_failures() == 0) {
        model_fail("CHECK", "the node stopped itself with CHECK() or FAIL()");
    }
    world.counts->aborts += life_death() == DEATH_ABORT;
    world.counts->allocation_failures += heap_failures();
    heap_fail_at(0, 0);
}

// After a death: the power may be gone as well.
static void bury(bool is_clean)
{
    note_death();
    devices_break();
    if (!is_clean && chance_one_in(&world.chance, 2)) {
        trace("the power is lost");
        disk_lose_power();
        world.counts->power_losses++;
    } else if (!is_clean) {
        world.counts->kills++;
    }
}

static void start(void)
{
    for (int try = 0; !model_has_failed() && node_state() == NODE_DEAD; try++) {
        // It may die while it starts, again and again.
        bool is_troubled = !world.is_calm && try < START_TRIES / 2;
        life_end_at("",
                is_troubled && chance_one_in(&world.chance, 4) ? chance_up_to(&world.chance, 400)
                                                               : 0);
        if (world.is_calm || try == START_TRIES / 2) {
            heal_disk();
        }
        trace("start");
        world.counts->starts++;
        if (node_start(&world.settings)) {
            return;
        }
        trace("  it did not start: %s", node_reason());
        if (!is_troubled && try > START_TRIES) {
            model_fail("I13", "it does not start: %s", node_reason());
        }
        if (life_death() == DEATH_ABORT && heap_failures() == 0) {
            note_death();
        }
        if (chance_one_in(&world.chance, 3)) {
            disk_lose_power();
            world.counts->power_losses++;
        }
    }
}

static void mourn(void)
{
    if (node_state() == NODE_FAILED) {
        // It says that it can't go on: as the real one, it stops in order, if it gets that far.
        trace("the node gives up");
        world.counts->failed++;
        devices_break();
        if (node_state() != NODE_DEAD) {
            (void)!node_stop();
        }
        bury(false);
    } else if (node_state() == NODE_DEAD) {
        bury(false);
    }
}

static void kill_now(void)
{
    trace("kill");
    node_kill();
    bury(false);
}

// Everything on its way is done, then it stops in order.
static void stop_clean(void)
{
    trace("clean stop");
    if (!node_drain()) {
        return;
    }
    for (int i = 0; i < 3000 && node_state() == NODE_RUNNING; i++) {
        bool has_run = false;
        for (int d = 0; d < devices_count(); d++) {
            while (node_state() == NODE_RUNNING && device_move_down(d)) {
            }
        }
        if (node_state() != NODE_RUNNING || !node_work(&has_run) || !node_turn()) {
            break;
        }
        if (!has_run) {
            surroundings_advance(100);
        }
    }
    if (node_state() != NODE_FLUSHED) {
        return;
    }
    devices_break();
    if (node_state() == NODE_FLUSHED && node_stop()) {
        world.counts->clean_stops++;
        bury(true);
    }
}

// Trouble.

static void arm_death(void)
{
    static const char *const points[] = { "disk.write", "disk.sync", "disk.synced", "disk.remove",
        "disk.create", "disk.truncate", "disk.sync_directory", "journal.rotated", "trim.half",
        "flush.before", "flush.during", "flush.before_commit", "flush.committed", "flush.done",
        "checkpoint.before", "checkpoint.during", "file.created", "pipeline.durable",
        "session.pushed_one", "session.answered", "completion", "task", "flush.between",
        "journal.before_sync", "" };
    const char *point = points[chance_below(&world.chance, sizeof(points) / sizeof(points[0]))];

    life_end_at(point, chance_up_to(&world.chance, *point == '\0' ? 500 : 5));
}

static void arm_fault(void)
{
    enum disk_fault fault = (enum disk_fault)chance_below(&world.chance, DISK_FAULT_COUNT);

    disk_fail_at(fault, chance_up_to(&world.chance, 60),
            chance_one_in(&world.chance, 3) ? chance_up_to(&world.chance, 5) : 0);
}

static void make_trouble(void)
{
    switch (chance_below(&world.chance, 8)) {
    case 0:
        arm_fault();
        break;
    case 1:
        disk_fill(!disk_is_full());
        world.counts->full_disks += disk_is_full();
        break;
    case 2:
        surroundings_set_wall((int64_t)chance_below(&world.chance, 7200000) - 3600000);
        break;
    case 3:
        if (world.has_memory_faults) {
            heap_fail_at(chance_up_to(&world.chance, 3000), chance_below(&world.chance, 2));
        }
        break;
    case 4:
        kill_now();
        break;
    case 5:
        stop_clean();
        break;
    default:
        arm_death();
        break;
    }
}

// What devices do of their own.

static void act(int device)
{
    static void (*const acts[])(int device) = { device_read_history, device_list, device_mark_read,
        device_search, device_block, device_create_another, device_revoke_another };
    uint64_t choice = chance_below(&world.chance, 40);

    if (!device_is_live(device)) {
        if (!device_is_connected(device)) {
            device_connect(device);
        }
    } else if (choice < 16) {
        device_send(device);
    } else if (choice < 20) {
        device_change(device);
    } else if (choice < 26) {
        device_ack(device, false);
        device_poll(device);
    } else if (choice < 29) {
        device_resend(device);
    } else if (choice < 30) {
        device_cut(device);
    } else {
        uint64_t kind = chance_below(&world.chance, 11);
        acts[kind < 7 ? kind : kind < 9 ? kind - 2 : kind % 3](device);
    }
}

static int pick_device(void)
{
    return (int)chance_below(&world.chance, (uint64_t)devices_count());
}

// Something within the node, or on its wires, goes on.
static void go_on(void)
{
    bool has_run;

    switch (chance_below(&world.chance, 8)) {
    case 0:
    case 1:
    case 2:
        (void)!node_work(&has_run);
        break;
    case 3:
    case 4:
        (void)!node_turn();
        break;
    case 5:
        (void)device_move_up(pick_device());
        break;
    case 6:
        (void)device_move_down(pick_device());
        break;
    default:
        if (chance_one_in(&world.chance, 10)) {
            surroundings_advance((int64_t)chance_up_to(&world.chance, 3000));
            (void)!node_tick();
        }
        break;
    }
}

static void step(void)
{
    uint64_t moves = 1 + chance_below(&world.chance, 12);

    if (chance_one_in(&world.chance, 25)) {
        make_trouble();
    } else {
        act(pick_device());
    }
    for (uint64_t i = 0; i < moves && node_state() == NODE_RUNNING && !model_has_failed(); i++) {
        go_on();
    }
    if (node_state() != NODE_RUNNING) {
        mourn();
        start();
    }
}

// Calm: everything goes on until nothing is left to do.

static bool turn_all(void)
{
    bool has_moved = false, has_run = false;

    for (int i = 0; i < devices_count() && node_state() == NODE_RUNNING; i++) {
        has_moved |= device_move_up(i);
    }
    do {
        has_run = false;
        has_moved |= node_state() == NODE_RUNNING && node_work(&has_run) && has_run;
    } while (has_run && node_state() == NODE_RUNNING);
    if (node_state() == NODE_RUNNING) {
        (void)!node_turn();
    }
    for (int i = 0; i < devices_count() && node_state() == NODE_RUNNING; i++) {
        has_moved |= device_move_down(i);
    }
    devices_hear_admin();
    return has_moved || !node_is_idle();
}

static void be_alive(void)
{
    if (node_state() != NODE_RUNNING) {
        mourn();
        start();
    }
}

// Until nothing moves by itself.
static void settle(void)
{
    for (int i = 0; i < TURNS_MAX && !model_has_failed(); i++) {
        bool has_moved = turn_all();
        be_alive();
        if (!has_moved) {
            devices_check_revoked();
            return;
        }
    }
    if (!model_has_failed()) {
        model_fail("I13", "it does not come to rest");
    }
}

static void wake_all(void)
{
    surroundings_advance(TICK_MS);
    (void)!node_tick();
    for (int i = 0; i < devices_count(); i++) {
        if (!device_is_usable(i)) {
            continue;
        }
        if (!device_is_live(i) && !device_is_connected(i)) {
            device_connect(i);
        }
        device_resend(i);
        device_ack(i, true);
        device_poll(i);
    }
}

static void converge(void)
{
    int quiet = 0;

    for (int round = 0; round < 400 && quiet < 6 && !model_has_failed(); round++) {
        wake_all();
        settle();
        quiet = devices_have_settled() ? quiet + 1 : 0;
    }
    if (quiet < 6 && !model_has_failed()) {
        model_fail("I13", "what was to be stored is not, long after the faults");
    }
}

static void check_histories_of(int device, int user)
{
    for (int peer = 0; peer < (int)world.users && !model_has_failed(); peer++) {
        if (peer == user || model_head(user, peer) == 0) {
            continue;
        }
        device_begin_final(device, peer);
        settle();
        if (!device_final_is_done(device)) {
            model_fail("I13", "the history is not answered");
        }
    }
}

static int device_that_reads(int user)
{
    for (int device = 0; device < devices_count(); device++) {
        if (device_is_of(device, user) && device_is_usable(device) && device_is_live(device)) {
            return device;
        }
    }
    FAIL("every user keeps a device");
}

static void check_histories(void)
{
    for (int user = 0; user < (int)world.users && !model_has_failed(); user++) {
        check_histories_of(device_that_reads(user), user);
    }
    model_check_stored();
}

static void check_end(void)
{
    world.is_calm = true;
    life_end_at("", 0);
    heap_fail_at(0, 0);
    heal_disk();
    kill_now(); // what was put out of service comes back by a start
    start();
    converge();
    for (int i = 0; i < devices_count() && !model_has_failed(); i++) {
        if (device_is_usable(i)) {
            device_check_shown(i);
        }
    }
    devices_check_revoked();
    check_histories();
}

static void prepare(const struct world_options *options)
{
    chance_init(&world.chance, options->seed, 6);
    world.is_calm = true;
    world.has_memory_faults = options->has_memory_faults;
    world.users = 2 + (unsigned)chance_below(&world.chance, USERS_MAX - 1);
    world.settings = (struct node_settings){
        .seed = options->seed,
        .partitions = (uint16_t)(1 + chance_below(&world.chance, 5)),
        .log_segment_bytes = chance_up_to(&world.chance, 20000),
        .log_tail_bytes_max = chance_up_to(&world.chance, 40000),
    };
    surroundings_init(options->seed);
    disk_init(options->seed);
    disk_vfs_seed(options->seed);
    model_reset(world.users);
    devices_reset(options->seed);
    heap_fail_at(0, 0);
    life_end_at("", 0);
    node_forget();
    start();
    for (unsigned user = 0; user < world.users && !model_has_failed(); user++) {
        devices_add_user((int)user);
    }
    settle();
    CHECK(model_has_failed() || devices_are_ready(world.users));
}

bool world_run(const struct world_options *options, struct world_counts *counts)
{
    world.counts = counts;
    counts->runs++;
    trace("seed %" PRIu64, options->seed);
    prepare(options);
    world.is_calm = false;
    for (unsigned i = 0; i < options->steps && !model_has_failed(); i++) {
        step();
        counts->steps++;
    }
    if (!model_has_failed()) {
        check_end();
    }
    // Once more from the disk alone, after the power is lost in all this quiet.
    if (!model_has_failed() && node_state() != NODE_DEAD) {
        node_kill();
        devices_break();
        disk_lose_power();
        counts->power_losses++;
        start();
        check_end();
    }
    if (node_state() != NODE_DEAD) {
        node_kill();
    }
    devices_break();
    disk_finish();
    return !model_has_failed();
}

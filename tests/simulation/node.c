// SPDX-License-Identifier: MIT
#include "tests/simulation/node.h"

#include <stdio.h>
#include <string.h>

#include "auth/hasher.h"
#include "cluster/cell.h"
#include "disk/directory.h"
#include "service/retention.h"
#include "service/service.h"
#include "session/poll.h"
#include "session/session.h"
#include "shared/clock.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/heap.h"
#include "tests/simulation/life.h"
#include "tests/simulation/surroundings.h"
#include "tests/simulation/workers.h"
#include "thread/worker.h"

#define NO_LIMIT 1000000000ULL

static struct {
    struct node_settings settings;
    struct data_directory directory;
    struct completions *completions;
    struct hasher *hasher;
    struct cell *cell;
    struct service service;
    struct session_set sessions;
    enum node_state state;
    bool is_awake; // there is something to deliver
    uint64_t lives;
    char reason[1200];
} node;

enum node_state node_state(void)
{
    return node.state;
}

const char *node_reason(void)
{
    return node.reason;
}

static void on_wake(void *context)
{
    (void)context;
    node.is_awake = true;
}

static void on_event(void *context, const struct record *record, const struct applied *applied,
        struct proposal *proposal)
{
    (void)context;
    service_on_event(&node.service, record, applied, proposal);
}

static void on_gather(void *context)
{
    (void)context;
    receipts_propose(node.service.receipts);
}

static void on_failed(void *context)
{
    (void)context;
    node.state = NODE_FAILED;
}

static void on_timed(void *context)
{
    (void)context;
}

static enum err make_service(void)
{
    const struct quotas quotas = {
        .meter = { NO_LIMIT, NO_LIMIT, NO_LIMIT },
        .devices_per_user = 100,
        .watches_per_user = 100,
    };
    enum err err = service_init(&node.service, node.cell, node.hasher, &quotas);

    if (err != ERR_OK) {
        return err;
    }
    node.service.generation = node.directory.generation;
    node.service.partition_count = node.directory.partition_count;
    node.service.server_name = "simulation";
    node.service.admin_users = "";
    node.service.data_path = "/";
    node.service.started_ms = clock_monotonic_ms();
    node.service.sessions = &node.sessions;
    session_set_init(&node.sessions, &node.service, on_timed, NULL);
    node.sessions.polls = poll_set_create(&node.sessions);
    return node.sessions.polls == NULL ? ERR_MEMORY : ERR_OK;
}

// In reverse order of start; also what is half there.
static void tear_down(void)
{
    poll_set_destroy(node.sessions.polls);
    hasher_destroy(node.hasher);
    if (node.completions != NULL) {
        completions_deliver(node.completions);
    }
    cell_destroy(node.cell);
    if (node.cell != NULL) {
        service_finish(&node.service);
    }
    completions_destroy(node.completions);
    data_directory_close(&node.directory);
}

static void start(void *context)
{
    const struct node_settings *settings = context;
    enum err err = data_directory_open(&node.directory, "/data", settings->partitions, node.reason,
            sizeof(node.reason));

    node.completions = completions_create(on_wake, NULL);
    if (err == ERR_OK && node.completions == NULL) {
        err = ERR_MEMORY;
    }
    if (err == ERR_OK) {
        err = hasher_create(node.completions, &node.hasher);
    }
    const struct cell_settings cell_settings = {
        .directory = &node.directory,
        .log_segment_bytes = settings->log_segment_bytes,
        .log_tail_bytes_max = settings->log_tail_bytes_max,
        .handlers = { NULL, on_event, on_gather, on_failed },
        .completions = node.completions,
    };
    if (err == ERR_OK) {
        err = cell_create(&cell_settings, &node.cell, node.reason, sizeof(node.reason));
    }
    if (err == ERR_OK) {
        err = make_service();
    }
    if (err != ERR_OK) {
        tear_down();
        return;
    }
    node.state = NODE_RUNNING;
}

static void bury(void)
{
    node.state = NODE_DEAD;
    links_break_all();
    disk_close_all();
}

static bool live(void (*work)(void *context), void *context)
{
    if (life_do(work, context)) {
        return true;
    }
    trace("  died at %s (%d)", life_death_point(), life_death());
    bury();
    return false;
}

void node_forget(void)
{
    CHECK(node.state == NODE_DEAD);
    memset(&node, 0, sizeof(node));
}

bool node_start(const struct node_settings *settings)
{
    uint64_t lives = node.lives + 1;

    memset(&node, 0, sizeof(node));
    node.lives = lives;
    node.settings = *settings;
    snprintf(node.reason, sizeof(node.reason), "out of memory");
    workers_reset(settings->seed, lives);
    surroundings_note_start();
    if (!live(start, &node.settings)) {
        snprintf(node.reason, sizeof(node.reason), "it died at %s", life_death_point());
        return false;
    }
    if (node.state != NODE_RUNNING) {
        heap_drop_process(); // what is left then is a leak, which exit(3) would hide as well
        bury();
        return false;
    }
    return true;
}

static void stop(void *context)
{
    (void)context;
    tear_down();
}

bool node_stop(void)
{
    bool is_whole = live(stop, NULL);

    if (is_whole) {
        heap_drop_process(); // calls that nobody waits for any more
        bury();
    }
    return is_whole;
}

void node_kill(void)
{
    heap_drop_process();
    bury();
}

static void on_flushed(void *context)
{
    (void)context;
    if (node.state == NODE_RUNNING) {
        node.state = NODE_FLUSHED;
    }
}

static void drain(void *context)
{
    (void)context;
    session_set_drain(&node.sessions, 1000);
    poll_set_drain(node.sessions.polls);
    session_set_close_all(&node.sessions);
    cell_flush_all(node.cell, on_flushed, NULL);
}

bool node_drain(void)
{
    return live(drain, NULL);
}

static void turn(void *context)
{
    (void)context;
    node.is_awake = false;
    completions_deliver(node.completions);
    retention_turn_end(node.service.retention);
    poll_set_turn_end(node.sessions.polls);
    cell_turn_end(node.cell);
    session_set_turn_end(&node.sessions);
}

bool node_turn(void)
{
    return live(turn, NULL);
}

static void work(void *context)
{
    *(bool *)context = workers_run_one();
}

bool node_work(bool *has_run)
{
    return live(work, has_run);
}

static void tick(void *context)
{
    int64_t now = clock_monotonic_ms();

    (void)context;
    (void)!session_set_tick(&node.sessions, now);
    (void)!retention_tick(node.service.retention);
    (void)!presence_tick(node.service.presence);
    (void)!poll_set_tick(node.sessions.polls, now);
}

bool node_tick(void)
{
    return live(tick, NULL);
}

bool node_is_idle(void)
{
    return !node.is_awake && !workers_have_work();
}

struct errand {
    struct net_link *link;
    const struct net_request *request;
    bool has_moved;
};

static void connect_link(void *context)
{
    const struct errand *errand = context;

    links_connect(errand->link, &node.sessions);
}

bool node_connect(struct net_link *link)
{
    return live(connect_link, &(struct errand){ .link = link });
}

static void move_up(void *context)
{
    struct errand *errand = context;

    errand->has_moved = links_move_up(errand->link);
}

bool node_move_up(struct net_link *link, bool *has_moved)
{
    struct errand errand = { .link = link };
    bool is_alive = live(move_up, &errand);

    *has_moved = errand.has_moved;
    return is_alive;
}

static void move_down(void *context)
{
    struct errand *errand = context;

    errand->has_moved = links_move_down(errand->link);
}

bool node_move_down(struct net_link *link, bool *has_moved)
{
    struct errand errand = { .link = link };
    bool is_alive = live(move_down, &errand);

    *has_moved = errand.has_moved;
    return is_alive;
}

static void cut(void *context)
{
    const struct errand *errand = context;

    links_cut(errand->link);
}

bool node_cut(struct net_link *link)
{
    return live(cut, &(struct errand){ .link = link });
}

static void request(void *context)
{
    const struct errand *errand = context;

    links_request(errand->link, &node.sessions, errand->request);
}

bool node_request(struct net_link *link, const struct net_request *what)
{
    return live(request, &(struct errand){ .link = link, .request = what });
}

static void alive(void *context)
{
    const struct errand *errand = context;

    session_alive(errand->link->peer);
}

bool node_alive(struct net_link *link)
{
    return live(alive, &(struct errand){ .link = link });
}

// SPDX-License-Identifier: MIT
// chatd: the server. This file sees every layer: it builds them bottom up, runs, and takes them
// down in the opposite order.

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "auth/hasher.h"
#include "cluster/cell.h"
#include "config.h"
#include "disk/database.h"
#include "disk/directory.h"
#include "net/loop.h"
#include "net/net.h"
#include "readiness.h"
#include "service/service.h"
#include "session/exchange.h"
#include "session/poll.h"
#include "session/session.h"
#include "session/session_set.h"
#include "shared/clock.h"
#include "shared/limits.h"
#include "shared/log.h"
#include "thread/worker.h"

#define DRAIN_MS_MAX 5000
#define FLUSH_MS_MAX 20000
#define RETRY_AFTER_MS 1000

enum stage { SERVING, DRAINING, FLUSHING, STOPPED };

struct chatd {
    struct config config;
    struct data_directory directory;
    struct loop *loop;
    struct completions *completions;
    struct hasher *hasher;
    struct cell *cell;
    struct service service;
    struct session_set sessions;
    struct net *net;
    enum stage stage;
    int64_t stage_ms; // when it was entered
    bool has_failed;
};

static void on_flushed(void *context)
{
    struct chatd *chatd = context;

    chatd->stage = STOPPED;
    loop_stop(chatd->loop);
}

static void enter(struct chatd *chatd, enum stage stage)
{
    chatd->stage = stage;
    chatd->stage_ms = clock_monotonic_ms();
    loop_tick_enable(chatd->loop, true);
}

static void flush(struct chatd *chatd)
{
    session_set_close_all(&chatd->sessions);
    enter(chatd, FLUSHING);
    cell_flush_all(chatd->cell, on_flushed, chatd);
}

static void drain(struct chatd *chatd)
{
    if (chatd->stage != SERVING) {
        return;
    }
    log_info("draining", "connections=%u", chatd->sessions.count);
    (void)readiness_tell("STOPPING=1\nSTATUS=draining");
    net_stop_accepting(chatd->net);
    session_set_drain(&chatd->sessions, RETRY_AFTER_MS);
    poll_set_drain(chatd->sessions.polls);
    enter(chatd, DRAINING);
}

static void on_wake(void *context)
{
    struct chatd *chatd = context;

    completions_deliver(chatd->completions);
}

static void on_turn_end(void *context)
{
    struct chatd *chatd = context;

    poll_set_turn_end(chatd->sessions.polls);
    if (chatd->stage == SERVING) {
        retention_turn_end(chatd->service.retention);
    }
    cell_turn_end(chatd->cell);
    session_set_turn_end(&chatd->sessions);
    if (chatd->stage == DRAINING && session_set_is_drained(&chatd->sessions)) {
        flush(chatd);
    }
}

static void on_tick(void *context)
{
    struct chatd *chatd = context;
    int64_t now = clock_monotonic_ms();
    bool has_sessions = session_set_tick(&chatd->sessions, now);
    bool has_present = presence_tick(chatd->service.presence);
    bool has_polls = poll_set_tick(chatd->sessions.polls, now);
    bool has_links = net_sweep(chatd->net, now);
    bool has_retention = chatd->stage == SERVING && retention_tick(chatd->service.retention);

    if (chatd->stage == DRAINING && now - chatd->stage_ms > DRAIN_MS_MAX) {
        flush(chatd);
    }
    if (chatd->stage == FLUSHING && now - chatd->stage_ms > FLUSH_MS_MAX) {
        log_warn("flush_unfinished", "fix=\"none needed: the next start reads the log\"");
        on_flushed(chatd);
    }
    if (!has_sessions && !has_present && !has_polls && !has_links && !has_retention &&
            chatd->stage == SERVING) {
        loop_tick_enable(chatd->loop, false);
    }
}

static bool has_tls(const struct chatd *chatd)
{
    return chatd->config.tls_certificate[0] != '\0';
}

static void reload_tls(struct chatd *chatd)
{
    char reason[1200];

    if (net_reload_tls(chatd->net, reason, sizeof(reason)) == ERR_OK) {
        log_info("tls_reloaded", "file=%s", chatd->config.tls_certificate);
    } else {
        log_error("tls_not_reloaded", "reason=\"%s\" fix=\"mend it, then SIGHUP again\"", reason);
    }
}

static void on_signal(void *context, int signal_number)
{
    struct chatd *chatd = context;

    if (signal_number != SIGHUP) {
        drain(chatd);
    } else if (has_tls(chatd)) {
        reload_tls(chatd);
    }
}

static void on_timed(void *context)
{
    struct chatd *chatd = context;

    loop_tick_enable(chatd->loop, true);
}

static void on_event(void *context, const struct record *record, const struct applied *applied,
        struct proposal *proposal)
{
    struct chatd *chatd = context;

    service_on_event(&chatd->service, record, applied, proposal);
}

static void on_gather(void *context)
{
    struct chatd *chatd = context;

    receipts_propose(chatd->service.receipts);
}

static void on_failed(void *context)
{
    struct chatd *chatd = context;

    log_error("log_failed", "fix=\"check the disk, then start chatd again\"");
    chatd->has_failed = true;
    chatd->stage = STOPPED;
    loop_stop(chatd->loop);
}

static void wake(void *context)
{
    loop_wake(context);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static enum err start_net(struct chatd *chatd, char *reason, size_t reason_bytes)
{
    char host[256];
    struct net_config config = {
        .host = host,
        .admin_path = chatd->config.admin_socket,
        .origins = chatd->config.origins[0] == '\0' ? NULL : chatd->config.origins,
        .frame_bytes_max_before = FRAME_BYTES_MAX_BEFORE,
        .frame_bytes_max_after = FRAME_BYTES_MAX_AFTER,
        .connections_max = (unsigned)chatd->config.connections_max,
        .strangers_max = (unsigned)chatd->config.connections_unauthenticated,
        .connections_per_source = (unsigned)chatd->config.connections_per_source,
        .is_loopback_exempt = strcmp(chatd->config.limit_loopback, "no") == 0,
        .tls_certificate = has_tls(chatd) ? chatd->config.tls_certificate : NULL,
        .tls_key = has_tls(chatd) ? chatd->config.tls_key : NULL,
    };
    const struct net_handlers handlers = {
        .context = &chatd->sessions,
        .ws_opened = session_open,
        .ws_message = session_message,
        .ws_alive = session_alive,
        .ws_next = session_next,
        .ws_closed = session_closed,
        .http_request = exchange_begin,
        .http_gone = exchange_gone,
    };

    CHECK(config_split_listen(chatd->config.listen, host, &config.port));
    return net_create(chatd->loop, &config, &handlers, reason, reason_bytes, &chatd->net);
}

static enum err start_storage(struct chatd *chatd, char *reason, size_t reason_bytes)
{
    const struct cell_settings settings = {
        .directory = &chatd->directory,
        .log_segment_bytes = chatd->config.log_segment_bytes,
        .log_tail_bytes_max = chatd->config.log_tail_max,
        .handlers = { chatd, on_event, on_gather, on_failed },
        .completions = chatd->completions,
    };
    enum err err = data_directory_open(&chatd->directory, chatd->config.data,
            (uint16_t)chatd->config.partitions, reason, reason_bytes);

    if (err != ERR_OK) {
        return err;
    }
    if (!data_directory_reserve_restore(&chatd->directory)) {
        log_warn("no_reserve", "path=%s/reserve fix=\"free some disk space\"",
                chatd->directory.path);
    }
    return cell_create(&settings, &chatd->cell, reason, reason_bytes);
}

static enum err start(struct chatd *chatd, char *reason, size_t reason_bytes)
{
    const struct loop_handlers handlers = { chatd, on_wake, on_turn_end, on_tick, on_signal };
    enum err err = loop_create(&handlers, &chatd->loop);

    if (err != ERR_OK) {
        snprintf(reason, reason_bytes, "cannot make an event loop");
        return err;
    }
    database_global_init();
    chatd->completions = completions_create(wake, chatd->loop);
    err = chatd->completions == NULL ? ERR_MEMORY
                                     : hasher_create(chatd->completions, &chatd->hasher);
    if (err == ERR_OK) {
        err = start_storage(chatd, reason, reason_bytes);
    }
    if (err == ERR_OK) {
        const struct quotas quotas = {
            .meter = { chatd->config.messages_per_second, chatd->config.bytes_per_day,
                    chatd->config.stored_bytes_per_user },
            .devices_per_user = chatd->config.devices_per_user,
            .watches_per_user = chatd->config.watches_per_user,
            .retention_s = chatd->config.retention_s,
        };
        err = service_init(&chatd->service, chatd->cell, chatd->hasher, &quotas);
    }
    if (err != ERR_OK) {
        return err;
    }
    chatd->service.generation = chatd->directory.generation;
    chatd->service.partition_count = chatd->directory.partition_count;
    chatd->service.server_name = chatd->config.server_name;
    chatd->service.admin_users = chatd->config.admin_users;
    chatd->service.data_path = chatd->directory.path;
    chatd->service.started_ms = clock_monotonic_ms();
    chatd->service.sessions = &chatd->sessions;
    chatd->service.registration = strcmp(chatd->config.registration, "open") == 0
            ? REGISTRATION_OPEN
            : strcmp(chatd->config.registration, "invite") == 0 ? REGISTRATION_INVITE
                                                                : REGISTRATION_CLOSED;
    session_set_init(&chatd->sessions, &chatd->service, on_timed, chatd);
    chatd->sessions.polls = poll_set_create(&chatd->sessions);
    if (chatd->sessions.polls == NULL) {
        return ERR_MEMORY;
    }
    return start_net(chatd, reason, reason_bytes);
}

static void stop(struct chatd *chatd)
{
    net_destroy(chatd->net);
    poll_set_destroy(chatd->sessions.polls);
    hasher_destroy(chatd->hasher);
    if (chatd->completions != NULL) {
        completions_deliver(chatd->completions);
    }
    cell_destroy(chatd->cell);
    if (chatd->cell != NULL) {
        service_finish(&chatd->service);
    }
    completions_destroy(chatd->completions);
    loop_destroy(chatd->loop);
    data_directory_close(&chatd->directory);
}

static void announce(const struct chatd *chatd)
{
    char host[256];
    uint16_t port;

    CHECK(config_split_listen(chatd->config.listen, host, &port));
    log_info("memory_bounds",
            "log_tail_mb=%" PRIu64 " buffers_mb_max=%" PRIu64
            " cache_mb_max=%ld connections_max=%" PRIu64 " window_kb_max=%d",
            chatd->config.log_tail_max >> 20, chatd->config.log_tail_max * 2 * 4 >> 20,
            RECENT_BYTES_MAX >> 20, chatd->config.connections_max, WINDOW_BYTES >> 10);
    printf(strchr(host, ':') != NULL ? "ready listen=[%s]:%u admin=%s pid=%ld%s\n"
                                     : "ready listen=%s:%u admin=%s pid=%ld%s\n",
            host, net_port(chatd->net), chatd->config.admin_socket, (long)getpid(),
            has_tls(chatd) ? " tls=yes" : "");
    fflush(stdout);
    (void)readiness_tell("READY=1\nSTATUS=serving");
}

static int serve(struct chatd *chatd)
{
    char reason[1200] = "out of memory";

    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    enum err err = start(chatd, reason, sizeof(reason));
    if (err != ERR_OK) {
        fprintf(stderr, "chatd: %s\n", reason);
        stop(chatd);
        return 1;
    }
    announce(chatd);
    loop_tick_enable(chatd->loop, true); // retention looks at what there is
    loop_run(chatd->loop);
    stop(chatd);
    log_info("stopped", "clean=%d", !chatd->has_failed);
    return chatd->has_failed ? 1 : 0;
}

static int check(const struct chatd *chatd)
{
    char reason[1200];

    if (has_tls(chatd) &&
            net_check_tls(chatd->config.tls_certificate, chatd->config.tls_key, reason,
                    sizeof(reason)) != ERR_OK) {
        fprintf(stderr, "chatd: %s\n", reason);
        return 2;
    }
    printf("chatd: the configuration is good\n");
    return 0;
}

static void set_log_level(const char *word)
{
    static const char *const words[] = { "error", "warn", "info", "debug" };

    for (unsigned i = 0; i < 4; i++) {
        if (strcmp(word, words[i]) == 0) {
            log_set_level((enum log_level)i);
        }
    }
}

int main(int argc, char **argv)
{
    static struct chatd chatd = { .directory = { .lock_fd = -1, .places.known_fd = -1 } };
    enum config_action action;
    char reason[1000] = "";

    if (config_load(&chatd.config, argc, argv, &action, reason, sizeof(reason)) != ERR_OK) {
        fprintf(stderr, "chatd: %s\n", reason);
        return 2;
    }
    set_log_level(chatd.config.log_level);
    switch (action) {
    case CONFIG_SERVE:
        return serve(&chatd);
    case CONFIG_CHECK:
        return check(&chatd);
    case CONFIG_PRINT:
        config_print(stdout);
        return 0;
    case CONFIG_HELP:
        config_help(stdout);
        return 0;
    case CONFIG_VERSION:
        printf("chatd %s\n", CHAT_VERSION);
        return 0;
    }
    return 2;
}

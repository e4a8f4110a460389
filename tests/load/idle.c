// SPDX-License-Identifier: MIT
// Holds authenticated, subscribed connections on which nothing happens: what one costs in memory,
// and all of them in CPU.

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/load/crew.h"
#include "tests/load/options.h"
#include "tests/load/report.h"

static volatile sig_atomic_t is_stopped;

static void on_signal(int number)
{
    (void)number;
    is_stopped = 1;
}

// Standard input has ended, or its reader was told to stop.
static bool input_ended(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    char byte;

    return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

static void settle(struct crew *crew, double seconds)
{
    uint64_t until = clock_ns() + (uint64_t)(seconds * 1e9);

    while (clock_ns() < until && !is_stopped) {
        ws_loop_turn(&crew->loop, 50000000);
    }
}

static void hold(struct crew *crew)
{
    while (!is_stopped && !input_ended()) {
        ws_loop_turn(&crew->loop, 100000000);
    }
}

static void report(const struct crew *crew, const struct stretch *logins,
        const struct stretch *quiet, bool is_final)
{
    double grown = (double)logins->server.rss_bytes - (double)logins->server_before.rss_bytes;

    report_open("idle");
    report_count("connections", crew->ready);
    report_word("state", is_final ? "done" : "holding");
    report_figure("login_s", logins->seconds);
    if (logins->has_server) {
        report_figure("rss_bytes_per_connection", grown / crew->count);
        report_figure("server_cpu_percent",
                100 * (quiet->server.cpu_seconds - quiet->server_before.cpu_seconds) /
                        quiet->seconds);
    }
    report_stretch(quiet, crew->count, "connection");
    report_count("lost", crew->gone);
    report_count("errors", crew->errors);
    report_close();
}

int idle_run(const struct options *options)
{
    static struct crew crew;
    struct stretch logins, quiet;
    struct sigaction action = { .sa_handler = on_signal };

    sigaction(SIGTERM, &action, NULL);
    if (!crew_open(&crew, options->server, options->tokens, options->connections)) {
        return 1;
    }
    if (crew.token_count < crew.count) {
        fprintf(stderr, "chat-load: %u connections need %u tokens\n", crew.count, crew.count);
        return 1;
    }
    crew.from = options->from == NULL ? "now" : options->from;
    crew.parallel = options->parallel;
    stretch_start(&logins, options->pid);
    if (!crew_muster(&crew, 300)) {
        return 1;
    }
    stretch_stop(&logins);
    settle(&crew, options->warmup);
    struct stretch settled = logins;
    stretch_stop(&settled);
    logins.server = settled.server;
    stretch_start(&quiet, options->pid);
    settle(&crew, options->seconds);
    stretch_stop(&quiet);
    report(&crew, &logins, &quiet, !options->hold);
    if (options->hold) {
        hold(&crew);
        stretch_stop(&quiet);
        report(&crew, &logins, &quiet, true);
    }
    int code = crew.errors == 0 && crew.gone == 0 ? 0 : 1;
    crew_close(&crew);
    return code;
}

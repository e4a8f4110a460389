// SPDX-License-Identifier: MIT
// The ceiling of the transport: messages to a server that only sends them back (net_echo), with
// the same client code as the other modes.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/load/options.h"
#include "tests/load/put.h"
#include "tests/load/report.h"
#include "tests/load/texts.h"
#include "tests/load/ws_client.h"

struct echoer {
    struct ws_client client; // first: handlers get the client and want the echoer
    uint64_t sent_ns;        // of the newest one; with a window of 1 the only one
    unsigned unanswered;
};

static struct run {
    const struct options *options;
    struct ws_loop loop;
    struct echoer *echoers;
    unsigned open;
    bool is_sending;
    uint64_t echoes, wrong;
    struct histogram latency;
    char text[TEXT_BYTES_MAX];
} run;

static void send_what_may(struct echoer *echoer)
{
    while (run.is_sending && echoer->unanswered < run.options->window) {
        char *at = ws_client_reserve(&echoer->client, run.options->bytes);
        memcpy(at, run.text, run.options->bytes);
        ws_client_commit(&echoer->client, run.options->bytes);
        if (echoer->unanswered++ == 0) {
            echoer->sent_ns = clock_ns();
        }
    }
}

static void on_opened(struct ws_client *client)
{
    (void)client;
    run.open++;
}

static void on_message(struct ws_client *client, const char *text, size_t bytes)
{
    struct echoer *echoer = (struct echoer *)client;

    if (bytes != run.options->bytes || memcmp(text, run.text, bytes) != 0) {
        run.wrong++;
    }
    run.echoes++;
    echoer->unanswered--;
    histogram_add(&run.latency, clock_ns() - echoer->sent_ns);
    echoer->sent_ns = clock_ns();
    send_what_may(echoer);
}

static void on_closed(struct ws_client *client, const char *why)
{
    (void)client;
    if (run.is_sending) {
        fprintf(stderr, "chat-load: %s\n", why);
        run.wrong++;
    }
}

static bool turn_until(uint64_t until, unsigned open)
{
    while (clock_ns() < until && run.open < open && run.wrong == 0) {
        ws_loop_turn(&run.loop, 10000000);
    }
    return run.open >= open;
}

int echo_run(const struct options *options)
{
    const struct ws_handlers handlers = { on_opened, on_message, on_closed };
    unsigned count = options->connections == 0 ? 1 : options->connections;
    struct stretch stretch;

    run.options = options;
    texts_init();
    texts_put(run.text, 0, 1, options->bytes);
    run.echoers = calloc(count, sizeof *run.echoers);
    if (run.echoers == NULL || !ws_loop_open(&run.loop, options->server, handlers)) {
        return 1;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!ws_client_open(&run.loop, &run.echoers[i].client)) {
            return 1;
        }
    }
    if (!turn_until(clock_ns() + 30000000000, count)) {
        fprintf(stderr, "chat-load: %u of %u connections are open\n", run.open, count);
        return 1;
    }
    run.is_sending = true;
    stretch_start(&stretch, options->pid);
    for (unsigned i = 0; i < count; i++) {
        send_what_may(&run.echoers[i]);
    }
    (void)turn_until(clock_ns() + (uint64_t)(options->seconds * 1e9), count + 1);
    stretch_stop(&stretch);
    run.is_sending = false;
    report_open("echo");
    report_count("connections", count);
    report_count("window", options->window);
    report_count("echoes", run.echoes);
    report_figure("echoes_per_s", (double)run.echoes / stretch.seconds);
    if (options->window == 1) {
        report_latency("echo", &run.latency);
    }
    report_stretch(&stretch, run.echoes, "echo");
    report_count("wrong", run.wrong);
    report_close();
    ws_loop_close(&run.loop);
    free(run.echoers);
    return run.wrong == 0 && run.echoes > 0 ? 0 : 1;
}

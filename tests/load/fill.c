// SPDX-License-Identifier: MIT
// Prepares data: the even users of the token file each send many messages to their neighbour, as
// fast as the server answers them, or at a rate.

#include <stdio.h>
#include <stdlib.h>

#include "tests/load/crew.h"
#include "tests/load/options.h"
#include "tests/load/procstat.h"
#include "tests/load/report.h"
#include "tests/load/texts.h"

// More at once only makes the server say that it is busy.
enum { IN_FLIGHT_MAX = 6400 };

struct filler {
    struct session *session;
    const char *peer;
    uint64_t first, last;
    uint64_t answered; // answers come in order: the newest number that was
    uint64_t seq;
};

struct run {
    const struct options *options;
    struct crew crew;
    struct filler *fillers;
    unsigned count;
    unsigned window; // of each, so that all together stay below IN_FLIGHT_MAX
    uint64_t answered;
    uint64_t start_ns;
};

// How many each may have sent by now.
static uint64_t due(const struct run *run)
{
    const struct options *options = run->options;
    double seconds = (double)(clock_ns() - run->start_ns) / 1e9;
    double count = seconds * options->rate / run->count;

    return options->rate > 0 && count < (double)options->messages ? (uint64_t)count
                                                                  : options->messages;
}

static void send_what_may(struct run *run, struct filler *filler)
{
    const struct options *options = run->options;
    uint64_t may = due(run);

    while (filler->last - filler->answered < run->window && filler->last - filler->first < may) {
        char *start = ws_client_reserve(&filler->session->client, options->bytes + 256);
        char *at = put_text(start,
                "{\"jsonrpc\":\"2.0\",\"method\":\"message.send\",\"params\":{\"to\":\"");

        filler->last++;
        at = put_text(at, filler->peer);
        at = put_text(at, "\",\"counter\":");
        at = put_number(at, filler->last);
        at = put_text(at, ",\"text\":\"");
        at = texts_put(at, filler->session->index, filler->last, options->bytes);
        at = put_text(at, "\"},\"id\":");
        at = put_number(at, CREW_ID_FREE + filler->last);
        at = put_text(at, "}");
        ws_client_commit(&filler->session->client, (size_t)(at - start));
    }
}

static void on_message(void *context, struct session *session, const struct json_rpc *rpc)
{
    struct run *run = context;

    if (!rpc->has_id || session->index % 2 != 0) {
        return;
    }
    struct filler *filler = &run->fillers[session->index / 2];
    uint64_t number = rpc->id - CREW_ID_FREE;
    uint64_t seq = json_number(json_member(rpc->result, "seq"));
    if (rpc->result.at == NULL || number != filler->answered + 1 || seq <= filler->seq) {
        crew_error(&run->crew, session,
                "refused or out of order:", rpc->result.at == NULL ? rpc->error : rpc->result);
    }
    filler->answered = number;
    filler->seq = seq;
    run->answered++;
    send_what_may(run, filler);
}

static void prepare(struct run *run)
{
    run->fillers = calloc(run->count, sizeof *run->fillers);
    CHECK(run->fillers != NULL);
    for (unsigned i = 0; i < run->count; i++) {
        struct filler *filler = &run->fillers[i];
        filler->session = &run->crew.sessions[(size_t)2 * i];
        filler->peer = run->crew.sessions[2 * i + 1].token->user;
        filler->first = filler->last = filler->answered = filler->session->counter;
    }
}

int fill_run(const struct options *options)
{
    static struct run run;
    struct stretch stretch;

    texts_init();
    run.options = options;
    run.count = options->pairs;
    run.window = options->window * run.count > IN_FLIGHT_MAX ? IN_FLIGHT_MAX / run.count
                                                             : options->window;
    run.window = run.window > 0 ? run.window : 1;
    if (!crew_open(&run.crew, options->server, options->tokens, 2 * run.count)) {
        return 1;
    }
    run.crew.context = &run;
    run.crew.message = on_message;
    run.crew.parallel = options->parallel;
    if (!crew_muster(&run.crew, 120)) {
        return 1;
    }
    prepare(&run);
    stretch_start(&stretch, options->pid);
    run.start_ns = clock_ns();
    while (run.answered < options->messages * run.count && run.crew.errors == 0) {
        for (unsigned i = 0; i < run.count; i++) {
            send_what_may(&run, &run.fillers[i]);
        }
        ws_loop_turn(&run.crew.loop, options->rate > 0 ? 1000000 : 100000000);
    }
    stretch_stop(&stretch);
    report_open("fill");
    report_count("conversations", run.count);
    report_count("msgs", run.answered);
    report_figure("msgs_per_s", (double)run.answered / stretch.seconds);
    report_count("last_seq", run.fillers[0].seq);
    report_stretch(&stretch, run.answered, "msg");
    report_count("errors", run.crew.errors);
    report_close();
    free(run.fillers);
    int code = run.crew.errors == 0 ? 0 : 1;
    crew_close(&run.crew);
    return code;
}

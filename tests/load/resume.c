// SPDX-License-Identifier: MIT
// A reconnect storm: every token connects, resumes and subscribes; how long until all are back.

#include "tests/load/crew.h"
#include "tests/load/options.h"
#include "tests/load/report.h"

struct run {
    struct crew crew;
    uint64_t events;
};

static void on_message(void *context, struct session *session, const struct json_rpc *rpc)
{
    struct run *run = context;

    (void)session;
    if (rpc->method.at != NULL) {
        run->events++;
    }
}

int resume_run(const struct options *options)
{
    static struct run run;
    struct stretch stretch;

    if (!crew_open(&run.crew, options->server, options->tokens, options->connections)) {
        return 1;
    }
    run.crew.from = options->from == NULL ? "unread" : options->from;
    run.crew.parallel = options->parallel;
    run.crew.context = &run;
    run.crew.message = on_message;
    stretch_start(&stretch, options->pid);
    bool is_good = crew_muster(&run.crew, 300);
    stretch_stop(&stretch);
    report_open("resume");
    report_count("connections", run.crew.ready);
    report_figure("all_subscribed_s", stretch.seconds);
    report_figure("logins_per_s", (double)run.crew.ready / stretch.seconds);
    report_latency("login", &run.crew.logins);
    report_count("events", run.events);
    report_stretch(&stretch, run.crew.ready, "login");
    report_count("errors", run.crew.errors);
    report_close();
    is_good = is_good && run.crew.errors == 0;
    crew_close(&run.crew);
    return is_good ? 0 : 1;
}

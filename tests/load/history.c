// SPDX-License-Identifier: MIT
// Reads pages of history: the newest one, or pages anywhere in the conversation.

#include <stdio.h>
#include <stdlib.h>

#include "tests/load/crew.h"
#include "tests/load/options.h"
#include "tests/load/report.h"

// Looking into a page costs more than the server may need to send it: each eighth is checked.
enum { WINDOW_MAX = 256, CHECK_EVERY = 8 };

struct reader {
    struct session *session;
    const char *peer;
    uint64_t head_seq;            // 0 until the first page
    uint64_t next;                // number of the next request
    uint64_t sent_ns[WINDOW_MAX]; // by number
    uint64_t before[WINDOW_MAX];  // what was asked for, 0: the newest
    unsigned unanswered;
};

struct run {
    const struct options *options;
    struct crew crew;
    struct reader *readers;
    uint64_t random;
    uint64_t pages, bytes, wrong;
    unsigned known; // readers that know their head
    bool is_reading;
    struct histogram latency;
};

static uint64_t next_random(struct run *run)
{
    run->random ^= run->random << 13;
    run->random ^= run->random >> 7;
    run->random ^= run->random << 17;
    return run->random;
}

static void ask(struct run *run, struct reader *reader)
{
    char *start = ws_client_reserve(&reader->session->client, 256);
    char *at = put_text(start,
            "{\"jsonrpc\":\"2.0\",\"method\":\"history.get\",\"params\":{\"peer\":\"");
    uint64_t slot = reader->next % WINDOW_MAX, before = 0;

    at = put_text(at, reader->peer);
    at = put_text(at, "\",\"limit\":");
    at = put_number(at, run->options->limit);
    if (run->options->spread && reader->head_seq > run->options->limit) {
        before = run->options->limit + 1 +
                next_random(run) % (reader->head_seq - run->options->limit);
        at = put_text(at, ",\"before\":");
        at = put_number(at, before);
    }
    at = put_text(at, "},\"id\":");
    at = put_number(at, CREW_ID_FREE + reader->next);
    at = put_text(at, "}");
    ws_client_commit(&reader->session->client, (size_t)(at - start));
    reader->sent_ns[slot] = clock_ns();
    reader->before[slot] = before;
    reader->next++;
    reader->unanswered++;
}

// A page must be whole: the asked number of messages, each seq one more than the last, ending
// right below what was asked for.
static bool check_page(const struct run *run, struct json_span messages, uint64_t head,
        uint64_t before)
{
    struct json_scan scan = json_scan_start(messages);
    struct json_span message;
    uint64_t last = 0, count = 0, wanted = run->options->limit < head ? run->options->limit : head;

    for (; json_scan_element(&scan, &message); count++) {
        uint64_t seq = json_number(json_member(message, "seq"));
        if (count > 0 && seq != last + 1) {
            return false;
        }
        last = seq;
    }
    return count == wanted && last == (before == 0 ? head : before - 1);
}

static void take_page(struct run *run, struct reader *reader, struct json_span result,
        uint64_t before)
{
    struct json_scan scan = json_scan_start(result);
    struct json_span key, value, messages = { NULL, 0 };
    uint64_t head = 0;

    while (json_scan_member(&scan, &key, &value)) {
        if (json_is(key, "messages")) {
            messages = value;
        } else if (json_is(key, "head_seq")) {
            head = json_number(value);
        }
    }
    if (!check_page(run, messages, head, before)) {
        run->wrong++;
        crew_error(&run->crew, reader->session, "not the page that was asked for:", result);
    }
    run->known += reader->head_seq == 0 && head > 0;
    reader->head_seq = head;
}

static void on_message(void *context, struct session *session, const struct json_rpc *rpc)
{
    struct run *run = context;

    if (!rpc->has_id || run->readers == NULL) {
        return;
    }
    struct reader *reader = &run->readers[session->index];
    uint64_t number = rpc->id - CREW_ID_FREE, slot = number % WINDOW_MAX;
    if (rpc->result.at == NULL) {
        crew_error(&run->crew, session, "refused:", rpc->error);
    } else if (number % CHECK_EVERY == 0) {
        take_page(run, reader, rpc->result, reader->before[slot]);
    }
    reader->unanswered--;
    run->pages++;
    run->bytes += rpc->result.bytes;
    histogram_add(&run->latency, clock_ns() - reader->sent_ns[slot]);
    while (run->is_reading && reader->unanswered < run->options->window) {
        ask(run, reader);
    }
}

static void turn_until(struct run *run, uint64_t until)
{
    while (clock_ns() < until && run->crew.gone == 0) {
        ws_loop_turn(&run->crew.loop, 10000000);
    }
}

static void prepare(struct run *run)
{
    struct reader *readers = calloc(run->crew.count, sizeof *readers);

    CHECK(readers != NULL);
    for (unsigned i = 0; i < run->crew.count; i++) {
        unsigned neighbour = (i % run->crew.token_count) ^ 1;
        readers[i].session = &run->crew.sessions[i];
        readers[i].peer = run->options->peer != NULL
                ? run->options->peer
                : run->crew.tokens[neighbour < run->crew.token_count ? neighbour : 0].user;
    }
    run->readers = readers;
    run->random = 0x2545f4914f6cdd1d;
}

// One page each, so that everybody knows how long its conversation is.
static bool learn_heads(struct run *run)
{
    uint64_t until = clock_ns() + 10000000000;

    for (unsigned i = 0; i < run->crew.count; i++) {
        ask(run, &run->readers[i]);
    }
    while (run->pages < run->crew.count && run->crew.errors == 0 && clock_ns() < until) {
        ws_loop_turn(&run->crew.loop, 10000000);
    }
    if (run->known < run->crew.count) {
        fprintf(stderr, "chat-load: %u of %u conversations have messages\n", run->known,
                run->crew.count);
    }
    return run->known == run->crew.count;
}

static void read_pages(struct run *run, double seconds)
{
    run->is_reading = true;
    for (unsigned i = 0; i < run->crew.count; i++) {
        while (run->readers[i].unanswered < run->options->window) {
            ask(run, &run->readers[i]);
        }
    }
    turn_until(run, clock_ns() + (uint64_t)(seconds * 1e9));
}

static void report(const struct run *run, const struct stretch *stretch)
{
    report_open("history");
    report_count("connections", run->crew.count);
    report_count("window", run->options->window);
    report_word("pages_at", run->options->spread ? "random" : "newest");
    report_count("limit", run->options->limit);
    report_count("head_seq", run->readers[0].head_seq);
    report_count("fetches", run->pages);
    report_figure("fetches_per_s", (double)run->pages / stretch->seconds);
    report_count("bytes", run->bytes);
    report_latency("fetch", &run->latency);
    report_stretch(stretch, run->pages, "fetch");
    report_count("wrong", run->wrong);
    report_count("errors", run->crew.errors);
    report_close();
}

static void measure(struct run *run)
{
    struct stretch stretch;

    read_pages(run, run->options->warmup);
    histogram_clear(&run->latency);
    run->pages = run->bytes = 0;
    stretch_start(&stretch, run->options->pid);
    read_pages(run, run->options->seconds);
    stretch_stop(&stretch);
    report(run, &stretch);
}

int history_run(const struct options *options)
{
    static struct run run;

    run.options = options;
    if (options->window > WINDOW_MAX) {
        fprintf(stderr, "chat-load: history has a window of at most %d\n", WINDOW_MAX);
        return 1;
    }
    if (!crew_open(&run.crew, options->server, options->tokens, options->connections)) {
        return 1;
    }
    run.crew.parallel = options->parallel;
    run.crew.context = &run;
    run.crew.message = on_message;
    if (!crew_muster(&run.crew, 120)) {
        return 1;
    }
    prepare(&run);
    if (!learn_heads(&run)) {
        return 1;
    }
    measure(&run);
    int code = run.crew.errors == 0 ? 0 : 1;
    crew_close(&run.crew);
    free(run.readers);
    return code;
}

// SPDX-License-Identifier: MIT
// Users 2i and 2i+1 of the token file talk to each other, both ways: a closed loop (a window of
// sends without an answer) or an open one (sends at planned times, latency counted from the plan).
// Every text, its order and its count are checked.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/load/crew.h"
#include "tests/load/options.h"
#include "tests/load/report.h"
#include "tests/load/texts.h"

// Sends of one user that are still without answer or not yet received by the other: at most this.
enum { SLOT_COUNT = 4096, ACK_BYTES = 64 * 1024 };

// The final acknowledgements must be answered within this.
#define FINAL_ACK_NS 5000000000ULL

struct slot {
    uint64_t sent_ns; // or planned
    bool is_unanswered;
    bool is_unreceived;
};

// The sequence numbers that one user has seen in its conversation: together with their sum they
// prove that there is no hole and none twice.
struct seen {
    uint64_t count, lowest, highest, sum;
};

struct talker {
    struct session *session;
    struct slot *slots;
    char prefix[160]; // of each send, up to the counter
    size_t prefix_bytes;
    uint64_t first; // numbers sent are first + 1 ... last
    uint64_t last;
    uint64_t received; // highest number that came from the other
    unsigned unanswered;
    unsigned unacked_events;
    size_t unacked_bytes;
    uint64_t seq_answered, seq_received, seq_delivered;
    struct seen seen;
};

struct run {
    const struct options *options;
    struct crew crew;
    struct talker *talkers;
    unsigned count;
    bool is_sending;
    uint64_t plan_start_ns;
    uint64_t plan_next; // open loop: how many of the planned sends have come due
    uint64_t unanswered, unreceived;
    uint64_t sent, answered, delivered;
    uint64_t lost, doubled, misordered, refused, holes;
    struct histogram answer, receive;
};

static struct talker *other(struct run *run, const struct talker *talker)
{
    return &run->talkers[talker->session->index ^ 1];
}

static struct slot *slot_of(const struct talker *talker, uint64_t number)
{
    return &talker->slots[number % SLOT_COUNT];
}

static bool can_send(const struct talker *talker)
{
    const struct slot *slot = slot_of(talker, talker->last + 1);

    return !slot->is_unanswered && !slot->is_unreceived;
}

static void send_next(struct run *run, struct talker *talker, uint64_t sent_ns)
{
    size_t bytes = run->options->bytes;
    uint64_t number = ++talker->last;
    char *start = ws_client_reserve(&talker->session->client, sizeof talker->prefix + bytes + 96);
    char *at = put_bytes(start, talker->prefix, talker->prefix_bytes);

    at = put_number(at, number);
    at = put_text(at, ",\"text\":\"");
    at = texts_put(at, talker->session->index, number, bytes);
    at = put_text(at, "\"},\"id\":");
    at = put_number(at, CREW_ID_FREE + number);
    at = put_text(at, "}");
    ws_client_commit(&talker->session->client, (size_t)(at - start));
    *slot_of(talker, number) = (struct slot){ sent_ns, true, true };
    talker->unanswered++;
    run->unanswered++;
    run->unreceived++;
    run->sent++;
}

// When this user's next message is planned in an open loop.
static uint64_t planned_ns(const struct run *run, const struct talker *talker)
{
    uint64_t turn = (talker->last - talker->first) * run->count + talker->session->index;

    return run->plan_start_ns + (uint64_t)((double)turn * 1e9 / run->options->rate);
}

static void send_what_may(struct run *run, struct talker *talker)
{
    uint64_t now = clock_ns();

    if (!run->is_sending) {
        return;
    }
    if (run->options->rate > 0) {
        while (planned_ns(run, talker) <= now && can_send(talker)) {
            send_next(run, talker, planned_ns(run, talker));
        }
        return;
    }
    while (talker->unanswered < run->options->window && can_send(talker)) {
        send_next(run, talker, now);
    }
}

static void see(struct run *run, struct talker *talker, uint64_t *newest, uint64_t seq)
{
    struct seen *seen = &talker->seen;

    if (seq <= *newest) {
        run->misordered++;
    }
    *newest = seq;
    seen->lowest = seen->count == 0 || seq < seen->lowest ? seq : seen->lowest;
    seen->highest = seq > seen->highest ? seq : seen->highest;
    seen->sum += seq;
    seen->count++;
}

static void on_answer(struct run *run, struct talker *talker, const struct json_rpc *rpc)
{
    uint64_t number = rpc->id - CREW_ID_FREE;
    struct slot *slot = slot_of(talker, number);

    if (number <= talker->first || number > talker->last || !slot->is_unanswered) {
        crew_error(&run->crew, talker->session, "an answer to nothing", rpc->result);
        return;
    }
    slot->is_unanswered = false;
    talker->unanswered--;
    run->unanswered--;
    if (rpc->result.at == NULL) {
        crew_error(&run->crew, talker->session, "send refused:", rpc->error);
        run->refused++;
        run->unreceived -= slot->is_unreceived;
        slot->is_unreceived = false;
        return;
    }
    if (json_member(rpc->result, "duplicate").at != NULL) {
        crew_error(&run->crew, talker->session, "somebody else sends as this device:", rpc->result);
    }
    run->answered++;
    histogram_add(&run->answer, clock_ns() - slot->sent_ns);
    see(run, talker, &talker->seq_answered, json_number(json_member(rpc->result, "seq")));
    send_what_may(run, talker);
}

// The checks of one received text.
static void take_text(struct run *run, struct talker *talker, struct json_span text, uint64_t seq)
{
    struct talker *sender = other(run, talker);
    uint64_t number;

    if (!texts_check(text, sender->session->index, &number) || number > sender->last ||
            number <= sender->first) {
        crew_error(&run->crew, talker->session, "a text that nobody sent:", text);
        return;
    }
    struct slot *slot = slot_of(sender, number);
    if (number + SLOT_COUNT <= sender->last || !slot->is_unreceived) {
        run->doubled++;
        return;
    }
    if (number < talker->received) {
        run->misordered++;
    } else {
        talker->received = number;
    }
    slot->is_unreceived = false;
    run->unreceived--;
    run->delivered++;
    histogram_add(&run->receive, clock_ns() - slot->sent_ns);
    see(run, talker, &talker->seq_received, seq);
    send_what_may(run, sender);
}

static void on_text(struct run *run, struct talker *talker, struct json_span params)
{
    struct json_scan scan = json_scan_start(params);
    struct json_span key, value, text = { NULL, 0 }, cursor = text, peer = text, from = text;
    uint64_t seq = 0;

    while (json_scan_member(&scan, &key, &value)) {
        if (json_is(key, "text")) {
            text = json_text(value);
        } else if (json_is(key, "seq")) {
            seq = json_number(value);
        } else if (json_is(key, "cursor")) {
            cursor = value;
        } else if (json_is(key, "peer")) {
            peer = json_text(value);
        } else if (json_is(key, "from")) {
            from = json_text(value);
        }
    }
    const char *name = other(run, talker)->session->token->user;
    if (!json_is(peer, name) || !json_is(from, name)) {
        crew_error(&run->crew, talker->session, "a message of a stranger:", params);
    }
    crew_note_cursor(talker->session, cursor);
    take_text(run, talker, text, seq);
}

static void on_other_event(struct run *run, struct talker *talker, const struct json_rpc *rpc,
        struct json_span cursor)
{
    crew_note_cursor(talker->session, cursor);
    if (json_is(rpc->method, "receipt")) {
        uint64_t delivered = json_number(json_member(rpc->params, "delivered_seq"));
        if (delivered != 0 && delivered < talker->seq_delivered) {
            crew_error(&run->crew, talker->session, "delivered went back:", rpc->params);
        }
        talker->seq_delivered = delivered != 0 ? delivered : talker->seq_delivered;
    }
}

static void acknowledge(struct run *run, struct talker *talker)
{
    unsigned every = run->options->ack_every;

    if (every == 0) {
        every = talker->session->window_events / 4;
    }
    if (talker->unacked_events >= every || talker->unacked_bytes >= ACK_BYTES) {
        crew_ack(talker->session, false);
        talker->unacked_events = 0;
        talker->unacked_bytes = 0;
    }
}

static void on_message(void *context, struct session *session, const struct json_rpc *rpc)
{
    struct run *run = context;

    if (run->talkers == NULL) {
        return;
    }
    struct talker *talker = &run->talkers[session->index];
    if (rpc->has_id) {
        on_answer(run, talker, rpc);
        return;
    }
    if (json_is(rpc->method, "message")) {
        on_text(run, talker, rpc->params);
    } else {
        struct json_span cursor = json_member(rpc->params, "cursor");
        if (cursor.at == NULL) {
            return;
        }
        on_other_event(run, talker, rpc, cursor);
    }
    talker->unacked_events++;
    talker->unacked_bytes += rpc->params.bytes;
    acknowledge(run, talker);
}

static void prepare(struct run *run)
{
    struct talker *talkers = calloc(run->count, sizeof *talkers);

    CHECK(talkers != NULL);
    for (unsigned i = 0; i < run->count; i++) {
        struct talker *talker = &talkers[i];
        talker->session = &run->crew.sessions[i];
        talker->slots = calloc(SLOT_COUNT, sizeof *talker->slots);
        CHECK(talker->slots != NULL);
        talker->first = talker->last = talker->session->counter;
        talker->prefix_bytes = (size_t)snprintf(talker->prefix, sizeof talker->prefix,
                "{\"jsonrpc\":\"2.0\",\"method\":\"message.send\",\"params\":{\"to\":\"%s\","
                "\"counter\":",
                run->crew.sessions[i ^ 1].token->user);
    }
    run->talkers = talkers;
}

// Open loop: gives each user whose turn has come its planned send.
static void send_due(struct run *run)
{
    uint64_t due = (uint64_t)((double)(clock_ns() - run->plan_start_ns) * run->options->rate / 1e9);

    for (; run->plan_next <= due; run->plan_next++) {
        send_what_may(run, &run->talkers[run->plan_next % run->count]);
    }
}

static uint64_t wait_ns(const struct run *run, uint64_t until)
{
    uint64_t now = clock_ns(), next = until;

    if (run->options->rate > 0) {
        next = run->plan_start_ns + (uint64_t)((double)run->plan_next * 1e9 / run->options->rate);
        next = next < until ? next : until;
    }
    return next > now ? next - now : 0;
}

static void turn_until(struct run *run, uint64_t until)
{
    while (clock_ns() < until && run->crew.gone == 0) {
        if (run->options->rate > 0) {
            send_due(run);
        }
        ws_loop_turn(&run->crew.loop, wait_ns(run, until));
    }
}

static void start_sending(struct run *run)
{
    run->plan_start_ns = clock_ns();
    run->is_sending = true;
    for (unsigned i = 0; run->options->rate <= 0 && i < run->count; i++) {
        send_what_may(run, &run->talkers[i]);
    }
}

// Waits for what is under way, then acknowledges everything.
static void drain(struct run *run)
{
    uint64_t until = clock_ns() + (uint64_t)(run->options->drain * 1e9);

    run->is_sending = false;
    while (run->unanswered + run->unreceived > 0 && clock_ns() < until && run->crew.gone == 0) {
        ws_loop_turn(&run->crew.loop, 10000000);
    }
    until = clock_ns() + FINAL_ACK_NS;
    for (unsigned i = 0; i < run->count && run->crew.gone == 0; i++) {
        crew_ack(run->talkers[i].session, true);
    }
    while (run->crew.acked < run->count && clock_ns() < until && run->crew.gone == 0) {
        ws_loop_turn(&run->crew.loop, 10000000);
    }
    if (run->crew.acked < run->count) {
        fprintf(stderr, "chat-load: %u of %u final acknowledgements were answered\n",
                run->crew.acked, run->count);
        run->crew.errors++;
    }
}

static bool is_dense(const struct seen *seen)
{
    // The sum of lowest..highest, each once.
    uint64_t sum = (seen->lowest + seen->highest) * seen->count / 2;

    return seen->count == 0 ||
            (seen->highest - seen->lowest + 1 == seen->count && seen->sum == sum);
}

static void judge(struct run *run)
{
    for (unsigned i = 0; i < run->count; i++) {
        const struct talker *talker = &run->talkers[i];
        for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
            run->lost += talker->slots[slot].is_unreceived;
        }
        run->holes += !is_dense(&talker->seen);
    }
}

static void report(const struct run *run, const struct stretch *stretch, uint64_t delivered)
{
    const struct options *options = run->options;

    report_open("pairs");
    report_count("pairs", options->pairs);
    report_count("window", options->rate > 0 ? 0 : options->window);
    report_figure("rate", options->rate);
    report_count("bytes", options->bytes);
    report_count("msgs", delivered);
    report_figure("msgs_per_s", (double)delivered / stretch->seconds);
    report_latency("ack", &run->answer);
    report_latency("receive", &run->receive);
    report_stretch(stretch, delivered, "msg");
    report_count("sent_in_all", run->sent);
    report_count("answered_in_all", run->answered);
    report_count("delivered_in_all", run->delivered);
    report_count("frames_in", run->crew.loop.messages);
    report_count("reads", run->crew.loop.reads);
    report_count("writes", run->crew.loop.writes);
    report_count("lost", run->lost);
    report_count("doubled", run->doubled);
    report_count("misordered", run->misordered);
    report_count("seq_holes", run->holes);
    report_count("refused", run->refused);
    report_count("errors", run->crew.errors);
    report_close();
}

static void drive(struct run *run)
{
    struct stretch stretch;

    start_sending(run);
    turn_until(run, run->plan_start_ns + (uint64_t)(run->options->warmup * 1e9));
    histogram_clear(&run->answer);
    histogram_clear(&run->receive);
    uint64_t before = run->delivered;
    stretch_start(&stretch, run->options->pid);
    turn_until(run, stretch.start_ns + (uint64_t)(run->options->seconds * 1e9));
    uint64_t delivered = run->delivered - before;
    stretch_stop(&stretch);
    drain(run);
    judge(run);
    report(run, &stretch, delivered);
}

int pairs_run(const struct options *options)
{
    static struct run run; // its histograms are large

    texts_init();
    run.options = options;
    run.count = 2 * options->pairs;
    if (!crew_open(&run.crew, options->server, options->tokens, run.count)) {
        return 1;
    }
    if (run.crew.token_count < run.count) {
        fprintf(stderr, "chat-load: %u pairs need %u tokens\n", options->pairs, run.count);
        return 1;
    }
    run.crew.from = options->from == NULL ? "now" : options->from;
    run.crew.parallel = options->parallel;
    run.crew.context = &run;
    run.crew.message = on_message;
    if (!crew_muster(&run.crew, 120)) {
        return 1;
    }
    prepare(&run);
    drive(&run);
    bool is_good = run.lost + run.doubled + run.misordered + run.holes + run.crew.errors == 0 &&
            run.delivered > 0;
    crew_close(&run.crew);
    for (unsigned i = 0; i < run.count; i++) {
        free(run.talkers[i].slots);
    }
    free(run.talkers);
    return is_good ? 0 : 1;
}

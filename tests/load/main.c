// SPDX-License-Identifier: MIT
// chat-load: drives a chatd as many users at once and measures it from outside. Each mode checks
// what it gets and prints one JSON line; the exit code is 1 when anything was lost, doubled,
// misordered or refused.

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/load/options.h"
#include "tests/load/texts.h"

enum field_type { FIELD_TEXT, FIELD_SECONDS, FIELD_COUNT, FIELD_LONG, FIELD_PID, FIELD_FLAG };

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
    const char *sentence;
};

#define FIELD(name, type, member, sentence)                                                        \
    {                                                                                              \
        name, type, offsetof(struct options, member), sentence                                     \
    }

static const struct field fields[] = {
    FIELD("server", FIELD_TEXT, server, "HOST:PORT of chatd (127.0.0.1:7480)"),
    FIELD("tokens", FIELD_TEXT, tokens, "file of user<TAB>token lines"),
    FIELD("pid", FIELD_PID, pid, "of chatd: measures its CPU and memory"),
    FIELD("seconds", FIELD_SECONDS, seconds, "measured time (10)"),
    FIELD("warmup", FIELD_SECONDS, warmup, "seconds before it (1)"),
    FIELD("drain", FIELD_SECONDS, drain, "seconds to wait for the rest at the end (15)"),
    FIELD("parallel", FIELD_COUNT, parallel, "logins under way at once (256)"),
    FIELD("from", FIELD_TEXT, from, "subscribe from now, unread or a cursor"),
    FIELD("window", FIELD_COUNT, window,
            "requests without an answer, each user (pairs 32, "
            "fill 256, history 1)"),
    FIELD("bytes", FIELD_COUNT, bytes, "of each text (100)"),
    FIELD("pairs", FIELD_COUNT, pairs, "pairs, fill: how many conversations (100; fill 1)"),
    FIELD("rate", FIELD_SECONDS, rate,
            "pairs, fill: messages a second over all users, without waiting for answers"),
    FIELD("ack-every", FIELD_COUNT, ack_every, "pairs: events (a quarter of the told window)"),
    FIELD("messages", FIELD_LONG, messages, "fill: in each conversation (10000)"),
    FIELD("connections", FIELD_COUNT, connections,
            "idle, polls, resume, history (one for each token)"),
    FIELD("hold", FIELD_FLAG, hold, "idle: stay until SIGTERM or the end of stdin"),
    FIELD("peer", FIELD_TEXT, peer, "history: whose conversation (the neighbour in the file)"),
    FIELD("spread", FIELD_FLAG, spread, "history: pages anywhere, not only the newest"),
    FIELD("limit", FIELD_COUNT, limit, "history: messages a page (50)"),
};

enum { FIELD_TOTAL = sizeof fields / sizeof fields[0] };

static const struct {
    const char *name;
    int (*run)(const struct options *options);
    unsigned window, pairs;
    const char *sentence;
} modes[] = {
    { "pairs", pairs_run, 32, 100, "users 2i and 2i+1 talk to each other" },
    { "fill", fill_run, 256, 1, "prepares long conversations" },
    { "idle", idle_run, 1, 1, "holds quiet connections" },
    { "polls", polls_run, 1, 1, "holds long polls on which nothing happens" },
    { "resume", resume_run, 1, 1, "a reconnect storm" },
    { "history", history_run, 1, 1, "reads pages" },
    { "echo", echo_run, 32, 1, "messages to net_echo and back; needs no tokens" },
};

enum { MODE_TOTAL = sizeof modes / sizeof modes[0] };

static void usage(FILE *file)
{
    fprintf(file, "usage: chat-load MODE --tokens FILE [option]...\n\n");
    for (unsigned i = 0; i < MODE_TOTAL; i++) {
        fprintf(file, "  %-14s %s\n", modes[i].name, modes[i].sentence);
    }
    fprintf(file, "\n");
    for (unsigned i = 0; i < FIELD_TOTAL; i++) {
        fprintf(file, "  --%-12s %s\n", fields[i].name, fields[i].sentence);
    }
}

static bool set_field(struct options *options, const struct field *field, const char *text)
{
    char *member = (char *)options + field->offset, *end = NULL;
    double number;

    if (field->type == FIELD_TEXT) {
        memcpy(member, &text, sizeof text);
        return true;
    }
    if (field->type == FIELD_FLAG) {
        memcpy(member, &(bool){ true }, sizeof(bool));
        return true;
    }
    number = strtod(text, &end);
    if (end == text || *end != '\0' || !(number >= 0 && number < 1e12)) {
        fprintf(stderr, "chat-load: --%s wants a number, not %s\n", field->name, text);
        return false;
    }
    if (field->type == FIELD_SECONDS) {
        memcpy(member, &number, sizeof number);
    } else if (field->type == FIELD_LONG) {
        memcpy(member, &(uint64_t){ (uint64_t)number }, sizeof(uint64_t));
    } else if (field->type == FIELD_PID) {
        memcpy(member, &(pid_t){ (pid_t)number }, sizeof(pid_t));
    } else {
        memcpy(member, &(unsigned){ (unsigned)number }, sizeof(unsigned));
    }
    return true;
}

// Returns false when the command line makes no sense; it has then said why.
static bool parse(int count, char **words, struct options *options)
{
    struct option long_options[FIELD_TOTAL + 1];
    int found, index;

    memset(long_options, 0, sizeof long_options);
    for (unsigned i = 0; i < FIELD_TOTAL; i++) {
        long_options[i].name = fields[i].name;
        long_options[i].has_arg = fields[i].type == FIELD_FLAG ? no_argument : required_argument;
    }
    while ((found = getopt_long(count, words, "", long_options, &index)) != -1) {
        if (found != 0 || !set_field(options, &fields[index], optarg)) {
            return false;
        }
    }
    if (optind < count) {
        fprintf(stderr, "chat-load: what is %s?\n", words[optind]);
        return false;
    }
    if (options->window == 0 || options->pairs == 0) {
        fprintf(stderr, "chat-load: --window and --pairs are at least 1\n");
        return false;
    }
    if (options->bytes < TEXT_BYTES_MIN || options->bytes > TEXT_BYTES_MAX) {
        fprintf(stderr, "chat-load: --bytes is %d to %d\n", TEXT_BYTES_MIN, TEXT_BYTES_MAX);
        return false;
    }
    return true;
}

int main(int count, char **words)
{
    struct options options = { .server = "127.0.0.1:7480",
        .seconds = 10,
        .warmup = 1,
        .drain = 15,
        .bytes = 100,
        .parallel = 256,
        .limit = 50,
        .messages = 10000 };

    if (count >= 2 && strcmp(words[1], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    for (unsigned i = 0; count >= 2 && i < MODE_TOTAL; i++) {
        if (strcmp(words[1], modes[i].name) == 0) {
            options.window = modes[i].window;
            options.pairs = modes[i].pairs;
            return parse(count - 1, words + 1, &options) ? modes[i].run(&options) : 2;
        }
    }
    usage(stderr);
    return 2;
}

// SPDX-License-Identifier: MIT
// Holds long polls on which nothing happens: what one costs in memory, all of them in CPU, and what
// their answers cost when the time is up. Each must be answered once, with nothing, and not before.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/load/crew.h"
#include "tests/load/options.h"
#include "tests/load/report.h"

// Questions a second, as the wait reckons; it is at most what chatd allows.
enum { ASKED_PER_SECOND = 1000, WAIT_SECONDS_MAX = 55, ANSWER_BYTES_MAX = 2048 };

struct held {
    int fd;
    char answer[ANSWER_BYTES_MAX + 1];
    size_t bytes;
};

struct crowd {
    struct crew crew; // for its tokens and the server's address
    struct held *polls;
    int epoll;
    unsigned wait_s;
    unsigned early;
    unsigned answered;
    unsigned lost;
};

// Blocks while the server's backlog is full: that is the pace.
static bool ask(struct crowd *crowd, unsigned index)
{
    struct held *held = &crowd->polls[index];
    const struct sockaddr *address = (const struct sockaddr *)&crowd->crew.loop.server;
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = held };
    char text[512];

    int bytes = snprintf(text, sizeof text,
            "GET /events?cursor=0&wait=%u HTTP/1.1\r\nHost: chat\r\nAuthorization: Bearer %s\r\n\r\n",
            crowd->wait_s, crowd->crew.sessions[index].token->token);
    held->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (held->fd < 0 || connect(held->fd, address, sizeof crowd->crew.loop.server) != 0 ||
            send(held->fd, text, (size_t)bytes, MSG_NOSIGNAL) != bytes ||
            fcntl(held->fd, F_SETFL, O_NONBLOCK) != 0 ||
            epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, held->fd, &event) != 0) {
        fprintf(stderr, "chat-load: question %u: %s\n", index, strerror(errno));
        return false;
    }
    return true;
}

static void finish(struct crowd *crowd, struct held *held)
{
    held->answer[held->bytes] = '\0';
    if (strncmp(held->answer, "HTTP/1.1 200", 12) == 0 &&
            strstr(held->answer, "{\"events\":[],") != NULL) {
        crowd->answered++;
    } else if (crowd->lost++ == 0) {
        fprintf(stderr, "chat-load: not an empty answer: %s\n", held->answer);
    }
    close(held->fd);
    held->fd = -1;
}

static void read_some(struct crowd *crowd, struct held *held)
{
    while (held->fd >= 0) {
        ssize_t got = read(held->fd, held->answer + held->bytes, ANSWER_BYTES_MAX - held->bytes);
        if (got > 0 && held->bytes + (size_t)got < ANSWER_BYTES_MAX) {
            held->bytes += (size_t)got;
        } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        } else {
            finish(crowd, held);
        }
    }
}

// Until the time is over, or everybody has been answered.
static void watch(struct crowd *crowd, double seconds)
{
    struct epoll_event events[256];
    uint64_t until = clock_ns() + (uint64_t)(seconds * 1e9);

    while (clock_ns() < until && crowd->answered + crowd->lost < crowd->crew.count) {
        int count = epoll_wait(crowd->epoll, events, 256, 50);
        for (int i = 0; i < count; i++) {
            read_some(crowd, events[i].data.ptr);
        }
    }
}

static void report(const struct crowd *crowd, const struct stretch *asking,
        const struct stretch *quiet, const struct stretch *answers)
{
    double grown = (double)asking->server.rss_bytes - (double)asking->server_before.rss_bytes;

    report_open("polls");
    report_count("polls", crowd->crew.count);
    report_figure("asking_s", asking->seconds);
    if (asking->has_server) {
        report_figure("rss_bytes_per_poll", grown / crowd->crew.count);
        report_figure("server_cpu_percent",
                100 * (quiet->server.cpu_seconds - quiet->server_before.cpu_seconds) /
                        quiet->seconds);
        report_figure("server_us_per_answer",
                1e6 * (answers->server.cpu_seconds - answers->server_before.cpu_seconds) /
                        crowd->crew.count);
    }
    report_stretch(quiet, crowd->crew.count, "poll");
    report_count("answered", crowd->answered);
    report_count("early", crowd->early);
    report_count("lost", crowd->crew.count - crowd->answered);
    report_close();
}

static bool measure(struct crowd *crowd, const struct options *options)
{
    struct stretch asking, quiet, answers;

    stretch_start(&asking, options->pid);
    for (unsigned i = 0; i < crowd->crew.count; i++) {
        if (!ask(crowd, i)) {
            return false;
        }
    }
    stretch_stop(&asking);
    watch(crowd, options->warmup);
    struct stretch settled = asking;
    stretch_stop(&settled);
    asking.server = settled.server;
    stretch_start(&quiet, options->pid);
    watch(crowd, options->seconds);
    stretch_stop(&quiet);
    crowd->early = crowd->answered + crowd->lost;
    stretch_start(&answers, options->pid);
    watch(crowd, crowd->wait_s + options->drain);
    stretch_stop(&answers);
    report(crowd, &asking, &quiet, &answers);
    return crowd->early == 0 && crowd->answered == crowd->crew.count;
}

int polls_run(const struct options *options)
{
    static struct crowd crowd;

    if (!crew_open(&crowd.crew, options->server, options->tokens, options->connections)) {
        return 1;
    }
    unsigned count = crowd.crew.count;
    double wait = options->seconds + options->warmup + 2 + (double)count / ASKED_PER_SECOND;
    if (crowd.crew.token_count < count || wait > WAIT_SECONDS_MAX) {
        fprintf(stderr, "chat-load: %u polls need %u tokens, and %.0f seconds of at most %d\n",
                count, count, wait, WAIT_SECONDS_MAX);
        return 1;
    }
    crowd.wait_s = (unsigned)wait;
    crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
    crowd.polls = calloc(count, sizeof *crowd.polls);
    bool is_good = crowd.epoll >= 0 && crowd.polls != NULL && measure(&crowd, options);
    free(crowd.polls);
    close(crowd.epoll);
    crew_close(&crowd.crew);
    return is_good ? 0 : 1;
}

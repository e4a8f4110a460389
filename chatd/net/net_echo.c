// SPDX-License-Identifier: MIT
// A small server on net/ for net_test.py and net_http_test.py.
//
//   WebSocket:  echoes; "burst N" sends N frames, "big N" one of N bytes, "close CODE" closes,
//               "trust" raises the limit, "ping" pings, "pause MS" stops reading for a while (one
//               link at a time), "who" tells the number of pongs seen
//   POST /echo  answers the body; any other path answers "METHOD PATH?QUERY AUTHORIZATION"
//   GET /hold   answered after ms=N of the query, never without it
//   GET /stat   counters as "name value" lines
//   SIGHUP      reads the certificate again and prints how that went; without one: accepts no more
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "net/net.h"
#include "shared/frame.h"

#define HELD_MAX 4096
#define BIG_MAX 10000000

struct echo_peer {
    struct echo *echo;
    struct net_link *link;
    struct frame **queue;
    size_t count;
    size_t capacity;
    size_t taken;
    unsigned pongs;
    int64_t resume_ms; // 0: reads
};

struct held {
    struct echo *echo;
    struct net_link *link; // NULL: free
    int64_t due_ms;        // 0: never
};

struct echo {
    struct loop *loop;
    struct net *net;
    struct held held[HELD_MAX];
    struct echo_peer *paused;
    unsigned ws_opened;
    unsigned ws_closed;
    unsigned http_begun;
    unsigned http_gone;
    unsigned ticks;
    unsigned turns;
    unsigned frames_taken;
    bool is_refusing;
    bool has_tls;
};

static void peer_push(struct echo_peer *peer, struct frame *frame)
{
    if (peer->count == peer->capacity) {
        peer->capacity = peer->capacity == 0 ? 4 : peer->capacity * 2;
        peer->queue = realloc(peer->queue, peer->capacity * sizeof(*peer->queue));
        CHECK(peer->queue != NULL);
    }
    peer->queue[peer->count++] = frame;
    net_link_want_write(peer->link);
}

static void *on_ws_opened(void *context, struct net_link *link)
{
    struct echo *echo = context;
    struct echo_peer *peer;

    if (echo->is_refusing) {
        return NULL;
    }
    peer = calloc(1, sizeof(*peer));
    CHECK(peer != NULL);
    peer->echo = echo;
    peer->link = link;
    echo->ws_opened++;
    return peer;
}

static void peer_say(struct echo_peer *peer, const char *format, unsigned long value)
{
    char text[64];
    int bytes;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    bytes = snprintf(text, sizeof(text), format, value);
#pragma GCC diagnostic pop
    peer_push(peer, frame_copy(text, (size_t)bytes));
}

static void on_command(struct echo_peer *peer, const char *word, unsigned long value)
{
    if (strcmp(word, "burst") == 0) {
        for (unsigned long i = 0; i < value; i++) {
            peer_say(peer, "burst %lu", i);
        }
    } else if (strcmp(word, "big") == 0) {
        struct frame *frame = frame_create(value);

        CHECK(frame != NULL);
        memset(frame->data, 'x', value);
        peer_push(peer, frame);
    } else if (strcmp(word, "close") == 0) {
        peer_say(peer, "last words %lu", value);
        net_link_close(peer->link, (uint16_t)value, "as told");
    } else if (strcmp(word, "trust") == 0) {
        net_link_trust(peer->link);
    } else if (strcmp(word, "ping") == 0) {
        net_link_ping(peer->link);
    } else if (strcmp(word, "who") == 0) {
        peer_say(peer, "pongs %lu", peer->pongs);
    } else if (strcmp(word, "refuse") == 0) {
        peer->echo->is_refusing = value != 0;
    } else if (strcmp(word, "pause") == 0) {
        if (peer->echo->paused != NULL) {
            net_link_pause(peer->echo->paused->link, false);
        }
        peer->resume_ms = loop_now_ms(peer->echo->loop) + (int64_t)value;
        peer->echo->paused = peer;
        net_link_pause(peer->link, true);
        loop_tick_enable(peer->echo->loop, 1);
    }
}

static void on_ws_message(void *context, const char *text, size_t bytes)
{
    struct echo_peer *peer = context;
    char command[64];
    char word[16];
    unsigned long value = 0;

    if (bytes > 1 && bytes < sizeof(command) && text[0] == '!') {
        memcpy(command, text + 1, bytes - 1);
        command[bytes - 1] = '\0';
        if (sscanf(command, "%15s %lu", word, &value) >= 1) {
            on_command(peer, word, value < BIG_MAX ? value : BIG_MAX);
            return;
        }
    }
    peer_push(peer, frame_copy(text, bytes));
}

static void on_ws_alive(void *context)
{
    ((struct echo_peer *)context)->pongs++;
}

static struct frame *on_ws_next(void *context)
{
    struct echo_peer *peer = context;

    if (peer->taken < peer->count) {
        peer->echo->frames_taken++;
        return peer->queue[peer->taken++];
    }
    peer->taken = peer->count = 0;
    free(peer->queue);
    peer->queue = NULL;
    peer->capacity = 0;
    return NULL;
}

static void on_ws_closed(void *context)
{
    struct echo_peer *peer = context;

    peer->echo->ws_closed++;
    if (peer->echo->paused == peer) {
        peer->echo->paused = NULL;
    }
    for (size_t i = peer->taken; i < peer->count; i++) {
        frame_release(peer->queue[i]);
    }
    free(peer->queue);
    free(peer);
}

static struct frame *text_frame(const char *text)
{
    return frame_copy(text, strlen(text));
}

static struct frame *stat_frame(const struct echo *echo)
{
    char text[256];

    snprintf(text, sizeof(text),
            "links %u\nws_opened %u\nws_closed %u\nhttp_begun %u\nhttp_gone %u\nticks %u\n"
            "turns %u\nframes_taken %u\n",
            net_link_count(echo->net), echo->ws_opened, echo->ws_closed, echo->http_begun,
            echo->http_gone, echo->ticks, echo->turns, echo->frames_taken);
    return text_frame(text);
}

static struct held *hold(struct echo *echo, struct net_link *link, const char *query)
{
    for (size_t i = 0; i < HELD_MAX; i++) {
        struct held *held = &echo->held[i];
        unsigned long ms = 0;

        if (held->link == NULL) {
            held->echo = echo;
            held->link = link;
            held->due_ms = 0;
            if (sscanf(query, "ms=%lu", &ms) == 1) {
                held->due_ms = loop_now_ms(echo->loop) + (int64_t)ms;
                loop_tick_enable(echo->loop, 1);
            }
            return held;
        }
    }
    CHECK(false);
    return NULL;
}

static void *on_http_request(void *context, struct net_link *link,
        const struct net_request *request)
{
    struct echo *echo = context;
    struct held *held = hold(echo, link, strcmp(request->path, "/hold") == 0 ? request->query : "");
    char text[8192];

    echo->http_begun++;
    if (strcmp(request->path, "/hold") == 0) {
        return held;
    }
    if (strcmp(request->path, "/echo") == 0) {
        net_link_answer(link, 200, "text/plain", frame_copy(request->body, request->body_bytes),
                "X-Echo: yes\r\n");
    } else if (strcmp(request->path, "/stat") == 0) {
        net_link_answer(link, 200, "text/plain", stat_frame(echo), NULL);
    } else if (strcmp(request->path, "/big") == 0) {
        unsigned long bytes = strtoul(request->query, NULL, 10);
        struct frame *frame = frame_create(bytes < BIG_MAX ? bytes : BIG_MAX);

        CHECK(frame != NULL);
        memset(frame->data, 'y', frame->bytes);
        net_link_answer(link, 200, "text/plain", frame, NULL);
    } else if (strcmp(request->path, "/empty") == 0) {
        net_link_answer(link, 200, "text/plain", NULL, NULL);
    } else {
        snprintf(text, sizeof(text), "%s %s%s?%s %s",
                request->listener == NET_ADMIN ? "admin" : "public", request->method, request->path,
                request->query, request->authorization);
        net_link_answer(link, 404, "text/plain", text_frame(text), NULL);
    }
    return held;
}

static void on_http_gone(void *context)
{
    struct held *held = context;

    held->echo->http_gone++;
    held->link = NULL;
}

static void on_tick(void *context)
{
    struct echo *echo = context;
    int64_t now_ms = loop_now_ms(echo->loop);
    bool is_busy = net_sweep(echo->net, now_ms);

    echo->ticks++;
    for (size_t i = 0; i < HELD_MAX; i++) {
        struct held *held = &echo->held[i];

        if (held->link == NULL || held->due_ms == 0) {
            continue;
        }
        if (held->due_ms <= now_ms) {
            held->due_ms = 0;
            net_link_answer(held->link, 200, "text/plain", text_frame("held"), NULL);
        }
        is_busy = true;
    }
    if (echo->paused != NULL) {
        is_busy = true;
        if (echo->paused->resume_ms <= now_ms) {
            net_link_pause(echo->paused->link, false);
            echo->paused = NULL;
        }
    }
    loop_tick_enable(echo->loop, is_busy);
}

static void on_turn_end(void *context)
{
    ((struct echo *)context)->turns++;
}

static void on_signal(void *context, int signal_number)
{
    struct echo *echo = context;

    if (signal_number == SIGHUP && echo->has_tls) {
        char reason[256] = "reloaded";

        // A failure is for the test to read.
        printf("%s\n",
                net_reload_tls(echo->net, reason, sizeof(reason)) == ERR_OK ? "reloaded" : reason);
        fflush(stdout);
    } else if (signal_number == SIGHUP) {
        net_stop_accepting(echo->net);
    } else {
        loop_stop(echo->loop);
    }
}

static void option_set(struct net_config *config, const char *name, const char *value)
{
    unsigned long number = strtoul(value, NULL, 10);

    if (strcmp(name, "--host") == 0) {
        config->host = value;
    }
    if (strcmp(name, "--port") == 0) {
        config->port = (uint16_t)number;
    }
    if (strcmp(name, "--admin") == 0) {
        config->admin_path = value;
    }
    if (strcmp(name, "--origins") == 0) {
        config->origins = value;
    }
    if (strcmp(name, "--certificate") == 0) {
        config->tls_certificate = value;
    }
    if (strcmp(name, "--key") == 0) {
        config->tls_key = value;
    }
    if (strcmp(name, "--connections") == 0) {
        config->connections_max = (unsigned)number;
    }
    if (strcmp(name, "--strangers") == 0) {
        config->strangers_max = (unsigned)number;
    }
    if (strcmp(name, "--deadline-ms") == 0) {
        config->request_deadline_ms = (int)number;
    }
    if (strcmp(name, "--descriptors") == 0) {
        const struct rlimit limit = { number, number };

        CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    }
}

int main(int count, char **words)
{
    static struct echo echo;
    struct net_config config = { .host = "127.0.0.1",
        .frame_bytes_max_before = (size_t)64 * 1024,
        .frame_bytes_max_after = (size_t)256 * 1024,
        .connections_max = 100000 };
    const struct loop_handlers loop_handlers = { .context = &echo,
        .on_turn_end = on_turn_end,
        .on_tick = on_tick,
        .on_signal = on_signal };
    const struct net_handlers handlers = { &echo, on_ws_opened, on_ws_message, on_ws_alive,
        on_ws_next, on_ws_closed, on_http_request, on_http_gone };
    char reason[256];

    for (int i = 1; i + 1 < count; i += 2) {
        option_set(&config, words[i], words[i + 1]);
    }
    echo.has_tls = config.tls_certificate != NULL;
    if (loop_create(&loop_handlers, &echo.loop) != ERR_OK) {
        return 1;
    }
    if (net_create(echo.loop, &config, &handlers, reason, sizeof(reason), &echo.net) != ERR_OK) {
        fprintf(stderr, "%s\n", reason);
        loop_destroy(echo.loop);
        return 2;
    }
    printf("ready listen=%s:%u\n", config.host, (unsigned)net_port(echo.net));
    fflush(stdout);
    loop_run(echo.loop);
    net_destroy(echo.net);
    loop_destroy(echo.loop);
    printf("end ws=%u/%u http=%u/%u\n", echo.ws_opened, echo.ws_closed, echo.http_begun,
            echo.http_gone);
    return echo.ws_opened == echo.ws_closed && echo.http_begun == echo.http_gone ? 0 : 3;
}

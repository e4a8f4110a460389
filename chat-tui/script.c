// SPDX-License-Identifier: MIT
#include "script.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "script_state.h"
#include "shared/clock.h"

#define OPEN_REQUESTS_MAX 256
#define OPEN_BYTES_MAX (4 * 1024 * 1024)
#define OUTPUT_BYTES_MAX (4 * 1024 * 1024) // then no more is read from standard input
#define OUTPUT_BYTES_PAUSE 65536           // then no more events are taken
#define HOLD_POLL_MS 100

void script_write(struct script *script, struct buffer *line)
{
    CHECK(buffer_is_whole(line));
    output_line(&script->output, (struct bytes){ line->data, (uint32_t)line->bytes });
    buffer_finish(line);
}

void script_fail_disk(struct script *script)
{
    complain("%s", outbox_reason(script->outbox));
    script->code = EXIT_FAILED;
    script->is_stopped = true;
}

// ---- what the client says

static void on_up(void *context, const char *transport)
{
    struct script *script = context;
    const struct link_identity *identity = client_identity(script->client);
    struct buffer line = { 0 };

    if (!script->is_up) {
        buffer_print(&line,
                "{\"jsonrpc\":\"2.0\",\"method\":\"ready\",\"params\":{\"protocol\":\"1\",\"version\":"
                "\"%s\",\"user\":\"%s\",\"device\":",
                CHAT_VERSION, identity->user.text);
        json_add_string(&line, bytes_of(identity->device));
        buffer_print(&line, ",\"transport\":\"%s\"}}", transport);
    } else {
        buffer_print(&line,
                "{\"jsonrpc\":\"2.0\",\"method\":\"transport\",\"params\":{\"transport\":\"%s\"}}",
                transport);
    }
    script->is_up = true;
    script_write(script, &line);
    if (sender_up(script->sender) != ERR_OK) {
        script_fail_disk(script);
    }
}

static void on_down(void *context, const char *why, int64_t retry_in_ms)
{
    struct script *script = context;
    struct buffer line = { 0 };

    if (!script->is_up) {
        complain("%s: %s; next try in %.1f s", script->profile->server, why,
                (double)retry_in_ms / 1000);
        return;
    }
    buffer_add_literal(&line,
            "{\"jsonrpc\":\"2.0\",\"method\":\"transport\",\"params\":"
            "{\"transport\":\"offline\",\"reason\":");
    json_add_string(&line, bytes_of(why));
    buffer_print(&line, ",\"retry_in_ms\":%" PRId64 "}}", retry_in_ms);
    script_write(script, &line);
}

static void on_refused(void *context, const char *why)
{
    struct script *script = context;

    complain("%s: %s (chat-tui login makes a new token)", script->profile->server, why);
    script->is_refused = true;
    script->code = EXIT_NOT_ALLOWED;
}

static void on_event(void *context, struct bytes text, const struct json *root)
{
    struct script *script = context;
    struct buffer line = { 0 };

    if (memchr(text.data, '\n', text.size) == NULL) {
        output_line(&script->output, text);
        return;
    }
    json_dump(root, &line); // line ends between the words of JSON are allowed, but not here
    script_write(script, &line);
}

static void on_reset(void *context, const char *cursor)
{
    struct script *script = context;
    struct buffer line = { 0 };

    buffer_add_literal(&line, "{\"jsonrpc\":\"2.0\",\"method\":\"reset\",\"params\":{\"cursor\":");
    json_add_string(&line, bytes_of(cursor));
    buffer_add_literal(&line, "}}");
    script_write(script, &line);
}

static const struct client_ops ops = {
    .up = on_up,
    .down = on_down,
    .refused = on_refused,
    .event = on_event,
    .reset = on_reset,
};

// ---- lines of standard input

static bool is_blank(struct bytes line)
{
    uint32_t i = 0;

    while (i < line.size && strchr(" \t\r", line.data[i]) != NULL) {
        i++;
    }
    return i == line.size;
}

static bool has_room(const struct script *script)
{
    return script->open_count < OPEN_REQUESTS_MAX && script->open_bytes < OPEN_BYTES_MAX &&
            output_waiting(&script->output) < OUTPUT_BYTES_MAX;
}

// What an earlier process left behind comes first: whoever then reads the history knows how far it
// came.
static bool can_take(const struct script *script)
{
    return script->is_up && !script->is_refused && !script->is_stopped &&
            !sender_has_leftovers(script->sender) && has_room(script);
}

static void take_lines(struct script *script)
{
    struct bytes line;
    struct buffer answer = { 0 };
    enum input_line kind = INPUT_LINE;

    while (can_take(script) && (kind = input_next(&script->input, &line)) != INPUT_NONE) {
        if (kind == INPUT_TOO_LONG) {
            request_write_error(NULL, ERR_TOO_LARGE, "a line has at most 262,144 bytes", &answer);
            script_write(script, &answer);
        } else if (!is_blank(line)) {
            script_take_line(script, line);
        }
    }
    if (sender_commit(script->sender) != ERR_OK) {
        script_fail_disk(script);
    }
}

// ---- the loop

static void release_written(struct script *script)
{
    LIST_EACH(node, &script->answered) {
        struct request *request = LIST_OF(node, struct request, of_script);
        if (request->written_at > script->output.written) {
            return;
        }
        if (request->sending != NULL) {
            sender_delivered(request->sending);
        }
        request_destroy(request);
    }
}

static bool is_input_done(const struct script *script)
{
    return script->input.is_ended && script->input.start == script->input.data.bytes;
}

static bool is_done(const struct script *script)
{
    bool is_quiet = list_is_empty(&script->open) && list_is_empty(&script->answered) &&
            output_waiting(&script->output) == 0;

    if (script->is_stopped || script->output.is_broken) {
        return true;
    }
    if (script->is_refused) {
        return is_quiet;
    }
    return is_input_done(script) && is_quiet && sender_is_idle(script->sender) &&
            !script->options->is_following;
}

static int timeout_ms(const struct script *script, int64_t end_ms)
{
    int64_t soonest_ms = sender_deadline_ms(script->sender), now_ms = clock_monotonic_ms();

    soonest_ms = end_ms < soonest_ms ? end_ms : soonest_ms;
    if (soonest_ms == INT64_MAX) {
        return -1;
    }
    return soonest_ms <= now_ms             ? 0
            : soonest_ms - now_ms > 3600000 ? 3600000
                                            : (int)(soonest_ms - now_ms);
}

static void turn(struct script *script, int64_t end_ms)
{
    bool wants_input = !script->input.is_ended && can_take(script);
    struct pollfd own[] = {
        { wants_input ? script->input.fd : -1, POLLIN, 0 },
        output_watch(&script->output),
        { outbox_wake_fd(script->outbox), POLLIN, 0 },
        { script->signal_fd, POLLIN, 0 },
    };

    client_wait(script->client, own, sizeof(own) / sizeof(own[0]), timeout_ms(script, end_ms));
    if (own[0].revents != 0) {
        input_read(&script->input);
    }
    if ((own[1].revents & (POLLERR | POLLNVAL)) != 0) {
        script->output.is_broken = true;
    }
    if (own[2].revents != 0) {
        outbox_drain_wake(script->outbox);
        if (sender_look(script->sender) != ERR_OK) {
            script_fail_disk(script);
        }
    }
    script->is_stopped |= own[3].revents != 0;
    take_lines(script);
    output_flush(&script->output);
    release_written(script);
    if (sender_step(script->sender, clock_monotonic_ms()) != ERR_OK) {
        script_fail_disk(script);
    }
    client_pause(script->client, output_waiting(&script->output) > OUTPUT_BYTES_PAUSE);
}

static int64_t end_of_time(const struct script *script)
{
    int64_t timeout = script->options->timeout_ms;

    return timeout > 0 ? script->began_ms + timeout : INT64_MAX;
}

static void run(struct script *script)
{
    int64_t end_ms = end_of_time(script);

    client_start(script->client);
    while (!is_done(script)) {
        if (clock_monotonic_ms() >= end_ms) {
            complain(
                    "not done within %.3g s: what is in the outbox goes out with the next chat-tui",
                    (double)script->options->timeout_ms / 1000);
            script->code = EXIT_TIMEOUT;
            return;
        }
        turn(script, end_ms);
    }
    if (!script->is_stopped && !script->is_refused) {
        sender_forget_leftovers(script->sender);
    }
    if (sender_step(script->sender, clock_monotonic_ms()) != ERR_OK) {
        script_fail_disk(script);
    }
}

static void says(void *context, const char *sentence)
{
    (void)context;
    complain("%s", sentence);
}

// Only one process sends for a device at a time.
static bool hold_outbox(struct script *script)
{
    int64_t end_ms = end_of_time(script);
    bool is_told = false;

    if (outbox_open(script->profile->directory, &script->outbox) != ERR_OK) {
        complain("%s", outbox_reason(script->outbox));
        script->code = EXIT_FAILED;
        return false;
    }
    while (!outbox_try_hold(script->outbox)) {
        if (!is_told) {
            complain(
                    "another chat-tui sends for this device: waiting until it ends (a consumer of its "
                    "own, with --consumer, need not wait)");
        }
        is_told = true;
        if (clock_monotonic_ms() >= end_ms) {
            complain("it has not ended in time: nothing was done");
            script->code = EXIT_TIMEOUT;
            return false;
        }
        usleep(HOLD_POLL_MS * 1000);
    }
    return true;
}

static bool set_up(struct script *script, struct web *web)
{
    const struct client_options options = {
        .web = web,
        .token = script->profile->token,
        .ops = &ops,
        .context = script,
        .is_never_ws = script->options->is_never_ws,
    };

    if (!hold_outbox(script)) {
        return false;
    }
    if (client_create(&options, &script->client) != ERR_OK ||
            sender_create(script->client, script->outbox, says, NULL, &script->sender) != ERR_OK) {
        complain("%s", outbox_reason(script->outbox));
        script->code = EXIT_FAILED;
        return false;
    }
    return true;
}

// The end of input is an end without delay: nothing was asked for.
static bool wait_for_input(struct script *script)
{
    while (!script->input.is_ended && script->input.data.bytes == 0) {
        struct pollfd watched = { script->input.fd, POLLIN, 0 };
        (void)poll(&watched, 1, -1);
        input_read(&script->input);
    }
    return script->input.data.bytes > 0;
}

static int watch_signals(const struct script_options *options)
{
    sigset_t signals;

    if (!options->is_following) {
        return -1; // dying is safe, and what people expect
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void tear_down(struct script *script)
{
    client_destroy(script->client);
    LIST_EACH(node, &script->open) {
        request_destroy(LIST_OF(node, struct request, of_script));
    }
    LIST_EACH(node, &script->answered) {
        request_destroy(LIST_OF(node, struct request, of_script));
    }
    sender_destroy(script->sender);
    outbox_close(script->outbox);
    input_finish(&script->input);
    output_finish(&script->output);
    if (script->signal_fd >= 0) {
        close(script->signal_fd);
    }
}

enum exit_code script_run(struct profile *profile, struct web *web,
        const struct script_options *options)
{
    struct script script = {
        .options = options,
        .profile = profile,
        .input = { .fd = STDIN_FILENO },
        .signal_fd = watch_signals(options),
    };

    list_init(&script.open);
    list_init(&script.answered);
    output_init(&script.output, STDOUT_FILENO);
    if (wait_for_input(&script)) {
        script.began_ms = clock_monotonic_ms();
        if (set_up(&script, web)) {
            run(&script);
        }
    }
    tear_down(&script);
    return script.code;
}

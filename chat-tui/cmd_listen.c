// SPDX-License-Identifier: MIT
// chat-tui listen: messages as they come, acknowledged when they are printed.

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "output.h"
#include "shared/cli/text.h"
#include "shared/client/client.h"
#include "shared/clock.h"
#include "shared/name.h"

#define ACK_GRACE_MS 5000 // for the last acknowledgement, when the time is up

struct listen {
    const struct arguments *arguments;
    struct client *client;
    struct output output;
    const char *server;
    uint64_t count;                    // printed
    int64_t heard_ms;                  // the last message
    uint64_t unwritten;                // place in the output of the last printed
    char cursor[CURSOR_BYTES_MAX + 1]; // to be acknowledged when the output is written; or ""
    bool is_subscribed;
    bool is_over;
    bool is_told;
    enum exit_code code;
};

static void end(struct listen *listen, enum exit_code code)
{
    listen->is_over = true;
    listen->code = code;
}

static void on_subscribed(void *context, const struct json *answer)
{
    if (json_get(answer, "error") != NULL) {
        end(context, complain_of("listening", answer));
    }
}

static void on_up(void *context, const char *transport)
{
    struct listen *listen = context;

    (void)transport;
    listen->is_told = false;
    if (!listen->is_subscribed &&
            !client_subscribe(listen->client, bytes_of("unread"), bytes_of("[\"message\"]"),
                    on_subscribed, listen)) {
        end(listen, EXIT_FAILED);
    }
    listen->is_subscribed = true;
}

static void on_down(void *context, const char *why, int64_t retry_in_ms)
{
    struct listen *listen = context;

    (void)retry_in_ms;
    if (!listen->is_told) {
        complain("%s: %s; trying on", listen->server, why);
    }
    listen->is_told = true;
}

static void on_refused(void *context, const char *why)
{
    struct listen *listen = context;

    complain("%s: %s (chat-tui login makes a new token)", listen->server, why);
    end(listen, EXIT_NOT_ALLOWED);
}

// "TIME FROM: text", further lines of the text indented.
static void print_plain(struct listen *listen, const struct json *message)
{
    struct bytes from = { "", 0 }, ts = { "", 0 }, text = { "", 0 };
    struct buffer line = { 0 };

    json_read_string(json_get(message, "from"), &from);
    json_read_string(json_get(message, "ts"), &ts);
    json_read_string(json_get(message, "text"), &text);
    text_add_safely(&line, ts);
    buffer_add_byte(&line, ' ');
    text_add_safely(&line, from);
    buffer_add_literal(&line, ": ");
    text_add_lines(&line, text, "    ");
    listen->unwritten =
            output_line(&listen->output, (struct bytes){ line.data, (uint32_t)line.bytes });
    buffer_finish(&line);
}

static void print_json(struct listen *listen, const struct json *message)
{
    struct buffer line = { 0 };

    json_dump(message, &line);
    listen->unwritten =
            output_line(&listen->output, (struct bytes){ line.data, (uint32_t)line.bytes });
    buffer_finish(&line);
}

static bool is_wanted(const struct listen *listen, const struct json *message)
{
    struct bytes from = { "", 0 }, kind;
    const char *only = listen->arguments->from;

    json_read_string(json_get(message, "from"), &from);
    if (json_read_string(json_get(message, "kind"), &kind) &&
            !bytes_equal(kind, bytes_of("text"))) {
        return false; // an edit or a delete: nothing that was said
    }
    if (only != NULL) {
        return bytes_equal(from, bytes_of(only));
    }
    return !bytes_equal(from, name_bytes(&client_identity(listen->client)->user));
}

static void on_message(struct listen *listen, const struct json *message)
{
    uint64_t most = listen->arguments->count;
    struct bytes cursor;

    if (most > 0 && listen->count == most) {
        return; // not printed, not acknowledged: it comes again next time
    }
    if (is_wanted(listen, message)) {
        if (listen->arguments->is_json) {
            print_json(listen, message);
        } else {
            print_plain(listen, message);
        }
        listen->count++;
        listen->heard_ms = clock_monotonic_ms();
    }
    if (json_read_string(json_get(message, "cursor"), &cursor) && cursor.size <= CURSOR_BYTES_MAX) {
        snprintf(listen->cursor, sizeof(listen->cursor), "%.*s", (int)cursor.size, cursor.data);
    }
}

static void on_event(void *context, struct bytes text, const struct json *root)
{
    struct listen *listen = context;
    struct bytes method = { "", 0 }, event = { "", 0 };

    (void)text;
    json_read_string(json_get(root, "method"), &method);
    json_read_string(json_get(json_get(root, "params"), "event"), &event);
    if (bytes_equal(method, bytes_of("message"))) {
        on_message(listen, json_get(root, "params"));
    } else if (bytes_equal(event, bytes_of("replaced"))) {
        complain(
                "another program of this device listens now (a consumer of its own, with --consumer, "
                "would not take turns)");
        end(listen, EXIT_REFUSED);
    }
}

static void on_reset(void *context, const char *cursor)
{
    (void)context;
    (void)cursor;
    complain(
            "the server was restored from a backup, or much was missed: what came meanwhile is in the "
            "history only");
}

static const struct client_ops ops = { on_up, on_down, on_refused, on_event, on_reset };

static void acknowledge_written(struct listen *listen)
{
    if (listen->cursor[0] == '\0' || listen->output.written < listen->unwritten) {
        return;
    }
    if (client_acknowledge(listen->client, bytes_of(listen->cursor), NULL, NULL)) {
        listen->cursor[0] = '\0';
    }
}

static bool is_complete(const struct listen *listen)
{
    return listen->arguments->count > 0 && listen->count >= listen->arguments->count;
}

static bool is_settled(const struct listen *listen)
{
    return listen->cursor[0] == '\0' && output_waiting(&listen->output) == 0 &&
            client_open_calls(listen->client) == 0;
}

static void run(struct listen *listen)
{
    const struct arguments *arguments = listen->arguments;
    int64_t wait_ms = arguments->wait_ms;

    client_start(listen->client);
    listen->heard_ms = clock_monotonic_ms();
    while (!listen->is_over && !(is_complete(listen) && is_settled(listen))) {
        struct pollfd own = output_watch(&listen->output);
        int64_t rest_ms = listen->heard_ms + wait_ms - clock_monotonic_ms();
        if (wait_ms >= 0 && rest_ms <= (is_settled(listen) ? 0 : -ACK_GRACE_MS)) {
            end(listen, arguments->count > 0 ? EXIT_TIMEOUT : EXIT_OK);
            return;
        }
        rest_ms = rest_ms < 10 ? 10 : rest_ms > 3600000 ? 3600000 : rest_ms;
        client_wait(listen->client, &own, 1, wait_ms >= 0 ? (int)rest_ms : -1);
        if ((own.revents & (POLLERR | POLLNVAL)) != 0 || listen->output.is_broken) {
            end(listen, EXIT_FAILED);
        }
        output_flush(&listen->output);
        acknowledge_written(listen);
        client_pause(listen->client, output_waiting(&listen->output) > 65536);
    }
}

enum exit_code cmd_listen(struct profile *profile, struct web *web,
        const struct arguments *arguments)
{
    struct listen listen = { .arguments = arguments, .server = profile->server };
    const struct client_options options = {
        .web = web,
        .token = profile->token,
        .ops = &ops,
        .context = &listen,
        .is_never_ws = arguments->is_never_ws,
    };

    if (arguments->from != NULL && !name_is_valid(bytes_of(arguments->from))) {
        complain("\"%s\" can't be a user's name", arguments->from);
        return EXIT_USAGE;
    }
    output_init(&listen.output, STDOUT_FILENO);
    if (client_create(&options, &listen.client) == ERR_OK) {
        run(&listen);
    } else {
        complain("no memory");
        listen.code = EXIT_FAILED;
    }
    client_destroy(listen.client);
    output_finish(&listen.output);
    return listen.code;
}

// SPDX-License-Identifier: MIT
// chat-tui send: one message, stored when the command ends with 0.
//
// It goes into the outbox first, like everything; whoever holds the outbox sends it: this process,
// or one that runs already.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "shared/client/client.h"
#include "shared/client/outbox.h"
#include "shared/client/sender.h"
#include "shared/clock.h"
#include "shared/limits.h"
#include "shared/name.h"
#include "shared/random.h"

#define LOOK_MS 50 // for the answer of the other process

struct send {
    const struct arguments *arguments;
    struct outbox *outbox;
    struct client *client; // NULL: another process sends
    struct sender *sender;
    const char *server;
    char request[24]; // what the row is called in the outbox
    struct json *answer;
    bool is_refused;
    bool is_told; // that the server is not reached
    enum err err;
};

static void on_up(void *context, const char *transport)
{
    struct send *send = context;

    (void)transport;
    send->is_told = false;
    send->err = sender_up(send->sender);
}

static void on_down(void *context, const char *why, int64_t retry_in_ms)
{
    struct send *send = context;

    (void)retry_in_ms;
    if (!send->is_told) {
        complain("%s: %s; trying on", send->server, why);
    }
    send->is_told = true;
}

static void on_refused(void *context, const char *why)
{
    struct send *send = context;

    complain("%s: %s (chat-tui login makes a new token)", send->server, why);
    send->is_refused = true;
}

static void on_event(void *context, struct bytes text, const struct json *root)
{
    (void)context;
    (void)text;
    (void)root;
}

static void on_reset(void *context, const char *cursor)
{
    (void)context;
    (void)cursor;
}

static const struct client_ops ops = { on_up, on_down, on_refused, on_event, on_reset };

static void says(void *context, const char *sentence)
{
    (void)context;
    complain("%s", sentence);
}

// All of standard input, without the line end that a shell adds. False: said what is wrong.
static bool read_text(const char *operand, struct buffer *text)
{
    char chunk[4096];
    size_t bytes;

    if (strcmp(operand, "-") != 0) {
        buffer_add(text, operand, strlen(operand));
    } else {
        while ((bytes = fread(chunk, 1, sizeof(chunk), stdin)) > 0 &&
                text->bytes <= TEXT_BYTES_MAX) {
            buffer_add(text, chunk, bytes);
        }
        text->bytes -= text->bytes > 0 && text->data[text->bytes - 1] == '\n';
    }
    if (text->bytes == 0 || text->bytes > TEXT_BYTES_MAX) {
        complain("a message has 1 to %d bytes", TEXT_BYTES_MAX);
        return false;
    }
    return true;
}

static enum err put(struct send *send, const struct buffer *params)
{
    struct outbox_owner owner;
    enum err err = outbox_begin(send->outbox, &owner);
    const struct outbox_row row = {
        .counter = ++owner.counter,
        .method = bytes_of("message.send"),
        .peer = bytes_of(send->arguments->operands[1]),
        .params = { params->data, (uint32_t)params->bytes },
        .request = bytes_of(send->request),
        .is_handed_over = true,
    };

    if (err == ERR_OK) {
        err = outbox_add(send->outbox, &row);
    }
    if (err == ERR_OK) {
        err = outbox_write_owner(send->outbox, &owner);
    }
    if (err == ERR_OK) {
        return outbox_commit(send->outbox);
    }
    if (outbox_is_begun(send->outbox)) {
        outbox_abandon(send->outbox);
    }
    return err;
}

static bool start_sending(struct send *send, const struct profile *profile, struct web *web)
{
    const struct client_options options = {
        .web = web,
        .token = profile->token,
        .ops = &ops,
        .context = send,
        .is_never_ws = send->arguments->is_never_ws,
    };

    send->err = client_create(&options, &send->client);
    if (send->err == ERR_OK) {
        send->err = sender_create(send->client, send->outbox, says, NULL, &send->sender);
    }
    if (send->err == ERR_OK) {
        client_start(send->client);
    }
    return send->err == ERR_OK;
}

static void take_answer(void *context, struct bytes text)
{
    struct send *send = context;
    char reason[160];

    send->answer = json_parse(text.data, text.size, reason, sizeof(reason));
}

static void wait_a_little(struct send *send)
{
    int64_t wait_ms = LOOK_MS;

    if (send->client == NULL) {
        usleep(LOOK_MS * 1000);
        return;
    }
    int64_t due_ms = sender_deadline_ms(send->sender) - clock_monotonic_ms();
    wait_ms = due_ms < 0 ? 0 : due_ms < wait_ms ? due_ms : wait_ms;
    client_wait(send->client, NULL, 0, (int)wait_ms);
    if (send->err == ERR_OK) {
        send->err = sender_step(send->sender, clock_monotonic_ms());
    }
}

// Until there is an answer, or no time, or no hope.
static void drive(struct send *send, const struct profile *profile, struct web *web, int64_t end_ms)
{
    bool is_told = false;

    while (send->err == ERR_OK && !send->is_refused && clock_monotonic_ms() < end_ms &&
            !outbox_read_answer(send->outbox, bytes_of(send->request), take_answer, send)) {
        if (send->client == NULL && outbox_try_hold(send->outbox)) {
            (void)start_sending(send, profile, web);
        } else if (send->client == NULL && !is_told) {
            outbox_wake_holder(send->outbox);
            is_told = true;
        }
        wait_a_little(send);
    }
    if (send->answer == NULL && send->err == ERR_OK) {
        (void)outbox_read_answer(send->outbox, bytes_of(send->request), take_answer, send);
    }
}

static enum exit_code report(struct send *send)
{
    uint64_t seq = 0;

    if (send->answer == NULL && send->err != ERR_OK) {
        complain("%s", outbox_reason(send->outbox));
        return EXIT_FAILED;
    }
    if (send->answer == NULL) {
        bool is_taken_back = outbox_take_back(send->outbox, bytes_of(send->request));
        complain(is_taken_back
                        ? "not sent, and nothing is kept"
                        : "it may have been stored: it is in the outbox, and the next chat-tui "
                          "makes sure of it");
        return send->is_refused ? EXIT_NOT_ALLOWED : EXIT_TIMEOUT;
    }
    if (outbox_remove_answered(send->outbox, bytes_of(send->request)) != ERR_OK) {
        complain("%s", outbox_reason(send->outbox));
    }
    const struct json *result = json_get(send->answer, "result");
    if (result == NULL) {
        return complain_of("not sent", send->answer);
    }
    json_read_uint(json_get(result, "seq"), &seq);
    if (send->arguments->is_json) {
        struct buffer line = { 0 };
        json_dump(result, &line);
        printf("%.*s\n", (int)line.bytes, line.data);
        buffer_finish(&line);
    }
    return EXIT_OK;
}

enum exit_code cmd_send(struct profile *profile, struct web *web, const struct arguments *arguments)
{
    struct send send = { .arguments = arguments, .server = profile->server };
    struct buffer text = { 0 }, params = { 0 };
    enum exit_code code = EXIT_USAGE;

    if (!name_is_valid(bytes_of(arguments->operands[1]))) {
        complain("\"%s\" can't be a user's name", arguments->operands[1]);
    } else if (read_text(arguments->operands[2], &text)) {
        snprintf(send.request, sizeof(send.request), "send-%012" PRIx64, random_id());
        buffer_print(&params, "{\"to\":\"%s\",\"text\":", arguments->operands[1]);
        json_add_string(&params, (struct bytes){ text.data, (uint32_t)text.bytes });
        buffer_add_byte(&params, '}');
        send.err = buffer_is_whole(&params) ? outbox_open(profile->directory, &send.outbox)
                                            : ERR_MEMORY;
        if (send.err == ERR_OK) {
            send.err = put(&send, &params);
        }
        if (send.err == ERR_OK) {
            drive(&send, profile, web,
                    arguments->timeout_ms > 0 ? clock_monotonic_ms() + arguments->timeout_ms
                                              : INT64_MAX);
        }
        code = report(&send);
    }
    json_destroy(send.answer);
    client_destroy(send.client);
    sender_destroy(send.sender);
    outbox_close(send.outbox);
    buffer_finish(&text);
    buffer_finish(&params);
    return code;
}

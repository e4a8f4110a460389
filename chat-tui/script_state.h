// SPDX-License-Identifier: MIT
// The parts of chat-tui --json, for the files that make it: script.c (the loop, the client's
// words), script_requests.c (what the script asks).
//
// Owner: script_run(). Thread: one.

#pragma once

#include "input.h"
#include "output.h"
#include "request.h"
#include "script.h"
#include "shared/client/client.h"
#include "shared/client/sender.h"

struct script {
    const struct script_options *options;
    struct profile *profile;
    struct client *client;
    struct outbox *outbox;
    struct sender *sender;
    struct input input;
    struct output output;
    struct list open;     // struct request
    struct list answered; // struct request, by their place in the output
    unsigned open_count;
    size_t open_bytes;
    int64_t began_ms;
    int signal_fd;
    bool is_up; // was once
    bool is_refused;
    bool is_stopped; // a signal
    enum exit_code code;
};

// One line to standard output; the buffer is used up.
void script_write(struct script *script, struct buffer *line);
// The outbox can't be written: said, and it ends.
void script_fail_disk(struct script *script);
// One line of standard input, which is not blank.
void script_take_line(struct script *script, struct bytes text);

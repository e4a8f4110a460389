// SPDX-License-Identifier: MIT
// What chat-load was asked to do. Filled by main, read by the modes.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct options {
    const char *server; // HOST:PORT
    const char *tokens; // file of "user<TAB>token" lines
    const char *peer;   // history: whose conversation; NULL: the neighbour in the token file
    const char *from;   // subscribe from here; NULL: the mode's own choice
    pid_t pid;          // the server, 0: not measured
    double seconds;     // measured time
    double warmup;      // seconds before it
    double drain;       // seconds to wait for what is still under way at the end
    double rate;        // pairs, fill: messages a second over all users; 0: closed loop
    unsigned pairs;
    unsigned window;      // requests without an answer, per connection
    unsigned bytes;       // of a text
    unsigned ack_every;   // events; 0: a quarter of the told window
    unsigned connections; // 0: one for each token
    unsigned parallel;    // logins under way at once
    unsigned limit;       // history: messages a page
    uint64_t messages;    // fill: in each conversation
    bool hold;            // idle: stay until SIGTERM or the end of stdin
    bool spread;          // history: pages anywhere in the conversation, not only the newest
};

// Each returns the exit code: 0, or 1 when something went wrong that it has said on stderr.
int pairs_run(const struct options *options);
int fill_run(const struct options *options);
int idle_run(const struct options *options);
int polls_run(const struct options *options);
int resume_run(const struct options *options);
int history_run(const struct options *options);
int echo_run(const struct options *options);

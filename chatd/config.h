// SPDX-License-Identifier: MIT
// chatd's settings: one table drives the file's parser, the command line, the printed example and
// the check of chatd.conf(5).
//
// Owner: main. Read once at start and never changed; options override the file.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shared/check.h"
#include "shared/err.h"

struct config {
    char data[4096]; // one directory, or several with commas between
    char listen[280];
    char admin_socket[108];
    char tls_certificate[480];
    char tls_key[480];
    char plain_text_remote[8];
    char registration[16];
    char origins[1024];
    char admin_users[1024];
    char server_name[64];
    char log_level[16];
    uint64_t partitions;
    uint64_t log_tail_max;
    uint64_t log_segment_bytes;
    uint64_t connections_max;
    uint64_t connections_unauthenticated;
    uint64_t connections_per_source;
    uint64_t messages_per_second;
    uint64_t bytes_per_day;
    uint64_t stored_bytes_per_user;
    uint64_t retention_s; // 0: for ever
    uint64_t devices_per_user;
    uint64_t watches_per_user;
    char limit_loopback[8];
};

enum config_action { CONFIG_SERVE, CONFIG_CHECK, CONFIG_PRINT, CONFIG_HELP, CONFIG_VERSION };

// Defaults, then the file (if --config names one), then the options. On failure writes one plain
// sentence to reason: file and line, or the option.
enum err config_load(struct config *config, int argc, char **argv, enum config_action *action,
        char *reason, size_t reason_bytes) MUST_USE;

// An example file with every setting, its default and its sentence.
void config_print(FILE *out);
void config_help(FILE *out);

// "HOST:PORT" or "[V6]:PORT".
bool config_split_listen(const char *listen, char host[256], uint16_t *port);

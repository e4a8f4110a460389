// SPDX-License-Identifier: MIT
// A command of chatctl: "NOUN VERB", its arguments and what it does. One table (main.c) drives the
// parser, the help and the check of the manual.

#pragma once

#include <stdbool.h>

#include "rpc.h"

#define OPERANDS_MAX 64

struct arguments {
    const char *operands[OPERANDS_MAX];
    int operand_count;
    const char *state; // --state
    bool is_json;
    bool has_token;    // --token, --tokens
    bool is_dry_run;   // --dry-run
    bool has_password; // --password: asked for, or read from stdin
};

struct command {
    const char *noun;
    const char *verb; // NULL: the noun is the whole command
    const char *synopsis;
    int operands_min;
    int operands_max;
    const char *sentence;
    enum exit_code (*run)(const struct rpc *rpc, const struct arguments *arguments);
};

enum exit_code status_show(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_add(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_invite(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_import(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_list(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code presence_get(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code presence_list(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code presence_show_count(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code presence_follow(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code partition_list(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code partition_show(const struct rpc *rpc, const struct arguments *arguments);

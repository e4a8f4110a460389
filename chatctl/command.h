// SPDX-License-Identifier: MIT
// A command of chatctl: "NOUN VERB", its operands and options, and what it does. One table
// (command.c) drives the parser, the help at each level, the completion and the check of the
// manual.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rpc.h"

#define OPERANDS_MAX 64

struct arguments {
    const char *operands[OPERANDS_MAX];
    int operand_count;
    const char *admin_socket;
    const char *server;
    const char *token_file;
    const char *ca_file;
    const char *timeout; // seconds
    const char *config;
    const char *state;
    const char *revoke; // a device
    const char *to;     // a directory
    const char *drain;  // a directory
    const char *rate;   // MB a second
    const char *output; // a file
    const char *peer;   // a name
    const char *data;   // setup: a directory
    const char *listen; // ... HOST:PORT
    const char *host;   // ... a name
    const char *registration;
    const char *user;
    const char *connections; // numbers, perhaps with a unit: sizing.h
    const char *per_server;
    const char *messages_per_day;
    const char *bytes;
    const char *years;
    const char *shard_bytes;
    bool is_json;
    bool wants_help;
    bool wants_version;
    bool has_token;    // --token, --tokens
    bool has_password; // --password: asked for, or read from stdin
    bool is_dry_run;
    bool is_watching;
    bool is_sure; // --yes
    bool has_text;
    bool wants_tls;
};

// Which commands have an option: those that name it in their mask, or all.
enum option_use {
    USE_ALL = 0,
    USE_CONFIG = 1 << 0,
    USE_DRY_RUN = 1 << 1,
    USE_PASSWORD = 1 << 2,
    USE_PRESENCE_STATE = 1 << 3,
    USE_REVOKE = 1 << 4,
    USE_TOKEN = 1 << 5,
    USE_TOKENS = 1 << 6,
    USE_USER_STATE = 1 << 7,
    USE_WATCH = 1 << 8,
    USE_YES = 1 << 9,
    USE_DRAIN = 1 << 20,
    USE_RATE = 1 << 21,
    USE_TO = 1 << 22,
    USE_OUTPUT = 1 << 10,
    USE_PEER = 1 << 11,
    USE_TEXT = 1 << 12,
    USE_SIZING = 1 << 13,
    USE_SETUP = 1 << 14,
};

struct option {
    const char *word;
    enum option_use use;
    const char *value;       // what stands behind it, in capitals; NULL: a flag
    const char *choices;     // of the value, with spaces between; NULL: any
    const char *environment; // where the value comes from when the option is not given; may be NULL
    size_t offset;           // in struct arguments: a bool, or a string when there is a value
    const char *sentence;
};

struct command {
    const char *noun;
    const char *verb;     // NULL: the noun is the whole command
    const char *operands; // as the usage shows them
    int operands_min;
    int operands_max;
    unsigned options; // enum option_use
    const char *sentence;
    enum exit_code (*run)(const struct rpc *rpc, const struct arguments *arguments);
};

extern const struct command commands[];
extern const size_t command_count;
extern const struct option options[];
extern const size_t option_count;

// NULL: there is none. A noun without verbs takes any verb: it is an operand.
const struct command *command_find(const char *noun, const char *verb);
bool command_has_noun(const char *noun);
bool command_has_option(const struct command *command, const struct option *option);

// line.c. False: said what is wrong. *command stays NULL when --help, --version or nothing was
// asked for a command; *noun is then the noun to help with, or NULL.
bool line_read(int argc, char **argv, struct arguments *arguments, const struct command **command,
        const char **noun);

// help.c: of everything, of a noun, of a command.
void help_print(const char *noun, const struct command *command, bool is_json);
void help_usage(const struct command *command, char *text, size_t text_bytes);
enum exit_code help_show(const struct rpc *rpc, const struct arguments *arguments);

// completion.c
enum exit_code completion_show(const struct rpc *rpc, const struct arguments *arguments);

enum exit_code check_run(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code capacity_plan(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code capacity_show(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code history_export(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code history_import(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code history_verify(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code setup_run(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code status_show(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code trace_show(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_add(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_delete(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_devices(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_disable(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_enable(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_invite(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_import(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_list(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_passwd(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code retention_run(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code retention_show(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_retention(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code user_show(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code presence_get(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code presence_list(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code presence_show_count(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code presence_follow(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code partition_list(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code backup_create(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code backup_list(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code backup_restore(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code backup_verify(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code job_cancel(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code job_show(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code partition_move(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code partition_rebalance(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code partition_verify(const struct rpc *rpc, const struct arguments *arguments);
enum exit_code partition_show(const struct rpc *rpc, const struct arguments *arguments);

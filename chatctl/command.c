// SPDX-License-Identifier: MIT
#include "command.h"

#include <string.h>

#define FIELD(member) offsetof(struct arguments, member)

const struct option options[] = {
    { "--admin-socket", USE_ALL, "PATH", NULL, "CHATCTL_ADMIN_SOCKET", FIELD(admin_socket),
            "chatd's admin socket (default " ADMIN_SOCKET_DEFAULT ")" },
    { "--server", USE_ALL, "URL", NULL, "CHATCTL_SERVER", FIELD(server),
            "a chatd elsewhere, https://HOST:PORT, instead of the socket; needs --token-file" },
    { "--token-file", USE_ALL, "FILE", NULL, "CHATCTL_TOKEN_FILE", FIELD(token_file),
            "the token of an admin user, in a file of mode 0600" },
    { "--ca-file", USE_ALL, "FILE", NULL, "CHATCTL_CA_FILE", FIELD(ca_file),
            "PEM file of the certificates to trust, for one that is self-signed" },
    { "--timeout", USE_ALL, "SECS", NULL, NULL, FIELD(timeout),
            "give up on an answer after so many seconds (default 60)" },
    { "--json", USE_ALL, NULL, NULL, NULL, FIELD(is_json), "answers and errors as JSON" },
    { "--help", USE_ALL, NULL, NULL, NULL, FIELD(wants_help),
            "this, or help for NOUN or NOUN VERB" },
    { "--version", USE_ALL, NULL, NULL, NULL, FIELD(wants_version), "the version" },
    { "--config", USE_CONFIG, "FILE", NULL, NULL, FIELD(config),
            "chatd's settings, to be checked too" },
    { "--password", USE_PASSWORD, NULL, NULL, NULL, FIELD(has_password),
            "ask for a password, or read it from the first line of standard input" },
    { "--drain", USE_DRAIN, "DIR", NULL, NULL, FIELD(drain),
            "leave nothing in this directory, so that it can be taken away" },
    { "--rate", USE_RATE, "MB", NULL, NULL, FIELD(rate),
            "megabytes a second that are read, 0: as many as can be (default 67)" },
    { "--to", USE_TO, "DIR", NULL, NULL, FIELD(to), "where to" },
    { "--revoke", USE_REVOKE, "DEVICE", NULL, NULL, FIELD(revoke),
            "end this device's token and close its connections" },
    { "--output", USE_OUTPUT, "FILE", NULL, NULL, FIELD(output),
            "into a new file of mode 0600 instead of standard output" },
    { "--peer", USE_PEER, "USER", NULL, NULL, FIELD(peer), "only the conversation with this one" },
    { "--text", USE_TEXT, NULL, NULL, NULL, FIELD(has_text), "show the message's text, too" },
    { "--config", USE_SETUP, "FILE", NULL, NULL, FIELD(config),
            "the settings to write (default /etc/chatd/chatd.conf)" },
    { "--data", USE_SETUP, "DIR", NULL, NULL, FIELD(data), "where everything is kept" },
    { "--listen", USE_SETUP, "HOST:PORT", NULL, NULL, FIELD(listen), "for clients" },
    { "--host", USE_SETUP, "NAME", NULL, NULL, FIELD(host), "under which clients find it" },
    { "--registration", USE_SETUP, "WHO", "closed invite open", NULL, FIELD(registration),
            "who may make an account" },
    { "--user", USE_SETUP, "NAME", NULL, NULL, FIELD(user), "the first user" },
    { "--tls", USE_SETUP, NULL, NULL, NULL, FIELD(wants_tls),
            "a certificate also where only this machine can connect" },
    { "--connections", USE_SIZING, "N", NULL, NULL, FIELD(connections),
            "connections at once (default 500M); any of these may have K, M, G, T or P behind it" },
    { "--per-server", USE_SIZING, "N", NULL, NULL, FIELD(per_server),
            "connections of one server (default 50K)" },
    { "--messages-per-day", USE_SIZING, "N", NULL, NULL, FIELD(messages_per_day),
            "messages a day, of all (default 20G)" },
    { "--bytes", USE_SIZING, "N", NULL, NULL, FIELD(bytes), "bytes of a message (default 100)" },
    { "--years", USE_SIZING, "N", NULL, NULL, FIELD(years), "how long they are kept (default 5)" },
    { "--shard-bytes", USE_SIZING, "N", NULL, NULL, FIELD(shard_bytes),
            "bytes of a shard (default 4T)" },
    { "--state", USE_PRESENCE_STATE, "STATE", "online away offline", NULL, FIELD(state),
            "only those; offline is who is here and invisible" },
    { "--state", USE_USER_STATE, "STATE", "active disabled deleted invited", NULL, FIELD(state),
            "only those" },
    { "--token", USE_TOKEN, NULL, NULL, NULL, FIELD(has_token), "print a device token" },
    { "--tokens", USE_TOKENS, NULL, NULL, NULL, FIELD(has_token), "print a device token for each" },
    { "--watch", USE_WATCH, NULL, NULL, NULL, FIELD(is_watching),
            "again every second, until interrupted" },
    { "--yes", USE_YES, NULL, NULL, NULL, FIELD(is_sure), "do not ask" },
    { "--dry-run", USE_DRY_RUN, NULL, NULL, NULL, FIELD(is_dry_run),
            "only say what would be done" },
};

const size_t option_count = sizeof(options) / sizeof(options[0]);

const struct command commands[] = {
    { "setup", NULL, "", 0, 0, USE_SETUP | USE_YES | USE_DRY_RUN,
            "The first run: settings, a certificate, a first user and a test, by four questions.",
            setup_run },
    { "status", NULL, "", 0, 0, USE_WATCH, "Connections, log and partitions at a glance.",
            status_show },
    { "check", NULL, "", 0, 0, USE_CONFIG,
            "Look for what is wrong, and say how to mend it; exit code 8 if anything is.",
            check_run },
    { "user", "add", "NAME", 1, 1, USE_TOKEN | USE_PASSWORD | USE_DRY_RUN,
            "Add a user, with a device token, a password, both or neither.", user_add },
    { "user", "invite", "NAME", 1, 1, USE_DRY_RUN,
            "Reserve a name and print the code that registers it, once.", user_invite },
    { "user", "import", "FILE", 1, 1, USE_TOKENS | USE_DRY_RUN,
            "Add the users of a JSON Lines file {\"user\":NAME, \"password\"?:TEXT}; - is stdin.",
            user_import },
    { "user", "list", "", 0, 0, USE_USER_STATE, "All users, by name.", user_list },
    { "user", "show", "NAME", 1, 1, 0,
            "One user: state, devices, presence, why a login would fail.", user_show },
    { "user", "passwd", "NAME", 1, 1, USE_DRY_RUN,
            "Set a password, asked for twice or the first line of stdin; all devices must log in again.",
            user_passwd },
    { "user", "retention", "NAME KEEP", 2, 2, USE_DRY_RUN,
            "How long a user's copies of messages are kept: default, forever, or such as 90d.",
            user_retention },
    { "user", "disable", "NAME", 1, 1, USE_DRY_RUN,
            "Close a user's connections and refuse password and tokens, until enabled again.",
            user_disable },
    { "user", "enable", "NAME", 1, 1, USE_DRY_RUN, "Let a disabled user in again.", user_enable },
    { "user", "delete", "NAME", 1, 1, USE_YES | USE_DRY_RUN,
            "Delete a user for ever, after the name was typed once more.", user_delete },
    { "user", "devices", "NAME", 1, 1, USE_REVOKE | USE_DRY_RUN,
            "A user's devices; with --revoke, end one of them.", user_devices },
    { "retention", "show", "", 0, 0, 0, "How long messages are kept, and what has expired so far.",
            retention_show },
    { "retention", "run", "", 0, 0, 0, "Look for what has expired now, and wait for the end.",
            retention_run },
    { "presence", "get", "USER...", 1, OPERANDS_MAX, USE_WATCH,
            "Who of these is there, and since when they are not.", presence_get },
    { "presence", "list", "", 0, 0, USE_PRESENCE_STATE | USE_WATCH, "All who have a session.",
            presence_list },
    { "presence", "count", "", 0, 0, USE_WATCH, "How many are online, away and invisible.",
            presence_show_count },
    { "presence", "watch", "[USER...]", 0, OPERANDS_MAX, 0,
            "Print changes as they come, until interrupted.", presence_follow },
    { "partition", "list", "", 0, 0, 0, "All partitions that hold anything.", partition_list },
    { "partition", "show", "NUMBER", 1, 1, 0, "One partition.", partition_show },
    { "partition", "move", "NUMBER", 1, 1, USE_TO | USE_RATE | USE_DRY_RUN,
            "Move a partition's file to another directory of data, while it serves.",
            partition_move },
    { "partition", "rebalance", "", 0, 0, USE_DRAIN | USE_RATE | USE_DRY_RUN,
            "Move files until each directory of data holds its share, or one of them nothing.",
            partition_rebalance },
    { "partition", "verify", "[NUMBER]", 0, 1, USE_RATE,
            "Read every page of the partitions' files; exit code 8 if one is damaged.",
            partition_verify },
    { "backup", "create", "DIR", 1, 1, USE_RATE | USE_DRY_RUN,
            "Back up everything, as of one moment, into a new directory below DIR.",
            backup_create },
    { "backup", "list", "DIR", 1, 1, 0, "The backups below DIR.", backup_list },
    { "backup", "verify", "BACKUP", 1, 1, 0,
            "Read a backup and name what is damaged or missing; exit code 8 if anything is.",
            backup_verify },
    { "backup", "restore", "BACKUP", 1, 1, USE_TO | USE_DRY_RUN,
            "Make a new data directory of a backup.", backup_restore },
    { "job", "show", "", 0, 0, USE_WATCH, "The move, verification or backup that is at work.",
            job_show },
    { "job", "cancel", "", 0, 0, USE_DRY_RUN, "End it.", job_cancel },
    { "trace", NULL, "USER PEER SEQ", 3, 3, USE_TEXT,
            "The life of one message, in both copies; exit code 8 if they are not alike.",
            trace_show },
    { "history", "export", "USER", 1, 1, USE_PEER | USE_OUTPUT,
            "A user's conversations as JSON Lines with digests, to be imported again.",
            history_export },
    { "history", "import", "FILE", 1, 1, USE_DRY_RUN,
            "Write exported conversations again, where nothing is yet; may be run again.",
            history_import },
    { "history", "verify", "USER|FILE", 1, 1, 0,
            "Compute the digests again, of both copies or of a file; exit code 8 if one is wrong.",
            history_verify },
    { "capacity", "show", "", 0, 0, 0,
            "What this server holds, what a message costs, and how long the disk will last.",
            capacity_show },
    { "capacity", "plan", "", 0, 0, USE_SIZING,
            "From users, messages, bytes and years to servers, bandwidth, bytes and shards.",
            capacity_plan },
    { "completion", NULL, "SHELL", 1, 1, 0, "Print the completion file for a shell: bash.",
            completion_show },
    { "help", NULL, "[NOUN [VERB]]", 0, 2, 0, "What there is, or how one command is used.",
            help_show },
};

const size_t command_count = sizeof(commands) / sizeof(commands[0]);

const struct command *command_find(const char *noun, const char *verb)
{
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].noun, noun) == 0 &&
                (commands[i].verb == NULL ||
                        (verb != NULL && strcmp(commands[i].verb, verb) == 0))) {
            return &commands[i];
        }
    }
    return NULL;
}

bool command_has_noun(const char *noun)
{
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].noun, noun) == 0) {
            return true;
        }
    }
    return false;
}

bool command_has_option(const struct command *command, const struct option *option)
{
    return option->use == USE_ALL || (command->options & option->use) != 0;
}

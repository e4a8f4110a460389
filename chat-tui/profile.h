// SPDX-License-Identifier: MIT
// Which server, as whom, and where this device keeps its things. From the command line, else the
// configuration file, else what the last login left in the state directory.
//
// Files (XDG Base Directory Specification):
//   $XDG_CONFIG_HOME/chat-tui/config, keys   written by people only
//   $XDG_STATE_HOME/chat-tui/PROFILE/login   server, user, certificate of the last login
//   .../token, outbox.db                     0600
//   .../consumer-NAME/token, outbox.db       a named consumer's
//   .../token-HASH/outbox.db                 of a token file that was named

#pragma once

#include <stdbool.h>

#include "settings.h"
#include "shared/check.h"
#include "shared/cli/token_file.h"
#include "shared/client/web.h"
#include "shared/limits.h"

#define PATH_BYTES 400
#define SETTING_BYTES 300

struct profile {
    char server[SETTING_BYTES];
    char user[NAME_BYTES_MAX + 1];
    char ca_file[SETTING_BYTES];
    char fingerprint[FINGERPRINT_BYTES];
    char fingerprint_file[PATH_BYTES]; // where it was read
    char token_file[SETTING_BYTES];
    char password_cmd[SETTING_BYTES];
    char key_file[PATH_BYTES];
    struct settings settings;
    bool is_plain_text_ok;      // also to other machines
    char directory[PATH_BYTES]; // of this device, not made yet
    char token[TOKEN_BUFFER_BYTES];
};

struct profile_choice {
    const char *config; // NULL: the usual one
    const char *name;   // NULL: "default"
    const char *server; // NULL each: not said
    const char *user;
    const char *ca_file;
    const char *token_file;
};

// False: said what is wrong.
bool profile_read(const struct profile_choice *choice, struct profile *profile) MUST_USE;
// Reads the token, and with a named token file moves to its own directory. False: said why not, and
// what would help; *is_missing: there is none yet.
bool profile_read_token(struct profile *profile, bool *is_missing) MUST_USE;
// There is nothing to log in with: no token, and none was named.
bool profile_is_new(const struct profile *profile);
// The same for a named consumer: its directory, and its token if it has one.
bool profile_become_consumer(struct profile *profile, const char *name, bool *is_missing) MUST_USE;
// Writes a file of the device's directory, mode 0600, whole or not at all. False: said why.
bool profile_write(const struct profile *profile, const char *name, const char *text) MUST_USE;
// What login has to remember.
bool profile_write_login(const struct profile *profile) MUST_USE;
// NULL: said what is wrong with the server's address, or with sending a token there.
struct web *profile_open(const struct profile *profile) MUST_USE;

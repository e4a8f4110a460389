// SPDX-License-Identifier: MIT
#include "profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"
#include "config.h"
#include "shared/client/digest.h"
#include "shared/client/files.h"
#include "shared/name.h"

#define SERVER_DEFAULT "http://127.0.0.1:7480"

struct setting {
    const char *name;
    char *value;
    size_t bytes;
};

// The settings of one file, by name. NULL: there is none of that name.
static const struct setting *find_setting(struct profile *profile, const char *name,
        struct setting *found)
{
    const struct setting settings[] = {
        { "server", profile->server, sizeof(profile->server) },
        { "user", profile->user, sizeof(profile->user) },
        { "ca_file", profile->ca_file, sizeof(profile->ca_file) },
        { "fingerprint", profile->fingerprint, sizeof(profile->fingerprint) },
        { "token_file", profile->token_file, sizeof(profile->token_file) },
        { "password_cmd", profile->password_cmd, sizeof(profile->password_cmd) },
    };

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (strcmp(name, settings[i].name) == 0) {
            *found = settings[i];
            return found;
        }
    }
    return NULL;
}

// One line of the file that people write, or of what login has left.
static bool take_line(void *context, const char *name, const char *value, char *wrong,
        size_t wrong_bytes)
{
    struct profile *profile = context;
    struct setting setting;
    char must_be[200];

    if (strcmp(name, "plain_text_remote") == 0) {
        profile->is_plain_text_ok = strcmp(value, "yes") == 0;
        return true;
    }
    if (find_setting(profile, name, &setting) != NULL) {
        snprintf(wrong, wrong_bytes, "%s is too long", name);
        return (size_t)snprintf(setting.value, setting.bytes, "%s", value) < setting.bytes;
    }
    switch (settings_take(&profile->settings, name, value, must_be, sizeof(must_be))) {
    case SETTINGS_TAKEN:
        return true;
    case SETTINGS_WRONG:
        snprintf(wrong, wrong_bytes, "%s must be %s", name, must_be);
        return false;
    case SETTINGS_UNKNOWN:
        break;
    }
    snprintf(wrong, wrong_bytes, "there is no setting \"%s\" (see chat-tui(1))", name);
    return false;
}

// Where a kind of files goes: the variable's place, or one below the home directory.
static bool find_base(const char *variable, const char *below_home, char *out, size_t bytes)
{
    const char *place = getenv(variable), *home = getenv("HOME");

    if (place != NULL && *place == '/') {
        snprintf(out, bytes, "%s/chat-tui", place);
        return true;
    }
    if (home == NULL || *home != '/') {
        complain("neither %s nor HOME says where files go", variable);
        return false;
    }
    snprintf(out, bytes, "%s/%s/chat-tui", home, below_home);
    return true;
}

static bool set(char *out, size_t bytes, const char *value, const char *option)
{
    if (value != NULL && strlen(value) >= bytes) {
        complain("%s is too long", option);
        return false;
    }
    if (value != NULL) {
        snprintf(out, bytes, "%s", value);
    }
    return true;
}

// It lies beside the configuration file.
static bool find_key_file(struct profile *profile, const char *config)
{
    const char *slash = strrchr(config, '/');
    int directory = slash == NULL ? 0 : (int)(slash - config) + 1;

    if (snprintf(profile->key_file, sizeof(profile->key_file), "%.*skeys", directory, config) <
            (int)sizeof(profile->key_file)) {
        return true;
    }
    complain("%s: the path is too long", config);
    return false;
}

// Each of the two files may have it; the one that was read last counts.
static bool read_file(struct profile *profile, const char *path, const char *section,
        bool must_exist)
{
    char before[FINGERPRINT_BYTES];

    memcpy(before, profile->fingerprint, sizeof(before));
    profile->fingerprint[0] = '\0';
    bool is_read = config_read(path, section, must_exist, take_line, profile);
    if (profile->fingerprint[0] == '\0') {
        memcpy(profile->fingerprint, before, sizeof(before));
    } else {
        snprintf(profile->fingerprint_file, sizeof(profile->fingerprint_file), "%s", path);
    }
    return is_read;
}

bool profile_read(const struct profile_choice *choice, struct profile *profile)
{
    const char *name = choice->name != NULL ? choice->name : "default";
    char base[PATH_BYTES / 2], path[PATH_BYTES];

    *profile = (struct profile){ .server = SERVER_DEFAULT };
    settings_init(&profile->settings);
    if (!name_is_valid(bytes_of(name))) {
        complain("\"%s\" can't be a profile's name: letters, digits, '.', '_' and '-'", name);
        return false;
    }
    if (!find_base("XDG_STATE_HOME", ".local/state", base, sizeof(base))) {
        return false;
    }
    snprintf(profile->directory, sizeof(profile->directory), "%s/%s", base, name);
    snprintf(path, sizeof(path), "%s/%s/login", base, name);
    if (!read_file(profile, path, "default", false)) {
        return false;
    }
    if (choice->config == NULL && !find_base("XDG_CONFIG_HOME", ".config", base, sizeof(base))) {
        return false;
    }
    snprintf(path, sizeof(path), "%s/config", base);
    const char *config = choice->config != NULL ? choice->config : path;
    if (!find_key_file(profile, config) ||
            !read_file(profile, config, name, choice->config != NULL)) {
        return false;
    }
    return set(profile->server, sizeof(profile->server), choice->server, "--server") &&
            set(profile->user, sizeof(profile->user), choice->user, "--user") &&
            set(profile->ca_file, sizeof(profile->ca_file), choice->ca_file, "--ca-file") &&
            set(profile->token_file, sizeof(profile->token_file), choice->token_file,
                    "--token-file");
}

// False: said why.
static bool read_token(const char *path, char token[TOKEN_BUFFER_BYTES], bool *is_missing)
{
    char says[700];
    enum token_file_verdict verdict = token_file_read(path, token, says, sizeof(says));

    *is_missing = verdict == TOKEN_FILE_MISSING;
    if (verdict != TOKEN_FILE_GOOD) {
        complain("%s", says);
    }
    return verdict == TOKEN_FILE_GOOD;
}

static bool read_own_token(struct profile *profile, bool *is_missing)
{
    char path[PATH_BYTES + 16];
    struct stat status;

    snprintf(path, sizeof(path), "%s/token", profile->directory);
    *is_missing = stat(path, &status) != 0 && errno == ENOENT;
    return !*is_missing && read_token(path, profile->token, is_missing);
}

bool profile_read_token(struct profile *profile, bool *is_missing)
{
    char hash[DIGEST_TEXT_BYTES];

    if (profile->token_file[0] == '\0') {
        return read_own_token(profile, is_missing);
    }
    if (!read_token(profile->token_file, profile->token, is_missing)) {
        *is_missing = false; // it was named: nothing else will do
        return false;
    }
    digest_text(bytes_of(profile->token), hash);
    size_t length = strlen(profile->directory);
    snprintf(profile->directory + length, sizeof(profile->directory) - length, "/token-%.16s",
            hash);
    return true;
}

bool profile_is_new(const struct profile *profile)
{
    char path[PATH_BYTES + 16];

    snprintf(path, sizeof(path), "%s/token", profile->directory);
    return profile->token_file[0] == '\0' && profile->password_cmd[0] == '\0' &&
            access(path, F_OK) != 0;
}

bool profile_become_consumer(struct profile *profile, const char *name, bool *is_missing)
{
    size_t length = strlen(profile->directory);

    if (!name_is_valid(bytes_of(name))) {
        complain("\"%s\" can't be a consumer's name: letters, digits, '.', '_' and '-'", name);
        *is_missing = false;
        return false;
    }
    snprintf(profile->directory + length, sizeof(profile->directory) - length, "/consumer-%s",
            name);
    return read_own_token(profile, is_missing);
}

bool profile_write(const struct profile *profile, const char *name, const char *text)
{
    char path[PATH_BYTES + 32];

    snprintf(path, sizeof(path), "%s/%s", profile->directory, name);
    bool is_written = files_make_directory(profile->directory) && files_write(path, text);
    if (!is_written) {
        complain("can't write %s: %s", path, strerror(errno));
    }
    return is_written;
}

bool profile_write_login(const struct profile *profile)
{
    char text[4 * SETTING_BYTES];

    snprintf(text, sizeof(text),
            "# Written by chat-tui login. Your own settings go into the configuration file.\n"
            "server = %s\nuser = %s\nca_file = %s\nfingerprint = %s\n",
            profile->server, profile->user, profile->ca_file, profile->fingerprint);
    return profile_write(profile, "login", text);
}

struct web *profile_open(const struct profile *profile)
{
    const struct web_options options = {
        .server = profile->server,
        .ca_file = profile->ca_file[0] == '\0' ? NULL : profile->ca_file,
        .fingerprint = profile->fingerprint[0] == '\0' ? NULL : profile->fingerprint,
    };
    struct web *web = NULL;

    enum err err = web_create(&options, &web);
    if (err != ERR_OK) {
        complain(err == ERR_INVALID
                        ? "\"%s\" is no server address: https://HOST:PORT, or http://127.0.0.1:7480"
                        : "no memory to reach %s",
                profile->server);
        return NULL;
    }
    if (!address_keeps_secrets(web_address(web)) && !profile->is_plain_text_ok) {
        complain(
                "%s is on another machine and not encrypted: use https://, or say \"plain_text_remote = yes\" "
                "in the configuration file",
                profile->server);
        web_destroy(web);
        return NULL;
    }
    return web;
}

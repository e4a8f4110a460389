// SPDX-License-Identifier: MIT
// chat-tui login, and every other way to come to a token.

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "rpc.h"
#include "shared/cli/prompt.h"
#include "shared/cli/token_file.h"
#include "shared/name.h"

// Where there is a terminal, without showing it.
static bool read_password(const struct profile *profile, char password[PASSWORD_LINE_BYTES])
{
    char question[SETTING_BYTES + NAME_BYTES_MAX + 20];

    snprintf(question, sizeof(question), "password of %s at %s", profile->user, profile->server);
    if (!prompt_password(question, password)) {
        complain("no password: give it on the terminal, or as the first line of standard input");
        return false;
    }
    return true;
}

static bool copy_token(const struct json *answer, char token[TOKEN_BUFFER_BYTES])
{
    struct bytes text;

    if (!json_read_string(json_get(json_get(answer, "result"), "token"), &text) ||
            text.size > TOKEN_BYTES_MAX) {
        return false;
    }
    snprintf(token, TOKEN_BUFFER_BYTES, "%.*s", (int)text.size, text.data);
    return true;
}

// A token, or why there is none.
static enum exit_code ask_token(struct web *web, const char *bearer, const char *method,
        const struct buffer *params, const char *what, char token[TOKEN_BUFFER_BYTES])
{
    char reason[300];
    struct json *answer = rpc_ask(web, bearer, method, params, reason, sizeof(reason));
    enum exit_code code = EXIT_OK;

    if (answer == NULL) {
        complain("%s: %s", web_address(web)->url, reason);
        if (web_address(web)->is_tls && web_fingerprint_seen(web)[0] != '\0' &&
                !web_is_certificate_other(web)) { // else main() says more
            complain("its certificate has the SHA-256 %s: if that is the right one, put "
                     "\"fingerprint = ...\" into the configuration file",
                    web_fingerprint_seen(web));
        }
        return EXIT_UNREACHABLE;
    }
    if (!copy_token(answer, token)) {
        code = complain_of(what, answer);
    }
    json_destroy(answer);
    return code;
}

static bool keep_token(const struct profile *profile, const char *token)
{
    char line[TOKEN_BUFFER_BYTES + 1];

    snprintf(line, sizeof(line), "%s\n", token);
    bool is_kept = profile_write(profile, "token", line);
    explicit_bzero(line, sizeof(line));
    return is_kept;
}

enum exit_code login_with(struct profile *profile, struct web *web, const char *password,
        const char *label)
{
    char host[LABEL_BYTES_MAX + 1] = "chat-tui";
    struct buffer params = { 0 };

    if (label == NULL && gethostname(host, sizeof(host)) == 0) {
        host[sizeof(host) - 1] = '\0';
    }
    buffer_add_literal(&params, "{\"user\":");
    json_add_string(&params, bytes_of(profile->user));
    buffer_add_literal(&params, ",\"password\":");
    json_add_string(&params, bytes_of(password));
    buffer_add_literal(&params, ",\"device\":");
    json_add_string(&params, bytes_of(label != NULL ? label : host));
    buffer_add_byte(&params, '}');
    enum exit_code code = ask_token(web, NULL, "session.login", &params, "login", profile->token);
    explicit_bzero(params.data, params.bytes);
    buffer_finish(&params);
    if (code != EXIT_OK) {
        return code;
    }
    return keep_token(profile, profile->token) && profile_write_login(profile) ? EXIT_OK
                                                                               : EXIT_FAILED;
}

static bool has_user(const struct profile *profile)
{
    if (!name_is_valid(bytes_of(profile->user))) {
        complain(profile->user[0] == '\0' ? "who are you? --user NAME, or \"user\" in the "
                                            "configuration file"
                                          : "\"%s\" can't be a user's name",
                profile->user);
        return false;
    }
    return true;
}

enum exit_code cmd_login(struct profile *profile, struct web *web,
        const struct arguments *arguments)
{
    char password[PASSWORD_LINE_BYTES];

    if (profile->user[0] == '\0' && isatty(STDIN_FILENO) != 0) {
        (void)!prompt_ask("user", NULL, profile->user, sizeof(profile->user));
    }
    if (!has_user(profile) || !read_password(profile, password)) {
        return EXIT_USAGE;
    }
    enum exit_code code = login_with(profile, web, password, arguments->label);
    explicit_bzero(password, sizeof(password));
    if (code == EXIT_OK) {
        printf("logged in as %s at %s\n", profile->user, web_address(web)->url);
    }
    return code;
}

// The first line of what the command prints.
static enum exit_code login_with_command(struct profile *profile, struct web *web)
{
    char password[PASSWORD_LINE_BYTES];
    FILE *pipe = popen(profile->password_cmd, "re"); // NOLINT(cert-env33-c): the user's own command

    if (pipe == NULL || !prompt_read(pipe, password, sizeof(password))) {
        complain("password_cmd printed no password: %s", profile->password_cmd);
        if (pipe != NULL) {
            pclose(pipe);
        }
        return EXIT_FAILED;
    }
    pclose(pipe);
    enum exit_code code = login_with(profile, web, password, NULL);
    explicit_bzero(password, sizeof(password));
    return code;
}

static enum exit_code make_consumer(struct profile *profile, struct web *web, const char *bearer,
        const char *name)
{
    struct buffer params = { 0 };

    buffer_print(&params, "{\"label\":\"%s\",\"consumer\":true}", name);
    enum exit_code code =
            ask_token(web, bearer, "device.create", &params, "making the consumer", profile->token);
    buffer_finish(&params);
    if (code == EXIT_OK && !keep_token(profile, profile->token)) {
        code = EXIT_FAILED;
    }
    return code;
}

bool obtain_token(struct profile *profile, struct web *web, const struct arguments *arguments,
        enum exit_code *code)
{
    char bearer[TOKEN_BUFFER_BYTES];
    bool is_missing = false;

    *code = EXIT_NOT_ALLOWED;
    if (!profile_read_token(profile, &is_missing)) {
        if (is_missing && profile->password_cmd[0] != '\0' && has_user(profile)) {
            *code = login_with_command(profile, web);
        } else if (is_missing) {
            complain("nobody is logged in: chat-tui login --server URL --user NAME");
        }
        if (profile->token[0] == '\0') {
            return false;
        }
    }
    if (arguments->consumer == NULL) {
        return true;
    }
    memcpy(bearer, profile->token, sizeof(bearer));
    if (profile_become_consumer(profile, arguments->consumer, &is_missing)) {
        return true;
    }
    *code = is_missing ? make_consumer(profile, web, bearer, arguments->consumer) : EXIT_USAGE;
    explicit_bzero(bearer, sizeof(bearer));
    return *code == EXIT_OK;
}

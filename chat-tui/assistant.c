// SPDX-License-Identifier: MIT
#include "assistant.h"

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "rpc.h"
#include "shared/cli/prompt.h"
#include "shared/name.h"

// A certificate that nobody vouches for is shown, and remembered when the user knows it.
static bool accept_certificate(struct profile *profile, const struct web *web)
{
    const char *seen = web_fingerprint_seen(web);

    if (!web_address(web)->is_tls || seen[0] == '\0' || profile->fingerprint[0] != '\0') {
        return false;
    }
    fprintf(stderr,
            "\nThis server's certificate is signed by nobody whom this machine knows.\n"
            "Its SHA-256 is\n\n  %s\n\nCompare it with what the server's admin sees "
            "(openssl x509 -noout -fingerprint -sha256).\n",
            seen);
    if (!prompt_yes("Is it the same? It will be remembered (yes/no)")) {
        return false;
    }
    snprintf(profile->fingerprint, sizeof(profile->fingerprint), "%s", seen);
    return true;
}

// True: there is a chatd.
static bool greet(struct web *web, char *reason, size_t bytes)
{
    struct buffer params = { 0 };

    buffer_add_literal(&params, "{}");
    struct json *answer = rpc_ask(web, NULL, "ping", &params, reason, bytes);
    bool is_there = json_get(answer, "result") != NULL;
    if (answer != NULL && !is_there) {
        snprintf(reason, bytes, "something answers there, but it is no chatd");
    }
    json_destroy(answer);
    buffer_finish(&params);
    return is_there;
}

// NULL: the user gave up.
static struct web *find_server(struct profile *profile)
{
    char reason[300];

    while (prompt_ask("Server", profile->server, profile->server, sizeof(profile->server))) {
        for (int tries = 0; tries < 2; tries++) {
            struct web *web = profile_open(profile);
            if (web == NULL) {
                break; // said why
            }
            if (greet(web, reason, sizeof(reason))) {
                return web;
            }
            bool is_accepted = accept_certificate(profile, web);
            web_destroy(web);
            if (!is_accepted) {
                complain("%s: %s", profile->server, reason);
                break;
            }
        }
    }
    return NULL;
}

static bool ask_name(struct profile *profile)
{
    const char *usual = profile->user[0] != '\0' ? profile->user : NULL;

    while (prompt_ask("Your name there", usual, profile->user, sizeof(profile->user))) {
        if (name_is_valid(bytes_of(profile->user))) {
            return true;
        }
        complain(
                "a name has 1 to 32 of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit");
    }
    return false;
}

// A new account: the code that an admin gave, or none where registration is open.
static bool register_user(const struct profile *profile, struct web *web,
        char password[PASSWORD_LINE_BYTES])
{
    char invite[TOKEN_BYTES_MAX + 2] = "", again[PASSWORD_LINE_BYTES] = "", reason[300];
    struct buffer params = { 0 };

    if (!prompt_ask("Invite code (empty: none)", NULL, invite, sizeof(invite)) ||
            !prompt_password("A new password, at least 8 characters", password) ||
            !prompt_password("Once more", again)) {
        return false;
    }
    bool is_same = strcmp(password, again) == 0;
    explicit_bzero(again, sizeof(again));
    if (!is_same) {
        complain("the two are not the same");
        return false;
    }
    buffer_add_literal(&params, "{\"user\":");
    json_add_string(&params, bytes_of(profile->user));
    buffer_add_literal(&params, ",\"password\":");
    json_add_string(&params, bytes_of(password));
    if (invite[0] != '\0') {
        buffer_add_literal(&params, ",\"invite\":");
        json_add_string(&params, bytes_of(invite));
    }
    buffer_add_byte(&params, '}');
    struct json *answer = rpc_ask(web, NULL, "account.register", &params, reason, sizeof(reason));
    explicit_bzero(params.data, params.bytes);
    buffer_finish(&params);
    bool is_registered = json_get(answer, "result") != NULL;
    if (answer == NULL) {
        complain("%s: %s", profile->server, reason);
    } else if (!is_registered) {
        (void)complain_of("registering", answer);
    }
    json_destroy(answer);
    return is_registered;
}

static enum exit_code get_in(struct profile *profile, struct web *web)
{
    char password[PASSWORD_LINE_BYTES];
    enum exit_code code = EXIT_NOT_ALLOWED;

    for (int tries = 0; tries < 5 && code != EXIT_OK; tries++) {
        if (!prompt_password("Your password (empty: I have no account yet)", password)) {
            return EXIT_NOT_ALLOWED;
        }
        if (password[0] != '\0' || register_user(profile, web, password)) {
            code = login_with(profile, web, password, NULL);
        }
    }
    explicit_bzero(password, sizeof(password));
    return code;
}

enum exit_code assistant_run(struct profile *profile)
{
    fprintf(stderr,
            "Nobody is logged in yet. Four questions, then you are in; Ctrl+c leaves.\n"
            "(chatd runs nowhere yet? ./run starts one on this machine.)\n\n");
    struct web *web = find_server(profile);
    enum exit_code code = EXIT_UNREACHABLE;

    if (web != NULL) {
        code = ask_name(profile) ? get_in(profile, web) : EXIT_USAGE;
    }
    web_destroy(web);
    return code;
}

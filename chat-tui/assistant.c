// SPDX-License-Identifier: MIT
#include "assistant.h"

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "rpc.h"
#include "shared/cli/prompt.h"
#include "shared/name.h"
#include "trust.h"

#define PASSWORD_QUESTION "Your password (it is not shown; Enter alone: I have no account yet)"

// Only these two words decide.
static bool ask_yes_or_no(const char *question)
{
    char answer[16] = "";

    while (prompt_ask(question, NULL, answer, sizeof(answer))) {
        if (strcmp(answer, "yes") == 0 || strcmp(answer, "no") == 0) {
            return answer[0] == 'y';
        }
        complain("please type yes or no");
    }
    return false;
}

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
    if (!ask_yes_or_no("Is it the same? It will be remembered (yes/no)")) {
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

// NULL: it is not there, which was said.
static struct web *try_server(struct profile *profile)
{
    bool is_accepted = false;
    char reason[300];

    for (int tries = 0; tries < 2; tries++) {
        struct web *web = profile_open(profile);
        if (web == NULL || greet(web, reason, sizeof(reason))) {
            return web;
        }
        is_accepted = tries == 0 && accept_certificate(profile, web);
        if (!is_accepted && web_is_certificate_other(web)) {
            trust_complain(profile, web);
        } else if (!is_accepted) {
            complain("%s: %s", profile->server, reason);
        }
        web_destroy(web);
        if (!is_accepted) {
            break;
        }
    }
    return NULL;
}

// NULL: the user gave up.
static struct web *find_server(struct profile *profile)
{
    char known[FINGERPRINT_BYTES];

    memcpy(known, profile->fingerprint, sizeof(known));
    while (prompt_ask("Server", profile->server, profile->server, sizeof(profile->server))) {
        struct web *web = try_server(profile);
        if (web != NULL) {
            return web;
        }
        memcpy(profile->fingerprint, known, sizeof(known)); // the next one has its own
    }
    return NULL;
}

static bool ask_name(struct profile *profile)
{
    const char *usual = profile->user[0] != '\0' ? profile->user : NULL;
    char name[SETTING_BYTES];

    while (prompt_ask("Your name there", usual, name, sizeof(name))) {
        if (name_is_valid(bytes_of(name))) {
            memcpy(profile->user, name, strlen(name) + 1);
            return true;
        }
        complain(
                "a name has 1 to 32 of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit");
    }
    return false;
}

// Typed twice, and long enough. False: the user gave up.
static bool ask_new_password(char password[PASSWORD_LINE_BYTES])
{
    char again[PASSWORD_LINE_BYTES] = "";
    bool is_good = false;

    while (!is_good && prompt_password("A new password, at least 8 characters", password)) {
        if (strlen(password) < PASSWORD_BYTES_MIN) {
            complain("that is too short");
            continue;
        }
        if (!prompt_password("Once more", again)) {
            break;
        }
        is_good = strcmp(password, again) == 0;
        if (!is_good) {
            complain("the two are not the same");
        }
    }
    explicit_bzero(again, sizeof(again));
    return is_good;
}

enum outcome { OUTCOME_IN, OUTCOME_REFUSED, OUTCOME_UNREACHABLE, OUTCOME_LEFT };

// Why there is no account, and what the user can do about it.
static void explain_refusal(const struct profile *profile, const struct json *answer)
{
    enum exit_code code = complain_of("no account", answer);
    const char *name = profile->user;

    if (code == EXIT_NOT_ALLOWED) {
        fprintf(stderr,
                "\nThe admin of the server can let you in with one of these:\n\n"
                "  chatctl user add %s --password    an account: type its password here\n"
                "  chatctl user invite %s            an invite for this name, where registration\n"
                "      is by invite: press Enter for the password and type the code here\n\n"
                "When that is done go on here, now or another time; Ctrl+c leaves.\n\n",
                name, name);
    } else if (code == EXIT_REFUSED) {
        fprintf(stderr,
                "If %s is you, keep the name and type your password; else choose another name.\n",
                name);
    }
}

// account.register. NULL: said why there is no answer.
static struct json *ask_account(const struct profile *profile, struct web *web, const char *invite,
        const char *password)
{
    struct buffer params = { 0 };
    char reason[300];

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
    if (answer == NULL) {
        complain("%s: %s", profile->server, reason);
    }
    return answer;
}

// One letter is never enough: what is refused before that would be refused anyway, and nobody needs
// to think of a password for it.
static enum outcome ask_whether(const struct profile *profile, struct web *web, const char *invite)
{
    struct json *answer = ask_account(profile, web, invite, "x");
    enum outcome outcome = answer == NULL ? OUTCOME_UNREACHABLE : OUTCOME_IN;
    struct bytes kind = { "", 0 };

    json_read_string(json_get(json_get(json_get(answer, "error"), "data"), "kind"), &kind);
    if (bytes_equal(kind, bytes_of("forbidden"))) {
        explain_refusal(profile, answer);
        outcome = OUTCOME_REFUSED;
    }
    json_destroy(answer);
    return outcome;
}

// A new account: with the code that an admin gave, or none where registration is open.
static enum outcome register_user(const struct profile *profile, struct web *web,
        char password[PASSWORD_LINE_BYTES])
{
    char invite[TOKEN_BYTES_MAX + 2] = "";

    if (!prompt_ask("Invite code (Enter alone: none)", NULL, invite, sizeof(invite))) {
        return OUTCOME_LEFT;
    }
    enum outcome outcome = ask_whether(profile, web, invite);
    if (outcome != OUTCOME_IN) {
        return outcome;
    }
    if (!ask_new_password(password)) {
        return OUTCOME_LEFT;
    }
    struct json *answer = ask_account(profile, web, invite, password);
    if (answer == NULL) {
        outcome = OUTCOME_UNREACHABLE;
    } else if (json_get(answer, "result") == NULL) {
        explain_refusal(profile, answer);
        outcome = OUTCOME_REFUSED;
    }
    json_destroy(answer);
    return outcome;
}

static enum outcome log_in(struct profile *profile, struct web *web, const char *password)
{
    enum exit_code code = login_with(profile, web, password, NULL);

    return code == EXIT_OK             ? OUTCOME_IN
            : code == EXIT_UNREACHABLE ? OUTCOME_UNREACHABLE
                                       : OUTCOME_REFUSED;
}

// As often as it takes; the name can be changed each time.
static enum outcome get_in(struct profile *profile, struct web *web)
{
    char password[PASSWORD_LINE_BYTES] = "";
    enum outcome outcome = OUTCOME_REFUSED;

    while (outcome == OUTCOME_REFUSED) {
        if (!ask_name(profile) || !prompt_password(PASSWORD_QUESTION, password)) {
            outcome = OUTCOME_LEFT;
            break;
        }
        outcome = password[0] == '\0' ? register_user(profile, web, password) : OUTCOME_IN;
        if (outcome == OUTCOME_IN) {
            outcome = log_in(profile, web, password);
        }
    }
    explicit_bzero(password, sizeof(password));
    return outcome;
}

enum exit_code assistant_run(struct profile *profile)
{
    enum outcome outcome = OUTCOME_UNREACHABLE;
    struct web *web = NULL;

    fprintf(stderr,
            "Nobody is logged in yet. A few questions, then you are in; Ctrl+c leaves.\n"
            "(chatd runs nowhere yet? ./run starts one on this machine.)\n\n");
    while (outcome == OUTCOME_UNREACHABLE && (web = find_server(profile)) != NULL) {
        outcome = get_in(profile, web);
        web_destroy(web);
    }
    return outcome == OUTCOME_IN             ? EXIT_OK
            : outcome == OUTCOME_UNREACHABLE ? EXIT_UNREACHABLE
                                             : EXIT_NOT_ALLOWED;
}

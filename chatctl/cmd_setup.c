// SPDX-License-Identifier: MIT
// setup: from nothing to a server that has carried a message both ways. What is there already is
// kept, so it can be run again.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chatd_process.h"
#include "output.h"
#include "selftest.h"
#include "setup.h"
#include "shared/limits.h"
#include "shared/random.h"
#include "user.h"

#define PASSWORD_LETTERS 20
#define TEST_MS_MAX 20000

struct first_run {
    struct setup setup;
    struct rpc rpc; // to the server that is set up
    struct chatd_process process;
    bool is_ours; // we started it, and end it
    char url[300], client_url[400];
    char password[PASSWORD_LETTERS + 1]; // of the first user; "": none was made
};

// In words that can be read out and typed: no 0, 1, l, o.
static void make_password(char password[PASSWORD_LETTERS + 1])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    unsigned char random[PASSWORD_LETTERS];

    random_fill(random, sizeof(random));
    for (int i = 0; i < PASSWORD_LETTERS; i++) {
        password[i] = letters[random[i] % (sizeof(letters) - 1)];
    }
    password[PASSWORD_LETTERS] = '\0';
}

static void tell(const struct first_run *run, const char *what, const char *text)
{
    if (!run->rpc.is_json) {
        printf("%-12s %s\n", what, text);
    }
}

static void show_plan(const struct setup *setup)
{
    struct buffer line = { 0 };

    if (setup->rpc->is_json) {
        output_field(&line, "config", bytes_of(setup->config));
        output_field(&line, "data", bytes_of(setup->data));
        output_field(&line, "listen", bytes_of(setup->listen));
        output_field(&line, "host", bytes_of(setup->host));
        output_field(&line, "registration", bytes_of(setup->registration));
        output_field(&line, "user", bytes_of(setup->user));
        buffer_print(&line, ",\"dry_run\":true,\"there\":%s,\"tls\":%s}",
                setup->is_there ? "true" : "false", setup->has_tls ? "true" : "false");
        output_line(&line);
        return;
    }
    printf("%s %s: data %s, listen %s, registration %s\n",
            setup->is_there ? "would keep" : "would write", setup->config, setup->data,
            setup->listen, setup->registration);
    if (setup->has_tls) {
        printf("%s %s and %s\n",
                access(setup->certificate, F_OK) == 0 ? "would keep"
                                                      : "would make a certificate and its key,",
                setup->certificate, setup->key);
    }
    if (setup->user[0] != '\0') {
        printf("would add the user %s, with a password that is shown once\n", setup->user);
    }
    printf("would send a message over a WebSocket and over long poll, as a test\n");
}

// One that is there already, or one of our own for the time of the test.
static enum exit_code find_server(struct first_run *run)
{
    struct setup *setup = &run->setup;
    struct rpc_failure failure;
    struct json *root;
    const struct json *status;
    char says[2000];

    if (rpc_ask(&run->rpc, "admin.status", NULL, &root, &status, &failure) == EXIT_OK) {
        json_destroy(root);
        run->process.port = (unsigned)strtoul(strrchr(setup->listen, ':') + 1, NULL, 10);
        tell(run, "server", "runs already");
        return EXIT_OK;
    }
    run->is_ours = chatd_process_start(&run->process, setup->config, setup->uid, setup->gid, says,
            sizeof(says));
    if (!run->is_ours) {
        complain(run->rpc.is_json, "failed", "chatd does not start: %s",
                says[0] == '\0' ? "is it installed?" : says);
        return EXIT_FAILED;
    }
    return EXIT_OK;
}

// How we reach it, and how clients do.
static void name_urls(struct first_run *run)
{
    const struct setup *setup = &run->setup;
    const char *scheme = setup->has_tls ? "https" : "http";
    const char *colon = strrchr(setup->listen, ':');
    int length = (int)(colon - setup->listen);
    bool is_any4 = strncmp(setup->listen, "0.0.0.0:", 8) == 0;
    bool is_any6 = strncmp(setup->listen, "[::]:", 5) == 0;
    bool needs_brackets = strchr(setup->host, ':') != NULL;

    snprintf(run->url, sizeof(run->url), "%s://%.*s:%u", scheme,
            is_any4           ? 9
                    : is_any6 ? 5
                              : length,
            is_any4           ? "127.0.0.1"
                    : is_any6 ? "[::1]"
                              : setup->listen,
            run->process.port);
    snprintf(run->client_url, sizeof(run->client_url), "%s://%s%s%s:%u", scheme,
            needs_brackets ? "[" : "", setup->host, needs_brackets ? "]" : "", run->process.port);
}

// With a token, which the caller's buffer takes, or with a password.
static enum exit_code add_user(const struct rpc *rpc, const char *name, const char *password,
        char *token, size_t token_bytes, struct rpc_failure *failure)
{
    struct buffer params = { 0 };
    struct json *root;
    const struct json *result;

    buffer_print(&params, "{\"user\":\"%s\",", name);
    if (password != NULL) {
        buffer_print(&params, "\"password\":\"%s\"}", password);
    } else {
        buffer_add_literal(&params, "\"tokens\":true,\"label\":\"self-test\"}");
    }
    enum exit_code code = rpc_ask(rpc, "admin.user.add", &params, &root, &result, failure);
    explicit_bzero(params.data, params.bytes);
    buffer_finish(&params);
    if (code == EXIT_OK) {
        struct bytes found = output_text(result, "token");
        snprintf(token, token_bytes, "%.*s", (int)found.size, found.data);
        json_destroy(root);
    }
    return code;
}

static void delete_user(const struct rpc *rpc, const char *name)
{
    struct json *root;
    const struct json *result;

    if (user_call(rpc, "admin.user.delete", name, &root, &result) == EXIT_OK) {
        json_destroy(root);
    }
}

// Two users of its own, who are gone afterwards.
static enum exit_code test_server(struct first_run *run)
{
    char names[2][40], tokens[2][TOKEN_BYTES_MAX + 1], reason[400];
    struct rpc_failure failure = { 0 };
    uint64_t id = random_id();
    enum exit_code code = EXIT_OK;
    int made = 0;

    for (; code == EXIT_OK && made < 2; made++) {
        snprintf(names[made], sizeof(names[made]), "self-test-%012" PRIx64 "-%d", id, made + 1);
        code = add_user(&run->rpc, names[made], NULL, tokens[made], sizeof(tokens[made]), &failure);
    }
    if (code != EXIT_OK) {
        made--;
        complain(run->rpc.is_json, failure.kind, "self-test: %s", failure.message);
    }
    for (int way = 0; code == EXIT_OK && way < 2; way++) {
        const struct selftest test = {
            .server = run->url,
            .fingerprint = run->setup.has_tls ? run->setup.fingerprint : NULL,
            .sender_token = tokens[0],
            .receiver_token = tokens[1],
            .receiver = names[1],
            .timeout_ms = run->rpc.timeout_ms < TEST_MS_MAX ? run->rpc.timeout_ms : TEST_MS_MAX,
            .is_poll = way == 1,
        };
        const char *name = way == 0 ? "WebSocket" : "long poll";
        if (selftest_run(&test, reason, sizeof(reason))) {
            tell(run, "self-test",
                    way == 0 ? "a message went over a WebSocket" : "a message went over long poll");
        } else {
            complain(run->rpc.is_json, "check", "self-test over %s at %s: %s", name, run->url,
                    reason);
            code = EXIT_CHECK_FAILED;
        }
    }
    for (int i = 0; i < made; i++) {
        delete_user(&run->rpc, names[i]);
    }
    return code;
}

static enum exit_code add_first_user(struct first_run *run)
{
    struct rpc_failure failure = { 0 };
    char token[TOKEN_BYTES_MAX + 1];

    if (run->setup.user[0] == '\0') {
        return EXIT_OK;
    }
    make_password(run->password);
    enum exit_code code =
            add_user(&run->rpc, run->setup.user, run->password, token, sizeof(token), &failure);
    if (code != EXIT_OK) {
        run->password[0] = '\0';
    }
    if (code != EXIT_OK && strcmp(failure.kind, "exists") != 0) {
        complain(run->rpc.is_json, failure.kind, "%s: %s", run->setup.user, failure.message);
        return code;
    }
    return EXIT_OK;
}

static void show_user(const struct first_run *run)
{
    const struct setup *setup = &run->setup;

    if (setup->user[0] == '\0') {
        printf("\nadd users: chatctl --admin-socket %s user add NAME --password\n",
                setup->admin_socket);
    } else if (run->password[0] != '\0') {
        printf("\nthe user %s has the password %s (it is shown only now)\n", setup->user,
                run->password);
    } else {
        printf("\nthe user %s is there already\n", setup->user);
    }
    printf("\non the client, once:\n  chat-tui --server %s --user %s login\n", run->client_url,
            setup->user[0] == '\0' ? "NAME" : setup->user);
    if (setup->has_tls) {
        printf("  its certificate, if nobody else has signed it, is known by this fingerprint:\n"
               "  fingerprint = %s\n"
               "  (a line of chat-tui's configuration file; without a command chat-tui asks for "
               "it)\n",
                setup->fingerprint);
    }
}

static void show_result(const struct first_run *run)
{
    const struct setup *setup = &run->setup;
    bool has_systemd = access("/run/systemd/system", F_OK) == 0;
    bool is_usual = strcmp(setup->config, SETUP_CONFIG_DEFAULT) == 0;
    struct buffer line = { 0 };

    if (run->rpc.is_json) {
        output_field(&line, "config", bytes_of(setup->config));
        output_field(&line, "url", bytes_of(run->client_url));
        output_field(&line, "admin_socket", bytes_of(setup->admin_socket));
        if (setup->has_tls) {
            output_field(&line, "fingerprint", bytes_of(setup->fingerprint));
        }
        if (run->password[0] != '\0') {
            output_field(&line, "user", bytes_of(setup->user));
            output_field(&line, "password", bytes_of(run->password));
        }
        buffer_print(&line, ",\"written\":%s,\"websocket\":true,\"long_poll\":true,\"running\":%s}",
                setup->is_there ? "false" : "true", run->is_ours ? "false" : "true");
        output_line(&line);
        return;
    }
    if (run->is_ours && has_systemd && is_usual) {
        printf("\nstart it:\n  systemctl enable --now chatd\n");
    } else if (run->is_ours) {
        printf("\nstart it:\n  chatd --config %s\n", setup->config);
    }
    if (strcmp(setup->admin_socket, ADMIN_SOCKET_DEFAULT) != 0) {
        printf("\nadministrate it:\n  export CHATCTL_ADMIN_SOCKET=%s\n  chatctl check\n",
                setup->admin_socket);
    }
    show_user(run);
}

static enum exit_code run_all(struct first_run *run)
{
    enum exit_code code = setup_write(&run->setup);

    if (code != EXIT_OK) {
        return code;
    }
    tell(run, "settings", run->setup.config);
    if (run->setup.has_tls) {
        tell(run, "certificate", run->setup.certificate);
    }
    code = find_server(run);
    if (code != EXIT_OK) {
        return code;
    }
    name_urls(run);
    code = test_server(run);
    if (code == EXIT_OK) {
        code = add_first_user(run);
    }
    if (run->is_ours && !chatd_process_stop(&run->process) && code == EXIT_OK) {
        complain(run->rpc.is_json, "failed", "chatd did not end as it should");
        code = EXIT_FAILED;
    }
    return code;
}

enum exit_code setup_run(const struct rpc *rpc, const struct arguments *arguments)
{
    struct first_run run = { .setup = { .rpc = rpc, .arguments = arguments } };

    if (!arguments->is_sure && !arguments->is_dry_run && isatty(STDIN_FILENO) == 0 &&
            arguments->user == NULL) {
        complain(rpc->is_json, "usage",
                "there is nobody to ask: give --yes, and what is not as usual as options");
        return EXIT_USAGE;
    }
    enum exit_code code = setup_decide(&run.setup);
    if (code != EXIT_OK) {
        return code;
    }
    if (arguments->is_dry_run) {
        show_plan(&run.setup);
        return EXIT_OK;
    }
    run.rpc = *rpc;
    run.rpc.server = NULL;
    run.rpc.admin_socket = run.setup.admin_socket;
    code = run_all(&run);
    if (code == EXIT_OK) {
        show_result(&run);
    }
    explicit_bzero(run.password, sizeof(run.password));
    return code;
}

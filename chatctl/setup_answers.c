// SPDX-License-Identifier: MIT
#include "setup.h"

#include <arpa/inet.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "settings.h"
#include "shared/cli/prompt.h"
#include "shared/name.h"

static enum exit_code wrong(const struct setup *setup, const char *what)
{
    complain(setup->rpc->is_json, "usage", "%s", what);
    return EXIT_USAGE;
}

// An option, else what is asked for, else the usual. False: there is no answer.
static bool answer(const struct setup *setup, const char *given, const char *question,
        const char *usual, char *value, size_t bytes)
{
    if (given != NULL) {
        return snprintf(value, bytes, "%s", given) < (int)bytes;
    }
    if (setup->arguments->is_sure) {
        return snprintf(value, bytes, "%s", usual) < (int)bytes;
    }
    return prompt_ask(question, usual, value, bytes);
}

static bool is_loopback(const char *listen)
{
    return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]", 5) == 0 ||
            strncmp(listen, "localhost:", 10) == 0;
}

static bool is_listen(const char *listen)
{
    const char *colon = strrchr(listen, ':');
    char *end = NULL;
    unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, &end, 10);

    return colon != NULL && colon > listen && end != colon + 1 && *end == '\0' && port < 65536;
}

// Names and addresses of a certificate; nothing that means something to a shell or a file.
static bool is_host(const char *host)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  ".-:";

    return *host != '\0' && *host != '-' && strspn(host, allowed) == strlen(host);
}

static bool is_registration(const char *word)
{
    return strcmp(word, "closed") == 0 || strcmp(word, "invite") == 0 || strcmp(word, "open") == 0;
}

static bool is_path(const char *path)
{
    return path[0] == '/' && strpbrk(path, "\n\r,#=") == NULL;
}

// The address part of "HOST:PORT", without brackets.
static void host_of(const char *listen, char *host, size_t bytes)
{
    const char *colon = strrchr(listen, ':');
    size_t length = colon == NULL ? strlen(listen) : (size_t)(colon - listen);
    bool has_brackets = length > 2 && listen[0] == '[';

    snprintf(host, bytes, "%.*s", (int)(length - (has_brackets ? 2 : 0)), listen + has_brackets);
}

// The name to propose: of the machine, or the address itself where only this machine can come.
static void usual_host(const struct setup *setup, char *host, size_t bytes)
{
    host_of(setup->listen, host, bytes);
    bool is_any = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
    if (is_any && gethostname(host, bytes) != 0) {
        snprintf(host, bytes, "localhost");
    }
    host[bytes - 1] = '\0';
}

// Four questions, and a fifth thing that only matters off this machine.
static enum exit_code ask(struct setup *setup)
{
    const struct arguments *given = setup->arguments;
    char host[256];

    if (!answer(setup, given->data, "Where everything is kept (a directory)", "/var/lib/chatd",
                setup->data, sizeof(setup->data)) ||
            !is_path(setup->data)) {
        return wrong(setup, "--data must be a directory's path that begins with a slash");
    }
    if (!answer(setup, given->listen,
                "Address and port for clients (0.0.0.0:7480: everybody who can reach this machine)",
                "127.0.0.1:7480", setup->listen, sizeof(setup->listen)) ||
            !is_listen(setup->listen)) {
        return wrong(setup, "--listen must be HOST:PORT, such as 127.0.0.1:7480");
    }
    setup->is_loopback = is_loopback(setup->listen);
    usual_host(setup, host, sizeof(host));
    if (setup->is_loopback) {
        snprintf(setup->host, sizeof(setup->host), "%s", given->host == NULL ? host : given->host);
    } else if (!answer(setup, given->host, "Name or address under which clients find it", host,
                       setup->host, sizeof(setup->host))) {
        return wrong(setup, "--host is missing");
    }
    if (!is_host(setup->host)) {
        return wrong(setup, "--host must be a name or an address, such as chat.example.org");
    }
    if (!answer(setup, given->registration, "Who may make an account: closed, invite or open",
                "closed", setup->registration, sizeof(setup->registration)) ||
            !is_registration(setup->registration)) {
        return wrong(setup, "--registration must be closed, invite or open");
    }
    if (!answer(setup, given->user, "Name of the first user (empty: none)", "", setup->user,
                sizeof(setup->user))) {
        return wrong(setup, "--user is missing");
    }
    setup->has_tls = !setup->is_loopback || given->wants_tls;
    return EXIT_OK;
}

static bool differs(const char *given, const char *found)
{
    return given != NULL && strcmp(given, found) != 0;
}

// A file that is there is never written; what it says is what counts.
static enum exit_code take_file(struct setup *setup, const struct settings *settings)
{
    const struct arguments *given = setup->arguments;
    const char *data = settings->data[0] != '\0' ? settings->data : "/var/lib/chatd";
    const char *listen = settings->listen[0] != '\0' ? settings->listen : "127.0.0.1:7480";
    const char *registration =
            settings->registration[0] != '\0' ? settings->registration : "closed";

    if (differs(given->data, data) || differs(given->listen, listen) ||
            differs(given->registration, registration)) {
        complain(setup->rpc->is_json, "refused",
                "%s is there already and says otherwise (data %s, listen %s, registration %s): "
                "edit it, or take it away",
                setup->config, data, listen, registration);
        return EXIT_REFUSED;
    }
    setup->is_there = true;
    snprintf(setup->data, sizeof(setup->data), "%.*s", (int)strcspn(data, ","), data);
    snprintf(setup->listen, sizeof(setup->listen), "%s", listen);
    snprintf(setup->registration, sizeof(setup->registration), "%s", registration);
    snprintf(setup->certificate, sizeof(setup->certificate), "%s", settings->tls_certificate);
    snprintf(setup->key, sizeof(setup->key), "%s", settings->tls_key);
    snprintf(setup->admin_socket, sizeof(setup->admin_socket), "%s", settings->admin_socket);
    snprintf(setup->user, sizeof(setup->user), "%s", given->user == NULL ? "" : given->user);
    setup->has_tls = setup->certificate[0] != '\0';
    setup->is_loopback = is_loopback(setup->listen);
    usual_host(setup, setup->host, sizeof(setup->host));
    if (!setup->is_loopback && settings->server_name[0] != '\0') {
        snprintf(setup->host, sizeof(setup->host), "%.255s", settings->server_name);
    }
    if (given->host != NULL) {
        snprintf(setup->host, sizeof(setup->host), "%s", given->host);
    }
    return EXIT_OK;
}

// Beside the file.
static bool name_certificate(struct setup *setup)
{
    const char *slash = strrchr(setup->config, '/');
    int length = (int)(slash - setup->config);

    return snprintf(setup->certificate, sizeof(setup->certificate), "%.*s/tls.crt", length,
                   setup->config) < (int)sizeof(setup->certificate) &&
            snprintf(setup->key, sizeof(setup->key), "%.*s/tls.key", length, setup->config) <
            (int)sizeof(setup->key);
}

enum exit_code setup_decide(struct setup *setup)
{
    const char *config = setup->arguments->config;
    const struct passwd *account = geteuid() == 0 ? getpwnam("chatd") : NULL;
    struct settings settings;
    enum exit_code code;

    setup->uid = account == NULL ? (uid_t)-1 : account->pw_uid;
    setup->gid = account == NULL ? (gid_t)-1 : account->pw_gid;
    snprintf(setup->config, sizeof(setup->config), "%s",
            config == NULL ? SETUP_CONFIG_DEFAULT : config);
    if (!is_path(setup->config)) {
        return wrong(setup, "--config must be a path that begins with a slash");
    }
    if (access(setup->config, F_OK) == 0) {
        if (!settings_read(setup->config, &settings)) {
            complain(setup->rpc->is_json, "file", "%s is there, but can't be read", setup->config);
            return EXIT_FAILED;
        }
        code = take_file(setup, &settings);
    } else {
        code = ask(setup);
        if (code == EXIT_OK && setup->has_tls && !name_certificate(setup)) {
            return wrong(setup, "--config is too long");
        }
    }
    if (code == EXIT_OK && setup->user[0] != '\0' && !name_is_valid(bytes_of(setup->user))) {
        return wrong(setup, "--user must be a name of a-z, 0-9, '.', '_', '-', at most 32");
    }
    if (setup->admin_socket[0] == '\0') {
        snprintf(setup->admin_socket, sizeof(setup->admin_socket), "%s/admin.sock", setup->data);
    }
    return code;
}

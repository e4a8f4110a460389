// SPDX-License-Identifier: MIT
#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "shared/duration.h"
#include "shared/limits.h"
#include "shared/name.h"

enum setting_type { TEXT, NUMBER, DURATION };

static const struct setting {
    const char *name;   // in the file
    const char *option; // on the command line
    enum setting_type type;
    size_t offset;
    size_t size; // of a TEXT field
    const char *fallback;
    uint64_t least;
    uint64_t most;
    const char *choices; // "|a|b|": TEXT must be one of these
    const char *sentence;
} settings[] = {
#define FIELD(member) offsetof(struct config, member), sizeof(((struct config *)0)->member)
    { "data", "data", TEXT, FIELD(data), "/var/lib/chatd", 0, 0, NULL,
            "Directory that holds everything the server knows; further ones, behind commas, partitions only." },
    { "listen", "listen", TEXT, FIELD(listen), "127.0.0.1:7480", 0, 0, NULL,
            "Address and port for clients; port 0 takes a free one." },
    { "admin_socket", "admin-socket", TEXT, FIELD(admin_socket), "", 0, 0, NULL,
            "Unix socket for chatctl; empty: admin.sock in the data directory." },
    { "tls_certificate", "tls-certificate", TEXT, FIELD(tls_certificate), "", 0, 0, NULL,
            "PEM file: the certificate for clients, then its chain; empty: plain text." },
    { "tls_key", "tls-key", TEXT, FIELD(tls_key), "", 0, 0, NULL,
            "PEM file: the key of the certificate, without a passphrase." },
    { "plain_text_remote", NULL, TEXT, FIELD(plain_text_remote), "no", 0, 0, "|no|yes|",
            "Whether plain text may be spoken on an address that is not loopback." },
    { "registration", "registration", TEXT, FIELD(registration), "closed", 0, 0,
            "|closed|invite|open|", "Who may make an account: nobody, the invited, anybody." },
    { "origins", NULL, TEXT, FIELD(origins), "", 0, 0, NULL,
            "Web origins that may connect, separated by commas; empty: none." },
    { "admin_users", NULL, TEXT, FIELD(admin_users), "", 0, 0, NULL,
            "Users whose tokens may call admin.* over POST /rpc, separated by spaces; empty: none." },
    { "server_name", NULL, TEXT, FIELD(server_name), "chatd", 0, 0, NULL,
            "The name that clients are shown." },
    { "log_level", NULL, TEXT, FIELD(log_level), "info", 0, 0, "|error|warn|info|debug|",
            "How much is written to stderr." },
    { "partitions", "partitions", NUMBER, FIELD(partitions), "900", 1, PARTITION_COUNT_MAX, NULL,
            "Number of partitions; used when the data directory is created." },
    { "log_tail_max", "log-tail", NUMBER, FIELD(log_tail_max), "134217728", 65536, 1ULL << 34, NULL,
            "Bytes of log that may wait to be written into the partitions' files." },
    { "log_segment_bytes", "log-segment", NUMBER, FIELD(log_segment_bytes), "67108864", 1000,
            1ULL << 34, NULL, "Bytes of one file of the log; only whole files are trimmed." },
    { "connections_max", NULL, NUMBER, FIELD(connections_max), "18000", 1, 1000000, NULL,
            "Connections accepted at once." },
    { "connections_unauthenticated", NULL, NUMBER, FIELD(connections_unauthenticated), "1000", 1,
            1000000, NULL, "Of them, those that have not logged in yet." },
    { "connections_per_source", NULL, NUMBER, FIELD(connections_per_source), "1000", 0, 1000000,
            NULL, "Connections at once from one address (IPv6: one /64); 0: no limit." },
    { "messages_per_second", NULL, NUMBER, FIELD(messages_per_second), "10000", 0, 1000000, NULL,
            "Messages and other changes of one user, ten times as many at once; 0: no limit." },
    { "bytes_per_day", NULL, NUMBER, FIELD(bytes_per_day), "10737418240", 0, 1ULL << 50, NULL,
            "Bytes of text that one user may write in a day; 0: no limit." },
    { "stored_bytes_per_user", NULL, NUMBER, FIELD(stored_bytes_per_user), "10737418240", 0,
            1ULL << 50, NULL, "Bytes that one user's own messages may take in all; 0: no limit." },
    { "devices_per_user", NULL, NUMBER, FIELD(devices_per_user), "250", 1, DEVICES_PER_USER_MAX,
            NULL, "Devices that one user may have, revoked ones not counted." },
    { "watches_per_user", NULL, NUMBER, FIELD(watches_per_user), "10000", 0, 1000000, NULL,
            "Users whose presence one user may watch, over all its sessions." },
    { "retention", NULL, DURATION, FIELD(retention_s), "forever", 0, 0, NULL,
            "How long messages are kept, such as 90d or 2y; users may have one of their own." },
    { "limit_loopback", NULL, TEXT, FIELD(limit_loopback), "no", 0, 0, "|no|yes|",
            "Whether limits per address hold for loopback too, where proxies come from." },
#undef FIELD
};

#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

static enum err set(struct config *config, const struct setting *setting, const char *value,
        char *reason, size_t reason_bytes)
{
    char *field = (char *)config + setting->offset;
    char choice[40];
    char *end;

    if (setting->type == TEXT) {
        snprintf(choice, sizeof(choice), "|%.30s|", value);
        if (setting->choices != NULL && strstr(setting->choices, choice) == NULL) {
            snprintf(reason, reason_bytes, "%s must be one of %s, not \"%.40s\"", setting->name,
                    setting->choices, value);
            return ERR_INVALID;
        }
        if (strlen(value) >= setting->size) {
            snprintf(reason, reason_bytes, "%s is longer than %zu bytes", setting->name,
                    setting->size - 1);
            return ERR_INVALID;
        }
        strcpy(field, value);
        return ERR_OK;
    }
    if (setting->type == DURATION) {
        uint64_t seconds = 0;
        if (!duration_parse(bytes_of(value), &seconds)) {
            snprintf(reason, reason_bytes,
                    "%s must be forever, or a number and s, m, h, d, w or y, not \"%.40s\"",
                    setting->name, value);
            return ERR_INVALID;
        }
        memcpy(field, &seconds, sizeof(seconds));
        return ERR_OK;
    }
    errno = 0;
    uint64_t number = strtoull(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || *value == '-' || number < setting->least ||
            number > setting->most) {
        snprintf(reason, reason_bytes,
                "%s must be a number from %" PRIu64 " to %" PRIu64 ", not \"%.40s\"", setting->name,
                setting->least, setting->most, value);
        return ERR_INVALID;
    }
    memcpy(field, &number, sizeof(number));
    return ERR_OK;
}

static const struct setting *find(const char *name, bool is_option)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char *known = is_option ? settings[i].option : settings[i].name;
        if (known != NULL && strcmp(known, name) == 0) {
            return &settings[i];
        }
    }
    return NULL;
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    char *end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1])) {
        *--end = '\0';
    }
    return text;
}

// "name = value", or nothing, or a comment.
static enum err read_line(struct config *config, char *line, char *reason, size_t reason_bytes)
{
    char *name = trim(line);
    char *equals = strchr(name, '=');

    if (*name == '\0' || *name == '#') {
        return ERR_OK;
    }
    if (equals == NULL) {
        snprintf(reason, reason_bytes, "\"%.40s\" is not of the form name = value", name);
        return ERR_INVALID;
    }
    *equals = '\0';
    name = trim(name);
    const struct setting *setting = find(name, false);
    if (setting == NULL) {
        snprintf(reason, reason_bytes,
                "there is no setting \"%.40s\" (chatd --print-config lists all)", name);
        return ERR_INVALID;
    }
    return set(config, setting, trim(equals + 1), reason, reason_bytes);
}

static enum err read_file(struct config *config, const char *path, char *reason,
        size_t reason_bytes)
{
    char line[2048], why[300];
    FILE *file = fopen(path, "re");
    enum err err = ERR_OK;

    if (file == NULL) {
        snprintf(reason, reason_bytes, "cannot read %s: %s", path, strerror(errno));
        return ERR_NOT_FOUND;
    }
    for (int number = 1; err == ERR_OK && fgets(line, sizeof(line), file) != NULL; number++) {
        err = read_line(config, line, why, sizeof(why));
        if (err != ERR_OK) {
            snprintf(reason, reason_bytes, "%s line %d: %s", path, number, why);
        }
    }
    fclose(file);
    return err;
}

static enum err read_option(struct config *config, const char *option, const char *value,
        char *reason, size_t reason_bytes)
{
    const struct setting *setting = find(option, true);
    char why[300];

    if (setting == NULL) {
        snprintf(reason, reason_bytes, "there is no option --%.40s (chatd --help lists all)",
                option);
        return ERR_INVALID;
    }
    if (value == NULL) {
        snprintf(reason, reason_bytes, "--%s needs a value", option);
        return ERR_INVALID;
    }
    enum err err = set(config, setting, value, why, sizeof(why));
    if (err != ERR_OK) {
        snprintf(reason, reason_bytes, "--%s: %s", option, why);
    }
    return err;
}

static bool is_action(const char *argument, enum config_action *action)
{
    static const struct {
        const char *option;
        enum config_action action;
    } actions[] = {
        { "--check", CONFIG_CHECK },
        { "--print-config", CONFIG_PRINT },
        { "--help", CONFIG_HELP },
        { "--version", CONFIG_VERSION },
    };

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(argument, actions[i].option) == 0) {
            *action = actions[i].action;
            return true;
        }
    }
    return false;
}

// "--name value" or "--name=value".
struct option {
    char name[64];
    const char *value; // NULL: there is none
};

static bool split_option(int argc, char **argv, int *i, struct option *option)
{
    const char *argument = argv[*i];
    const char *equals = strchr(argument, '=');

    if (strncmp(argument, "--", 2) != 0 || argument[2] == '\0') {
        return false;
    }
    size_t bytes = equals == NULL ? strlen(argument + 2) : (size_t)(equals - argument - 2);
    snprintf(option->name, sizeof(option->name), "%.*s", (int)bytes, argument + 2);
    option->value = equals != NULL ? equals + 1 : NULL;
    if (equals == NULL && *i + 1 < argc) {
        option->value = argv[++*i];
    }
    return true;
}

// One pass over the arguments: the first one only looks for --config, because options win over it.
struct pass {
    bool wants_file;
    char *reason;
    size_t reason_bytes;
};

static enum err take_option(struct config *config, const struct option *option,
        const struct pass *pass)
{
    bool is_file = strcmp(option->name, "config") == 0;

    if (is_file != pass->wants_file) {
        return ERR_OK;
    }
    if (!is_file) {
        return read_option(config, option->name, option->value, pass->reason, pass->reason_bytes);
    }
    if (option->value == NULL) {
        snprintf(pass->reason, pass->reason_bytes, "--config needs the name of a file");
        return ERR_INVALID;
    }
    return read_file(config, option->value, pass->reason, pass->reason_bytes);
}

static enum err read_arguments(struct config *config, int argc, char **argv,
        enum config_action *action, const struct pass *pass)
{
    struct option option;
    enum err err = ERR_OK;

    for (int i = 1; err == ERR_OK && i < argc; i++) {
        if (is_action(argv[i], action)) {
            continue;
        }
        if (!split_option(argc, argv, &i, &option)) {
            snprintf(pass->reason, pass->reason_bytes,
                    "\"%.60s\" is not an option (chatd --help lists all)", argv[i]);
            return ERR_INVALID;
        }
        err = take_option(config, &option, pass);
    }
    return err;
}

static bool is_loopback(const char *host)
{
    struct in6_addr v6;
    struct in_addr v4;

    if (inet_pton(AF_INET, host, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127;
    }
    return strcmp(host, "localhost") == 0 ||
            (inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

static enum err check_listen(const struct config *config, char *reason, size_t reason_bytes)
{
    bool has_certificate = config->tls_certificate[0] != '\0';
    char host[256];
    uint16_t port;

    if (!config_split_listen(config->listen, host, &port)) {
        snprintf(reason, reason_bytes, "listen must be HOST:PORT, not \"%.60s\"", config->listen);
        return ERR_INVALID;
    }
    if (has_certificate != (config->tls_key[0] != '\0')) {
        snprintf(reason, reason_bytes, "%s is set and %s is not: TLS needs both",
                has_certificate ? "tls_certificate" : "tls_key",
                has_certificate ? "tls_key" : "tls_certificate");
        return ERR_INVALID;
    }
    if (!has_certificate && !is_loopback(host) && strcmp(config->plain_text_remote, "no") == 0) {
        snprintf(reason, reason_bytes,
                "listen = %.60s would carry passwords over the network in plain text: set "
                "tls_certificate and tls_key, or plain_text_remote = yes if the network is safe",
                config->listen);
        return ERR_INVALID;
    }
    if (!has_certificate && !is_loopback(host) && config->admin_users[0] != '\0') {
        snprintf(reason, reason_bytes,
                "admin_users would carry an admin's token over the network in plain text: set "
                "tls_certificate and tls_key, or leave admin_users empty");
        return ERR_INVALID;
    }
    return ERR_OK;
}

// A name that is none would be an admin that nobody can be.
static enum err check_admin_users(const struct config *config, char *reason, size_t reason_bytes)
{
    const char *rest = config->admin_users;

    for (;;) {
        rest += strspn(rest, " \t");
        uint32_t bytes = (uint32_t)strcspn(rest, " \t");
        if (bytes == 0) {
            return ERR_OK;
        }
        if (!name_is_valid((struct bytes){ rest, bytes })) {
            snprintf(reason, reason_bytes,
                    "admin_users must be user names with spaces between, and \"%.*s\" is none",
                    bytes > 40 ? 40 : (int)bytes, rest);
            return ERR_INVALID;
        }
        rest += bytes;
    }
}

enum err config_load(struct config *config, int argc, char **argv, enum config_action *action,
        char *reason, size_t reason_bytes)
{
    enum err err = ERR_OK;

    *config = (struct config){ 0 };
    *action = CONFIG_SERVE;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        CHECK(set(config, &settings[i], settings[i].fallback, reason, reason_bytes) == ERR_OK);
    }
    const struct pass file_pass = { true, reason, reason_bytes };
    const struct pass option_pass = { false, reason, reason_bytes };
    err = read_arguments(config, argc, argv, action, &file_pass);
    if (err == ERR_OK) {
        err = read_arguments(config, argc, argv, action, &option_pass);
    }
    if (err == ERR_OK && *action <= CONFIG_CHECK) {
        err = check_listen(config, reason, reason_bytes);
    }
    if (err == ERR_OK && *action <= CONFIG_CHECK) {
        err = check_admin_users(config, reason, reason_bytes);
    }
    if (err == ERR_OK && config->admin_socket[0] == '\0') {
        int bytes = snprintf(config->admin_socket, sizeof(config->admin_socket), "%.*s/admin.sock",
                (int)strcspn(config->data, ","), config->data);
        if (bytes >= (int)sizeof(config->admin_socket)) {
            snprintf(reason, reason_bytes,
                    "the path of the admin socket is longer than %zu bytes: choose a shorter one "
                    "with --admin-socket",
                    sizeof(config->admin_socket) - 1);
            return ERR_INVALID;
        }
    }
    return err;
}

bool config_split_listen(const char *listen, char host[256], uint16_t *port)
{
    const char *colon = strrchr(listen, ':');
    char *end;

    if (colon == NULL || colon == listen || colon - listen >= 255) {
        return false;
    }
    unsigned long number = strtoul(colon + 1, &end, 10);
    bool is_bracketed = listen[0] == '[' && colon[-1] == ']';
    snprintf(host, 256, "%.*s", (int)(colon - listen) - 2 * is_bracketed, listen + is_bracketed);
    *port = (uint16_t)number;
    return end != colon + 1 && *end == '\0' && number <= 65535;
}

void config_print(FILE *out)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        fprintf(out, "# %s\n", settings[i].sentence);
        if (settings[i].choices != NULL) {
            fprintf(out, "# one of %s\n", settings[i].choices);
        }
        fprintf(out, "%s = %s\n\n", settings[i].name, settings[i].fallback);
    }
}

void config_help(FILE *out)
{
    fprintf(out,
            "usage: chatd [options]\n\n"
            "  --config FILE         read settings from this file (see chatd.conf(5))\n");
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (settings[i].option != NULL) {
            fprintf(out, "  --%-20s%s\n", settings[i].option, settings[i].sentence);
        }
    }
    fprintf(out,
            "  --check               check the configuration and exit\n"
            "  --print-config        print an example file with every setting\n"
            "  --version, --help\n");
}

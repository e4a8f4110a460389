// SPDX-License-Identifier: MIT
// check: everything that can be looked at from here, each with what is wrong and how to mend it.

#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>

#include "certificate.h"
#include "output.h"
#include "settings.h"
#include "shared/cli/token_file.h"
#include "shared/limits.h"

#define EXPIRY_WARNING_DAYS 14
#define CLOCK_WARNING_S 5
#define CLOCK_WRONG_S 60

enum verdict { FINE, WARNING, WRONG };

struct report {
    const struct rpc *rpc;
    struct settings settings;
    struct buffer json; // the findings so far
    unsigned counts[WRONG + 1];
};

static void say(struct report *report, const char *check, enum verdict verdict, const char *fix,
        const char *format, ...) __attribute__((format(printf, 5, 6)));

// fix: how to mend it, NULL when there is nothing to mend.
static void say(struct report *report, const char *check, enum verdict verdict, const char *fix,
        const char *format, ...)
{
    static const char *const words[] = { "ok", "warning", "wrong" };
    char text[1200];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    report->counts[verdict]++;
    if (!report->rpc->is_json) {
        printf("%-8s %-14s %s\n", words[verdict], check, text);
        if (fix != NULL) {
            printf("%-8s %-14s to mend: %s\n", "", "", fix);
        }
        return;
    }
    buffer_print(&report->json,
            "%s{\"check\":\"%s\",\"result\":\"%s\",\"says\":", report->json.bytes == 0 ? "" : ",",
            check, words[verdict]);
    json_add_string(&report->json, bytes_of(text));
    if (fix != NULL) {
        buffer_add_literal(&report->json, ",\"fix\":");
        json_add_string(&report->json, bytes_of(fix));
    }
    buffer_add_byte(&report->json, '}');
}

static void check_configuration(struct report *report, const char *path)
{
    char says[900];

    if (!settings_read(path, &report->settings)) {
        say(report, "configuration", WRONG, "give the file that chatd is started with",
                "cannot read %s: %s", path, strerror(errno));
        return;
    }
    switch (settings_judge(path, says, sizeof(says))) {
    case SETTINGS_GOOD:
        say(report, "configuration", FINE, NULL, "%s", path);
        break;
    case SETTINGS_BAD:
        say(report, "configuration", WRONG, "change that line; chatd.conf(5) explains each setting",
                "%s", says);
        break;
    case SETTINGS_UNJUDGED:
        say(report, "configuration", WARNING,
                "chatd --config FILE --check, where chatd is installed",
                "%s can be read, but there is no chatd here to judge it", path);
        break;
    }
}

// Nobody but the owner and, for writable_mask, the group should be able to use it.
static void check_mode(struct report *report, const char *check, const char *path, unsigned wrong,
        unsigned doubtful)
{
    struct stat status;
    char fix[600];

    if (stat(path, &status) != 0) {
        bool is_hidden = errno == EACCES;
        say(report, check, is_hidden ? WARNING : WRONG,
                is_hidden ? "run this check as root or as the user of chatd"
                          : "give the right path, or start chatd: it makes it",
                "cannot look at %s: %s", path, strerror(errno));
        return;
    }
    unsigned mode = status.st_mode & 07777;
    if ((mode & (wrong | doubtful)) == 0) {
        say(report, check, FINE, NULL, "%s, mode %04o", path, mode);
        return;
    }
    snprintf(fix, sizeof(fix), "chmod %04o %s", mode & ~(wrong | doubtful), path);
    say(report, check, (mode & wrong) != 0 ? WRONG : WARNING, fix,
            "%s may be used by others: mode %04o", path, mode);
}

static void check_files(struct report *report, const struct json *status)
{
    struct bytes told = output_text(status, "data");
    char data[600];

    if (report->rpc->server != NULL) {
        char token[TOKEN_BUFFER_BYTES], says[700];
        bool is_good = token_file_read(report->rpc->token_file, token, says, sizeof(says)) ==
                TOKEN_FILE_GOOD;
        explicit_bzero(token, sizeof(token));
        say(report, "token file", is_good ? FINE : WRONG, NULL, "%s",
                is_good ? report->rpc->token_file : says);
        return;
    }
    check_mode(report, "admin socket", report->rpc->admin_socket, 0007, 0);
    snprintf(data, sizeof(data), "%.*s", (int)told.size, told.data);
    if (data[0] == '\0') {
        snprintf(data, sizeof(data), "%s", report->settings.data);
    }
    if (data[0] == '/') {
        check_mode(report, "data directory", data, 0007, 0020);
    } else {
        say(report, "data directory", WARNING, "give chatd's settings with --config",
                "it is not known where it is");
    }
}

static void check_versions(struct report *report, const struct json *status)
{
    struct bytes version = output_text(status, "version");

    if (bytes_equal(version, bytes_of(CHAT_VERSION))) {
        say(report, "versions", FINE, NULL, "chatd and chatctl are both %s", CHAT_VERSION);
    } else {
        say(report, "versions", WARNING,
                "install the same version of both; restart chatd after that",
                "chatd is %.*s, chatctl %s", (int)version.size, version.data, CHAT_VERSION);
    }
}

static void judge_disk(struct report *report, uint64_t all, uint64_t available)
{
    enum verdict verdict = available < (uint64_t)DISK_LOW_BYTES ? WRONG
            : available < all / 20                              ? WARNING
                                                                : FINE;

    say(report, "disk", verdict,
            verdict == FINE
                    ? NULL
                    : "free some space, or move the data directory to a larger disk: a full "
                      "disk refuses messages",
            "%s of %s are free", output_size(available), output_size(all));
}

static void check_disk(struct report *report, const struct json *status)
{
    const struct json *disk = json_get(status, "disk");
    struct statvfs here;

    if (disk != NULL) {
        judge_disk(report, output_uint(disk, "bytes"), output_uint(disk, "free_bytes"));
    } else if (report->settings.data[0] != '\0' && statvfs(report->settings.data, &here) == 0) {
        judge_disk(report, (uint64_t)here.f_blocks * here.f_frsize,
                (uint64_t)here.f_bavail * here.f_frsize);
    }
}

// "2026-11-24T10:00:00.000Z"; 0 when it is not that.
static time_t read_time(struct bytes text)
{
    char copy[40];
    struct tm parts = { 0 };

    snprintf(copy, sizeof(copy), "%.*s", (int)text.size, text.data);
    return strptime(copy, "%Y-%m-%dT%H:%M:%S", &parts) == NULL ? 0 : timegm(&parts);
}

static void check_clock(struct report *report, const struct json *status)
{
    static const char fix[] = "let the clocks be set by a time service, such as systemd-timesyncd";
    time_t there = status == NULL ? 0 : read_time(output_text(status, "time"));
    int64_t apart = there == 0 ? 0 : llabs((long long)(time(NULL) - there));
    struct timex kernel = { 0 };
    struct tm parts;
    time_t now = time(NULL);

    gmtime_r(&now, &parts);
    if (parts.tm_year + 1900 < 2026) {
        say(report, "clock", WRONG, fix, "the clock of this machine says it is %d",
                parts.tm_year + 1900);
    } else if (apart > CLOCK_WARNING_S) {
        say(report, "clock", apart > CLOCK_WRONG_S ? WRONG : WARNING, fix,
                "the clocks of server and client are %" PRId64 " s apart", apart);
    } else if (report->rpc->server == NULL && adjtimex(&kernel) == TIME_ERROR) {
        say(report, "clock", WARNING, fix, "no time service keeps the clock of this machine");
    } else {
        say(report, "clock", FINE, NULL, "as expected");
    }
}

static void check_certificate(struct report *report)
{
    const struct settings *settings = &report->settings;
    char fix[700];
    int days;

    if (settings->tls_certificate[0] == '\0') {
        return;
    }
    snprintf(fix, sizeof(fix), "renew %s, then send chatd SIGHUP", settings->tls_certificate);
    if (!certificate_days_left(settings->tls_certificate, &days)) {
        say(report, "certificate", WRONG,
                "tls_certificate must be a PEM file that may be read here",
                "cannot read a certificate in %s", settings->tls_certificate);
    } else if (days < 0) {
        say(report, "certificate", WRONG, fix, "%s ended %d days ago", settings->tls_certificate,
                -days);
    } else {
        say(report, "certificate", days < EXPIRY_WARNING_DAYS ? WARNING : FINE,
                days < EXPIRY_WARNING_DAYS ? fix : NULL, "%s ends in %d days",
                settings->tls_certificate, days);
    }
    if (settings->tls_key[0] != '\0') {
        check_mode(report, "tls key", settings->tls_key, 0007, 0020);
    }
}

static void check_server(struct report *report, const struct json *status)
{
    bool is_full = false;
    uint64_t quarantined = output_uint(json_get(status, "partitions"), "quarantined");

    say(report, "server", FINE, NULL, "it answers, and is up %" PRIu64 " s",
            output_uint(status, "uptime_s"));
    if (json_read_bool(json_get(status, "disk_full"), &is_full) && is_full) {
        say(report, "writing", WRONG, "free some space on the disk of the data directory",
                "the disk is full: messages are refused");
    }
    if (quarantined > 0) {
        say(report, "partitions", WRONG,
                "chatctl partition list says why; restore their files from a backup",
                "%" PRIu64 " out of service: their users can't be served", quarantined);
    } else {
        say(report, "partitions", FINE, NULL, "all are in service");
    }
}

enum exit_code check_run(const struct rpc *given, const struct arguments *arguments)
{
    static char socket[600];
    struct report report = { .rpc = given };
    struct rpc rpc = *given;
    struct rpc_failure failure;
    struct json *root;
    const struct json *status;

    if (arguments->config != NULL) {
        check_configuration(&report, arguments->config);
    }
    // The settings say where the socket is, unless the command line does.
    if (arguments->admin_socket == NULL && report.settings.admin_socket[0] != '\0') {
        rpc.admin_socket = report.settings.admin_socket;
    } else if (arguments->admin_socket == NULL && report.settings.data[0] != '\0') {
        snprintf(socket, sizeof(socket), "%s/admin.sock", report.settings.data);
        rpc.admin_socket = socket;
    }
    report.rpc = &rpc;
    if (rpc_ask(&rpc, "admin.status", NULL, &root, &status, &failure) == EXIT_OK) {
        check_server(&report, status);
        check_versions(&report, status);
    } else {
        say(&report, "server", WRONG,
                failure.code == EXIT_NOT_ALLOWED
                        ? "name the user of this token in admin_users, see chatd.conf(5)"
                        : NULL,
                "%s", failure.message);
    }
    check_files(&report, status);
    check_certificate(&report);
    check_disk(&report, status);
    check_clock(&report, status);
    json_destroy(root);
    if (given->is_json) {
        printf("{\"checks\":[%.*s],\"ok\":%s}\n", (int)report.json.bytes, report.json.data,
                report.counts[WRONG] == 0 ? "true" : "false");
    } else {
        printf("%u ok, %u warnings, %u wrong\n", report.counts[FINE], report.counts[WARNING],
                report.counts[WRONG]);
    }
    buffer_finish(&report.json);
    return report.counts[WRONG] == 0 ? EXIT_OK : EXIT_CHECK_FAILED;
}

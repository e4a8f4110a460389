// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "new_certificate.h"
#include "output.h"
#include "settings.h"
#include "setup.h"

static enum exit_code failed(const struct setup *setup, const char *path, const char *why)
{
    complain(setup->rpc->is_json, "file", "%s: %s", path, why);
    return errno == EACCES || errno == EPERM ? EXIT_NOT_ALLOWED : EXIT_FAILED;
}

// What is there stays as it is.
static bool make_directory(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
    if (mkdir(path, mode) != 0) {
        return errno == EEXIST;
    }
    return uid == (uid_t)-1 || chown(path, uid, gid) == 0;
}

static enum exit_code make_directories(struct setup *setup)
{
    char directory[480];
    const char *slash = strrchr(setup->config, '/');

    snprintf(directory, sizeof(directory), "%.*s", (int)(slash - setup->config), setup->config);
    // Its group reads the settings; they are root's.
    if (directory[0] != '\0' &&
            !make_directory(directory, 0750, setup->gid == (gid_t)-1 ? (uid_t)-1 : 0, setup->gid)) {
        return failed(setup, directory, strerror(errno));
    }
    if (!make_directory(setup->data, 0750, setup->uid, setup->gid)) {
        return failed(setup, setup->data, strerror(errno));
    }
    return EXIT_OK;
}

static enum exit_code make_certificate(struct setup *setup)
{
    char reason[700], names[600];
    bool has_certificate = access(setup->certificate, F_OK) == 0;

    if (!has_certificate && setup->is_there) {
        errno = ENOENT;
        return failed(setup, setup->certificate, "the settings name it, but it is not there");
    }
    if (!has_certificate) {
        bool is_this =
                strcmp(setup->host, "localhost") == 0 || strcmp(setup->host, "127.0.0.1") == 0;
        snprintf(names, sizeof(names), "%s%s", setup->host, is_this ? "" : " localhost 127.0.0.1");
        if (!certificate_make(names, setup->certificate, setup->key, reason, sizeof(reason))) {
            complain(setup->rpc->is_json, "file", "%s", reason);
            return EXIT_FAILED;
        }
        if (setup->uid != (uid_t)-1 && chown(setup->key, setup->uid, setup->gid) != 0) {
            return failed(setup, setup->key, strerror(errno));
        }
    }
    if (!certificate_fingerprint(setup->certificate, setup->fingerprint)) {
        return failed(setup, setup->certificate, "this is no certificate in PEM");
    }
    return EXIT_OK;
}

static void compose(const struct setup *setup, struct buffer *text)
{
    buffer_print(text,
            "# Settings of chatd, see chatd.conf(5); written by \"chatctl setup\".\n"
            "# All of them, with their defaults: chatd --print-config\n\n"
            "data = %s\nlisten = %s\nregistration = %s\n",
            setup->data, setup->listen, setup->registration);
    if (setup->has_tls) {
        buffer_print(text, "tls_certificate = %s\ntls_key = %s\n", setup->certificate, setup->key);
    }
    if (!setup->is_loopback) {
        buffer_print(text, "server_name = %.63s\n", setup->host);
    }
}

static enum exit_code write_config(struct setup *setup)
{
    char says[600];
    struct buffer text = { 0 };
    int fd = open(setup->config, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);

    if (fd < 0) {
        return failed(setup, setup->config, strerror(errno));
    }
    compose(setup, &text);
    bool is_written = write(fd, text.data, text.bytes) == (ssize_t)text.bytes &&
            (setup->gid == (gid_t)-1 || fchown(fd, 0, setup->gid) == 0) && fsync(fd) == 0;
    is_written = close(fd) == 0 && is_written;
    buffer_finish(&text);
    if (is_written && settings_judge(setup->config, says, sizeof(says)) == SETTINGS_BAD) {
        (void)unlink(setup->config);
        complain(setup->rpc->is_json, "invalid", "chatd does not take these settings: %s", says);
        return EXIT_REFUSED;
    }
    if (!is_written) {
        (void)unlink(setup->config);
        return failed(setup, setup->config, strerror(errno));
    }
    return EXIT_OK;
}

enum exit_code setup_write(struct setup *setup)
{
    enum exit_code code = setup->is_there ? EXIT_OK : make_directories(setup);

    if (code == EXIT_OK && setup->has_tls) {
        code = make_certificate(setup);
    }
    if (code == EXIT_OK && !setup->is_there) {
        code = write_config(setup);
    }
    return code;
}

// SPDX-License-Identifier: MIT
#include "settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_PROGRAM 127 // the shell's number for it

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

bool settings_read(const char *path, struct settings *settings)
{
    char line[2048];
    FILE *file = fopen(path, "re");

    *settings = (struct settings){ 0 };
    if (file == NULL) {
        return false;
    }
    const struct {
        const char *name;
        char *value;
    } wanted[] = {
        { "data", settings->data },
        { "listen", settings->listen },
        { "registration", settings->registration },
        { "server_name", settings->server_name },
        { "admin_socket", settings->admin_socket },
        { "tls_certificate", settings->tls_certificate },
        { "tls_key", settings->tls_key },
    };
    while (fgets(line, sizeof(line), file) != NULL) {
        char *name = trim(line), *equals = strchr(name, '=');
        if (*name == '#' || equals == NULL) {
            continue;
        }
        *equals = '\0';
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
            if (strcmp(trim(name), wanted[i].name) == 0) {
                snprintf(wanted[i].value, sizeof(settings->data), "%s", trim(equals + 1));
            }
        }
    }
    fclose(file);
    return true;
}

// In the child: becomes chatd, with what it says going to fd.
static void become_chatd(const char *path, int fd)
{
    char program[512];
    ssize_t bytes = readlink("/proc/self/exe", program, sizeof(program) - 16);

    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    if (bytes > 0) {
        program[bytes] = '\0';
        char *slash = strrchr(program, '/');
        if (slash != NULL) {
            strcpy(slash + 1, "chatd");
            execl(program, "chatd", "--config", path, "--check", (char *)NULL);
        }
    }
    execlp("chatd", "chatd", "--config", path, "--check", (char *)NULL);
    _exit(NO_PROGRAM);
}

enum settings_verdict settings_judge(const char *path, char *says, size_t says_bytes)
{
    int ends[2], status = 0;
    size_t length = 0;
    ssize_t bytes;

    says[0] = '\0';
    if (pipe(ends) != 0) {
        return SETTINGS_UNJUDGED;
    }
    pid_t child = fork();
    if (child == 0) {
        become_chatd(path, ends[1]);
    }
    close(ends[1]);
    while (length + 1 < says_bytes &&
            (bytes = read(ends[0], says + length, says_bytes - 1 - length)) > 0) {
        length += (size_t)bytes;
    }
    says[length] = '\0';
    says[strcspn(says, "\n")] = '\0';
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
            WEXITSTATUS(status) == NO_PROGRAM) {
        return SETTINGS_UNJUDGED;
    }
    if (strncmp(says, "chatd: ", 7) == 0) {
        memmove(says, says + 7, strlen(says + 7) + 1);
    }
    return WEXITSTATUS(status) == 0 ? SETTINGS_GOOD : SETTINGS_BAD;
}

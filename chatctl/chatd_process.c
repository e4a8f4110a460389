// SPDX-License-Identifier: MIT
#include "chatd_process.h"

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS_MAX 60000

// In the child.
static void become(const char *config, int fd, uid_t uid, gid_t gid)
{
    char program[512];
    ssize_t bytes = readlink("/proc/self/exe", program, sizeof(program) - 16);

    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    if (uid != (uid_t)-1 && (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0)) {
        perror("chatd: can't become its user");
        _exit(126);
    }
    (void)unsetenv("NOTIFY_SOCKET"); // not ours to tell
    if (bytes > 0) {
        program[bytes] = '\0';
        char *slash = strrchr(program, '/');
        if (slash != NULL) {
            strcpy(slash + 1, "chatd");
            execl(program, "chatd", "--config", config, (char *)NULL);
        }
    }
    execlp("chatd", "chatd", "--config", config, (char *)NULL);
    perror("chatd");
    _exit(127);
}

// The line that says where it serves, among others; false when there is none in time.
static bool wait_until_ready(struct chatd_process *process, char *says, size_t says_bytes)
{
    size_t used = 0;
    struct pollfd poll_fd = { .fd = process->fd, .events = POLLIN };

    while (used + 1 < says_bytes && poll(&poll_fd, 1, START_MS_MAX) > 0) {
        ssize_t bytes = read(process->fd, says + used, says_bytes - 1 - used);
        if (bytes <= 0) {
            return false;
        }
        used += (size_t)bytes;
        says[used] = '\0';
        const char *ready = strstr(says, "ready listen=");
        const char *end = ready == NULL ? NULL : strstr(ready, " admin=");
        if (end == NULL) {
            continue;
        }
        while (end > ready && end[-1] != ':') {
            end--;
        }
        process->port = (unsigned)strtoul(end, NULL, 10);
        return true;
    }
    return false;
}

bool chatd_process_start(struct chatd_process *process, const char *config, uid_t uid, gid_t gid,
        char *says, size_t says_bytes)
{
    int ends[2];

    says[0] = '\0';
    *process = (struct chatd_process){ .pid = -1, .fd = -1 };
    if (pipe(ends) != 0) {
        return false;
    }
    process->pid = fork();
    if (process->pid == 0) {
        become(config, ends[1], uid, gid);
    }
    close(ends[1]);
    process->fd = ends[0];
    if (process->pid > 0 && wait_until_ready(process, says, says_bytes)) {
        return true;
    }
    says[strcspn(says, "\n")] = '\0';
    (void)chatd_process_stop(process);
    return false;
}

bool chatd_process_stop(struct chatd_process *process)
{
    char rest[512];
    int status = 1;

    if (process->pid > 0) {
        (void)kill(process->pid, SIGTERM);
        while (read(process->fd, rest, sizeof(rest)) > 0) {
            // So that it never waits for us to read what it says.
        }
        while (waitpid(process->pid, &status, 0) < 0) {
        }
    }
    close(process->fd);
    process->pid = -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

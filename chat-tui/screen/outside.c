// SPDX-License-Identifier: MIT
#include "outside.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COMMAND_BYTES 400
#define NOT_FOUND 127 // as a shell says it

// What this program has changed for itself, a child must not inherit.
static void be_ordinary(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
}

static void leave_terminal(void)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = STDIN_FILENO; nothing >= 0 && fd <= STDERR_FILENO; fd++) {
        dup2(nothing, fd);
    }
    setsid();
}

static _Noreturn void become(const char *command, const char *argument)
{
    execl("/bin/sh", "sh", "-c", command, "sh", argument, (char *)NULL);
    _exit(NOT_FOUND);
}

static pid_t start(const char *command, const char *argument, bool has_terminal)
{
    char line[COMMAND_BYTES];

    snprintf(line, sizeof(line), "%s \"$1\"", command);
    pid_t pid = fork();
    if (pid == 0) {
        be_ordinary();
        if (!has_terminal) {
            leave_terminal();
        }
        become(line, argument);
    }
    return pid;
}

pid_t outside_open(const char *command, const char *argument)
{
    return start(command, argument, false);
}

pid_t outside_edit(const char *editor, const char *path)
{
    return start(editor, path, true);
}

pid_t outside_tell(const char *command, const char *from, const char *text)
{
    pid_t pid = fork();

    if (pid == 0) {
        be_ordinary();
        leave_terminal();
        setenv("CHAT_FROM", from, 1);
        setenv("CHAT_TEXT", text, 1);
        become(command, NULL);
    }
    return pid;
}

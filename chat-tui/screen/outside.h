// SPDX-License-Identifier: MIT
// Other programs: what opens links, what is told of news, the user's editor. They get what others
// have written as an argument or in the environment, never as part of a command line.
//
// Thread: one. Children are the caller's to wait for (SIGCHLD). Errors: -1, errno says.

#pragma once

#include <sys/types.h>

#include "shared/check.h"

// sh -c 'COMMAND "$1"' with that argument, without the terminal.
pid_t outside_open(const char *command, const char *argument) MUST_USE;
// sh -c COMMAND without the terminal; CHAT_FROM and CHAT_TEXT in its environment.
pid_t outside_tell(const char *command, const char *from, const char *text) MUST_USE;
// sh -c 'EDITOR "$1"' with that file, on the terminal.
pid_t outside_edit(const char *editor, const char *path) MUST_USE;

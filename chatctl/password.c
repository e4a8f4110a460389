// SPDX-License-Identifier: MIT
#include "password.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "output.h"

static bool read_line(char *line, int bytes)
{
    if (fgets(line, bytes, stdin) == NULL) {
        return false;
    }
    size_t length = strcspn(line, "\n");
    bool is_whole = line[length] == '\n' || feof(stdin) != 0;
    line[length] = '\0';
    return is_whole;
}

// The line does not appear on the screen.
static bool read_silently(const char *prompt, char *line, int bytes)
{
    struct termios saved, silent;
    bool is_terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &saved) == 0;

    if (is_terminal) {
        silent = saved;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        fprintf(stderr, "%s", prompt);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    bool is_read = read_line(line, bytes);
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
        fputc('\n', stderr);
    }
    return is_read;
}

bool password_read(char password[PASSWORD_LINE_BYTES], bool is_json)
{
    char again[PASSWORD_LINE_BYTES] = "";
    bool is_read = read_silently("new password: ", password, PASSWORD_LINE_BYTES);

    if (!is_read || strlen(password) < PASSWORD_BYTES_MIN ||
            strlen(password) > PASSWORD_BYTES_MAX) {
        complain(is_json, "invalid", "a password has %d to %d bytes", PASSWORD_BYTES_MIN,
                PASSWORD_BYTES_MAX);
        return false;
    }
    if (isatty(STDIN_FILENO)) {
        is_read = read_silently("once more: ", again, PASSWORD_LINE_BYTES);
        bool is_same = is_read && strcmp(password, again) == 0;
        explicit_bzero(again, sizeof(again));
        if (!is_same) {
            complain(is_json, "invalid", "the two are not the same: nothing was changed");
            return false;
        }
    }
    return true;
}

bool password_confirm_name(const char *name)
{
    char line[NAME_BYTES_MAX + 2] = "";

    fprintf(stderr, "Type the name to go on: ");
    return read_line(line, sizeof(line)) && strcmp(line, name) == 0;
}

// SPDX-License-Identifier: MIT
#include "password.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

bool password_read(char password[PASSWORD_LINE_BYTES], bool is_json)
{
    char again[PASSWORD_LINE_BYTES] = "";
    bool is_read = prompt_password("new password", password);

    if (!is_read || strlen(password) < PASSWORD_BYTES_MIN ||
            strlen(password) > PASSWORD_BYTES_MAX) {
        complain(is_json, "invalid", "a password has %d to %d bytes", PASSWORD_BYTES_MIN,
                PASSWORD_BYTES_MAX);
        return false;
    }
    if (isatty(STDIN_FILENO)) {
        is_read = prompt_password("once more", again);
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
    return prompt_read(stdin, line, sizeof(line)) && strcmp(line, name) == 0;
}

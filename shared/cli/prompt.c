// SPDX-License-Identifier: MIT
#include "shared/cli/prompt.h"

#include <string.h>
#include <termios.h>
#include <unistd.h>

bool prompt_read(FILE *file, char *line, size_t bytes)
{
    if (fgets(line, (int)bytes, file) == NULL) {
        return false;
    }
    size_t length = strcspn(line, "\n");
    bool is_whole = line[length] == '\n' || feof(file) != 0;
    line[length] = '\0';
    return is_whole;
}

bool prompt_ask(const char *question, const char *usual, char *answer, size_t bytes)
{
    char line[512];

    fprintf(stderr, usual != NULL ? "%s [%s]: " : "%s: ", question, usual);
    if (!prompt_read(stdin, line, sizeof(line))) {
        return false;
    }
    char *typed = line + strspn(line, " \t"); // as it was pasted
    size_t typed_length = strlen(typed);
    while (typed_length > 0 && strchr(" \t\r", typed[typed_length - 1]) != NULL) {
        typed[--typed_length] = '\0';
    }
    const char *text = typed[0] == '\0' && usual != NULL ? usual : typed;
    size_t length = strlen(text);
    if (length >= bytes) {
        return false;
    }
    memmove(answer, text, length + 1); // what is usual may be what was there
    return true;
}

bool prompt_password(const char *question, char password[PASSWORD_LINE_BYTES])
{
    struct termios saved, silent;
    bool is_terminal = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &saved) == 0;

    if (is_terminal) {
        silent = saved;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        fprintf(stderr, "%s: ", question);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    bool is_read = prompt_read(stdin, password, PASSWORD_LINE_BYTES);
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
        fputc('\n', stderr);
    }
    return is_read;
}

bool prompt_yes(const char *question)
{
    char answer[16] = "";

    return prompt_ask(question, NULL, answer, sizeof(answer)) && strcmp(answer, "yes") == 0;
}

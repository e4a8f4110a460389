// SPDX-License-Identifier: MIT
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"

struct reading {
    const char *path;
    const char *section;
    config_line *take;
    void *context;
    unsigned number;
    bool is_ours; // the section that the line is in
    bool has_section;
};

static char *trim(char *text)
{
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL) {
        text[--length] = '\0';
    }
    return text;
}

static bool take_pair(const struct reading *reading, char *line)
{
    char *equals = strchr(line, '='), wrong[240] = "this is not \"name = value\"";

    if (equals != NULL && strncmp(equals + 1, " = ", 3) == 0) { // the key "M-="
        equals += 2;
    }
    if (equals != NULL) {
        *equals = '\0';
        if (reading->take(reading->context, trim(line), trim(equals + 1), wrong, sizeof(wrong))) {
            return true;
        }
    }
    complain("%s:%u: %s", reading->path, reading->number, wrong);
    return false;
}

static bool take_line(struct reading *reading, char *text)
{
    size_t length = strlen(text);

    if (length == 0 || *text == '#' || *text == ';') {
        return true;
    }
    if (*text == '[' && text[length - 1] == ']') {
        text[length - 1] = '\0';
        reading->is_ours = strcmp(text + 1, reading->section) == 0;
        reading->has_section |= reading->is_ours;
        return true;
    }
    return !reading->is_ours || take_pair(reading, text);
}

bool config_read(const char *path, const char *section, bool must_exist, config_line *take,
        void *context)
{
    struct reading reading = { path, section, take, context, 0, true,
        strcmp(section, "default") == 0 };
    FILE *file = fopen(path, "re");
    bool is_good = true;
    char *line = NULL;
    size_t room = 0;

    if (file == NULL) {
        if (errno != ENOENT || must_exist) {
            complain("can't read %s: %s", path, strerror(errno));
            return false;
        }
        return true;
    }
    while (is_good && getline(&line, &room, file) >= 0) {
        reading.number++;
        is_good = take_line(&reading, trim(line));
    }
    free(line);
    fclose(file);
    if (is_good && must_exist && !reading.has_section) {
        complain("%s has no section [%s]", path, section);
        return false;
    }
    return is_good;
}

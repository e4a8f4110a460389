// SPDX-License-Identifier: MIT
#include "shared/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/clock.h"

#define LINE_BYTES_MAX 1024

static enum log_level level_max = LOG_INFO;

void log_set_level(enum log_level level)
{
    level_max = level;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    static const char *const words[] = { "error", "warn", "info", "debug" };
    char line[LINE_BYTES_MAX];
    char now[TIMESTAMP_BYTES];
    va_list list;

    if (level > level_max) {
        return;
    }
    // systemd's journal has its own clock.
    bool has_journal = getenv("JOURNAL_STREAM") != NULL;
    clock_format(clock_wall_ms(), now);
    int start = snprintf(line, sizeof(line), "%s%s%s %s ", has_journal ? "" : now,
            has_journal ? "" : " ", words[level], event);
    size_t used = (size_t)start;
    va_start(list, format);
    vsnprintf(line + used, sizeof(line) - used - 1, format, list);
    va_end(list);
    size_t bytes = strlen(line);
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?';
        }
    }
    line[bytes] = '\n';
    if (write(STDERR_FILENO, line, bytes + 1) < 0) {
        // There is nobody left to tell.
        return;
    }
}

// SPDX-License-Identifier: MIT
#include "shared/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/clock.h"

#define LINE_BYTES_MAX 1024

static enum log_level level_max = LOG_INFO;

void log_set_level(enum log_level level)
{
    level_max = level;
}

// $JOURNAL_STREAM has device and inode of what systemd gave its service as stderr, and is inherited
// by whatever that starts (systemd.exec(5)).
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    char found[60];

    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0) {
        return false;
    }
    snprintf(found, sizeof(found), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    return strcmp(stream, found) == 0;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    static const char *const words[] = { "error", "warn", "info", "debug" };
    static const int priorities[] = { 3, 4, 6, 7 }; // of syslog(3)
    char line[LINE_BYTES_MAX];
    char now[TIMESTAMP_BYTES];
    va_list list;

    if (level > level_max) {
        return;
    }
    clock_format(clock_wall_ms(), now);
    // The journal has its own clock, and priorities in front (sd-daemon(3)).
    int start = stderr_is_journal()
            ? snprintf(line, sizeof(line), "<%d>%s ", priorities[level], event)
            : snprintf(line, sizeof(line), "%s %s %s ", now, words[level], event);
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

// SPDX-License-Identifier: MIT
#include "tests/load/procstat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool read_file(pid_t pid, const char *name, char *text, size_t bytes)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    size_t got = fread(text, 1, bytes - 1, file);
    text[got] = '\0';
    fclose(file);
    return got > 0;
}

// The number behind a name in files of "name: number" lines; 0 when the name is not there.
static uint64_t number_after(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at == NULL ? 0 : strtoull(at + strlen(name), NULL, 10);
}

bool procstat_read(pid_t pid, struct procstat *stat)
{
    char text[4096];
    unsigned long user_ticks, system_ticks;

    memset(stat, 0, sizeof *stat);
    if (pid <= 0 || !read_file(pid, "stat", text, sizeof text)) {
        return false;
    }
    // The command name may hold anything; the fields are counted from behind its parenthesis.
    const char *fields = strrchr(text, ')');
    if (fields == NULL ||
            sscanf(fields + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user_ticks,
                    &system_ticks) != 2) {
        return false;
    }
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    stat->user_seconds = (double)user_ticks * tick;
    stat->cpu_seconds = (double)(user_ticks + system_ticks) * tick;
    if (read_file(pid, "status", text, sizeof text)) {
        stat->rss_bytes = number_after(text, "VmRSS:") * 1024;
    }
    if (read_file(pid, "io", text, sizeof text)) {
        stat->written_bytes = number_after(text, "\nwrite_bytes:");
    }
    return true;
}

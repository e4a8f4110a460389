// SPDX-License-Identifier: MIT
#include "tests/simulation/surroundings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/check.h"
#include "shared/clock.h"
#include "shared/failpoint.h"
#include "shared/log.h"
#include "shared/random.h"
#include "tests/simulation/chance.h"
#include "tests/simulation/life.h"

#define START_WALL_MS 1764000000000LL

static struct {
    struct chance chance;
    int64_t monotonic_ms;
    int64_t wall_ms;
    int64_t started_ms;
    const char *plant;
    bool is_traced;
    uint64_t digest;
} around;

void surroundings_init(uint64_t seed)
{
    chance_init(&around.chance, seed, 4);
    around.monotonic_ms = 1000000;
    around.wall_ms = START_WALL_MS;
    around.digest = 0xcbf29ce484222325ULL;
}

void surroundings_advance(int64_t ms)
{
    around.monotonic_ms += ms;
    around.wall_ms += ms;
}

void surroundings_set_wall(int64_t by_ms)
{
    around.wall_ms += by_ms;
}

void surroundings_note_start(void)
{
    around.started_ms = around.wall_ms;
}

void surroundings_plant(const char *name)
{
    around.plant = name;
}

int64_t clock_wall_ms(void)
{
    return around.wall_ms;
}

int64_t clock_monotonic_ms(void)
{
    return around.monotonic_ms;
}

void random_fill(void *data, size_t bytes)
{
    unsigned char *room = data;

    for (size_t i = 0; i < bytes; i++) {
        room[i] = (unsigned char)chance_next(&around.chance);
    }
}

uint64_t random_id(void)
{
    uint64_t id = 0;

    while (id == 0) {
        id = chance_next(&around.chance) & 0xffffffffffffULL;
    }
    return id;
}

bool failpoint(const char *name)
{
    life_pass(name);
    return false;
}

bool plant_is_on(const char *name)
{
    return around.plant != NULL && strcmp(around.plant, name) == 0;
}

int64_t plant_started_ms(void)
{
    return around.started_ms;
}

void trace_enable(bool is_enabled)
{
    around.is_traced = is_enabled;
}

bool trace_is_enabled(void)
{
    return around.is_traced;
}

static void note(const char *line)
{
    for (const char *c = line; *c != '\0'; c++) {
        around.digest = (around.digest ^ (unsigned char)*c) * 0x100000001b3ULL;
    }
    if (around.is_traced) {
        puts(line);
    }
}

void trace(const char *format, ...)
{
    char line[400];
    va_list list;

    va_start(list, format);
    vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    note(line);
}

uint64_t trace_digest(void)
{
    return around.digest;
}

// The process's log.

void log_set_level(enum log_level level)
{
    (void)level;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    char line[600];
    va_list list;

    if (level > LOG_WARN && !around.is_traced) {
        return;
    }
    int start = snprintf(line, sizeof(line), "    log %s ", event);
    va_start(list, format);
    vsnprintf(line + start, sizeof(line) - (size_t)start, format, list);
    va_end(list);
    if (around.is_traced) {
        puts(line);
    }
}

// SPDX-License-Identifier: MIT
#include "shared/failpoint.h"

#ifdef CHAT_FAILPOINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/clock.h"

static bool act(const char *name, const char *action)
{
    fprintf(stderr, "failpoint name=%s action=%s\n", name, action);
    if (strncmp(action, "kill", 4) == 0) {
        kill(getpid(), SIGKILL);
        pause();
    }
    if (strncmp(action, "stop", 4) == 0) {
        raise(SIGSTOP);
    }
    if (strncmp(action, "sleep", 5) == 0) {
        nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
    }
    return strncmp(action, "error", 5) == 0;
}

// "7": the seventh; "*7": every seventh.
static bool is_wanted(const char *nth, long passage)
{
    bool is_each = *nth == '*';
    long number = strtol(nth + is_each, NULL, 10);

    return is_each ? number > 0 && passage % number == 0 : passage == number;
}

bool failpoint(const char *name)
{
    static atomic_long passages;
    const char *wanted = getenv("CHAT_FAILPOINT");
    size_t bytes = strlen(name);

    if (wanted == NULL || strncmp(wanted, name, bytes) != 0 || wanted[bytes] != ':') {
        return false;
    }
    const char *action = wanted + bytes + 1;
    const char *nth = strchr(action, ':');
    long passage = atomic_fetch_add(&passages, 1) + 1;
    if (nth != NULL && !is_wanted(nth + 1, passage)) {
        return false;
    }
    return act(name, action);
}

static int64_t started_ms;

__attribute__((constructor)) static void note_start(void)
{
    started_ms = clock_wall_ms();
}

int64_t plant_started_ms(void)
{
    return started_ms;
}

bool plant_is_on(const char *name)
{
    const char *plant = getenv("CHAT_PLANT");

    return plant != NULL && strcmp(plant, name) == 0;
}

#else

// An empty translation unit is not valid C.
extern const int failpoints_are_off;
const int failpoints_are_off = 1;

#endif

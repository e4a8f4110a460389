// SPDX-License-Identifier: MIT
// Named fail points (test builds only): CHAT_FAILPOINT=name:action:nth in the environment makes the
// nth passage (*nth: each nth) of that point kill (SIGKILL), stop (SIGSTOP), sleep (100 ms) or
// report an error. CHAT_PLANT=name switches one deliberate bug on, which the test batteries must
// catch. In other builds both are constant false and cost nothing.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef CHAT_FAILPOINTS
// True when the action is "error": the caller then fails as if its work had.
bool failpoint(const char *name);
bool plant_is_on(const char *name);
// When this process started, in wall clock milliseconds.
int64_t plant_started_ms(void);
#define FAILPOINT(name) failpoint(name)
#define PLANTED(name) plant_is_on(name)
#else
#define FAILPOINT(name) false
#define PLANTED(name) false
#define plant_started_ms() 0
#endif

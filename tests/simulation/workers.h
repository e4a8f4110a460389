// SPDX-License-Identifier: MIT
// The workers of the simulated process, which run one task at a time when they are told to.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/simulation/chance.h"

// A new process has none; its order of running follows from both numbers.
void workers_reset(uint64_t seed, uint64_t life);

// Runs the first task of one worker that has any; false when none has.
bool workers_run_one(void);
bool workers_have_work(void);
uint64_t workers_tasks_run(void); // in all

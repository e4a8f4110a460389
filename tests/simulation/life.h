// SPDX-License-Identifier: MIT
// The life of the simulated process: everything of chatd runs within life_do(), and can end at any
// point, also in the middle of a call of SQLite's.
//
// Thread: one.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/check.h"

enum death {
    DEATH_NONE,
    DEATH_KILL,  // as by kill -9: what was written stays as it was written
    DEATH_ABORT, // a CHECK() of its own
    DEATH_EXIT,  // it gave up
};

// Runs a piece of the process. False: it died within; its memory is gone then.
bool life_do(void (*work)(void *context), void *context) MUST_USE;

// Dies at the nth point from now on that has this name ("" is any; the string is kept); 0: does
// not.
void life_end_at(const char *name, uint64_t nth);
bool life_is_ending(void); // it was asked to, and has not died yet

// The process passes a point: a call of the disk's, or a fail point.
void life_pass(const char *name);
uint64_t life_passed(void); // points in all

enum death life_death(void); // the last one, and where it was
const char *life_death_point(void);

// Whether the process is running now.
bool life_is_inside(void);

// SPDX-License-Identifier: MIT
#include "tests/simulation/life.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/heap.h"

void system_abort(void) __asm__("__real_abort");
void wrapped_abort(void) __asm__("__wrap_abort");

static struct {
    jmp_buf door;
    bool is_inside;
    const char *wanted; // the point to die at
    uint64_t countdown;
    uint64_t passed;
    enum death death;
    const char *death_point;
} life;

static void die(enum death death, const char *point)
{
    life.death = death;
    life.death_point = point;
    life.countdown = 0;
    longjmp(life.door, 1);
}

bool life_do(void (*work)(void *context), void *context)
{
    CHECK(!life.is_inside);
    life.is_inside = true;
    if (setjmp(life.door) == 0) {
        heap_enter();
        work(context);
        heap_leave();
        life.is_inside = false;
        return true;
    }
    heap_leave();
    life.is_inside = false;
    heap_drop_process();
    return false;
}

void life_end_at(const char *name, uint64_t nth)
{
    life.wanted = name;
    life.countdown = nth;
}

bool life_is_ending(void)
{
    return life.countdown > 0;
}

void life_pass(const char *name)
{
    life.passed++;
    if (!life.is_inside || life.countdown == 0 ||
            (life.wanted[0] != '\0' && strcmp(life.wanted, name) != 0)) {
        return;
    }
    life.countdown--;
    if (life.countdown == 0) {
        die(DEATH_KILL, name);
    }
}

uint64_t life_passed(void)
{
    return life.passed;
}

enum death life_death(void)
{
    return life.death;
}

const char *life_death_point(void)
{
    return life.death_point;
}

bool life_is_inside(void)
{
    return life.is_inside;
}

// A CHECK() of the simulation itself ends it.
void wrapped_abort(void)
{
    if (!life.is_inside) {
        system_abort();
    }
    die(DEATH_ABORT, "abort");
}

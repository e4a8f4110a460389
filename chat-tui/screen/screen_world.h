// SPDX-License-Identifier: MIT
// The world of the screen's unit tests: ann's screen with her conversation with bob open.
//
// Owner: cmocka's state, from world_begin() to world_end().

#pragma once

#include "ui.h"

#define WORLD_DAY_MS 86400000LL
#define WORLD_TS (20000 * WORLD_DAY_MS) // noon is far from midnight in most time zones

struct world {
    struct settings settings;
    struct ui ui;
    struct model *model;
    struct conversation *bob;
    uint64_t random; // the same numbers in every run
};

int world_begin(void **state);
int world_end(void **state);

// Below the limit.
uint32_t world_random(struct world *world, uint32_t limit);

struct message_view world_text(uint64_t seq, const char *from, const char *text);
struct message_view world_edit(uint64_t seq, const char *from, uint64_t target, const char *text);
struct message_view world_delete(uint64_t seq, const char *from, uint64_t target);
// An event.
void world_event(struct world *world, struct message_view message);
void world_says(struct world *world, uint64_t seq, const char *from, const char *text);
// A page of texts "number SEQ", bob's where odd.
void world_page(struct world *world, uint64_t from, uint64_t to);
// Its text in the timeline, "(none)" where it is not held.
const char *world_text_of(const struct world *world, uint64_t seq);

// The timeline's own rules; fails the test where one does not hold.
void world_check_timeline(const struct timeline *timeline);

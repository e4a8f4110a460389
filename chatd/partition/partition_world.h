// SPDX-License-Identifier: MIT
// For tests: two partitions and the log that feeds them.

#pragma once

#include "partition/partition.h"
#include "shared/buffer.h"
#include "shared/record.h"

// A world of two partitions and the log that feeds them, so that "crash" is: forget the partitions
// and replay the log onto what their files have.
#define PARTITIONS 2
#define RECORDS_MAX 8000

struct partition_world {
    char directory[64];
    struct places places;
    struct partition_settings settings;
    struct partition *partitions[PARTITIONS];
    struct buffer log[RECORDS_MAX];
    uint64_t record_count;
};

extern struct partition_world world;

struct partition *home(struct bytes user);
void open_world(void);
void close_world(void);
struct applied apply(const struct record *record);
void crash(void);
void flush_all(void);
int set_up(void **state);
int tear_down(void **state);
struct record send_record(const char *from, const char *to, uint64_t counter, const char *text);
struct applied send(const char *from, const char *to, uint64_t counter, const char *text);
uint64_t stored_of(const char *user);
char *show_world(uint32_t events_per_page);
struct applied change(enum record_type type, const char *from, const char *to, uint64_t seq,
        const char *text);

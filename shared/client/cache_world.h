// SPDX-License-Identifier: MIT
// The world that the tests of the cache share: a directory, and what the server has of the
// conversation of ann, whose cache this is, and bob. The entry of seq n is server[n - 1]; odd ones
// are ann's. Each test makes as much of it known as it needs.
//
// Owner: world_make() to world_clean(), around each test.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/client/cache.h"

#define ENTRIES 600

extern char directory[64];
extern struct message_view server[ENTRIES];
extern uint64_t digests[ENTRIES + 1]; // behind so many entries

int world_make(void **state);
int world_clean(void **state);

// Another entry than a text of its author.
void server_entry(uint64_t seq, enum message_kind kind, uint64_t target, const char *text);
// Lent until the next call.
const char *path_of(const char *name);

struct cache *open_it(void);
struct cache *open_again(struct cache *cache);

// A batch each; they return whether the cache dropped anything. Events are those of first to last.
bool put_events(struct cache *cache, uint64_t first, uint64_t last);
bool put_page_at(struct cache *cache, uint64_t first, uint64_t last, uint64_t head_seq);
bool put_head(struct cache *cache, const struct head_view *head);
void put_receipt(struct cache *cache, const char *by, uint64_t delivered, uint64_t read);
struct head_view head_at(uint64_t seq);

// Visitors that write into the buffer that is their context, and what is expected there.
bool show_message(void *context, const struct message_view *message);
bool show_head(void *context, const struct head_view *head);
void assert_shown(struct buffer *shown, const char *wanted);
void assert_heads(struct cache *cache, const char *wanted);
// The texts, then w: whole, s: start, h: head.
void assert_before(struct cache *cache, uint64_t before, unsigned limit, const char *wanted);
void assert_after(struct cache *cache, uint64_t after, unsigned limit, const char *wanted);
void assert_range(struct cache *cache, uint64_t seq, uint64_t first, uint64_t last);
void assert_cursor(struct cache *cache, const char *wanted);

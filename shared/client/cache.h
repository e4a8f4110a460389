// SPDX-License-Identifier: MIT
// What this device knows of its user's conversations, kept so that the screen is painted before
// there is a network: heads, messages as history.get shows them, and the cursor that they go up to.
// All of it can be read again from the server; so whatever can't be trusted is thrown away.
//
//   seq   1 ....... 40 | 41 ... 99 | 100 ........ 250     what the conversation is on the server
//         [ range    ]  (not held)  [ range         ]     what is held: without holes inside
//
// A page is read from one range only, so a gap is never shown as if there were none.
//
// Files:  DIR/cache.db (WAL, synchronous=NORMAL: after a power cut the last batches may be missing,
//         and then so is their cursor). Drafts are no cache: see drafts.h.
// Owner:  cache_close(). Thread: one. A second process may have it open: reads never wait, batches
//         take turns, and what either stores is true for both. When one of them empties it, the
//         other's next batch is refused, see cache_begin(). Where the file can't be used, the cache
//         is in memory, and private.
// Errors: a sentence in cache_reason(). After ERR_DAMAGED cache_remake() makes it anew.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"
#include "shared/view.h"

// Bounds; what is over is dropped a little at a time, oldest first, of the conversations that were
// opened longest ago first. CACHE_KEPT_MESSAGES of each stay as long as others have more.
#define CACHE_CONVERSATION_MESSAGES_MAX 10000
#define CACHE_MESSAGES_MAX 100000
#define CACHE_FILE_BYTES_MAX (256LL * 1024 * 1024)
#define CACHE_KEPT_MESSAGES 200
#define CACHE_TRIM_EVERY_MESSAGES 128 // stored ones; the bounds may be exceeded by as many

struct cache;

// Always gives a cache, but for ERR_MEMORY; see cache_is_private() and cache_reason().
enum err cache_open(const char *directory, struct cache **cache) MUST_USE;
void cache_close(struct cache *cache);
// What went wrong last, or "".
const char *cache_reason(const struct cache *cache);
// It is in memory only; cache_reason() says why.
bool cache_is_private(const struct cache *cache);
// Empty, as for a new user, whatever state it is in. Ends a batch. Moves to memory if it must.
enum err cache_remake(struct cache *cache) MUST_USE;

// Whose it is. What it has of another user is dropped. Before any put.
enum err cache_set_user(struct cache *cache, struct bytes user) MUST_USE;
// "": of nobody yet.
const char *cache_user(const struct cache *cache);

// Where to subscribe from: "" when nothing was stored; lent until the next call with this cache.
// From here on this process knows what the file has, see cache_begin().
enum err cache_read_cursor(struct cache *cache, struct bytes *cursor) MUST_USE;

// One batch for each turn of the program, not for each event: a commit costs as much as three puts.
// All puts stand between these two, and are stored whole or not at all. A put that fails makes the
// batch fail. ERR_CONFLICT: another process has emptied the cache, and this one's cursor says
// nothing about it; go on with cache_read_cursor(), and a subscription from there.
enum err cache_begin(struct cache *cache) MUST_USE;
// With the cursor of the last event of the batch; empty: it stays what it is.
enum err cache_commit(struct cache *cache, struct bytes cursor) MUST_USE;
void cache_abandon(struct cache *cache);
bool cache_is_begun(const struct cache *cache);

// The server could not serve the cursor: all but the user is dropped. In a batch.
enum err cache_reset(struct cache *cache) MUST_USE;

// A head as the server gave it. It brings marks forward, never back; one that is older than what is
// known changes nothing else. *is_dropped: its digest contradicts the messages that were held of
// this conversation; they are dropped, to be read again.
enum err cache_put_head(struct cache *cache, const struct head_view *head,
        bool *is_dropped) MUST_USE;
enum err cache_put_receipt(struct cache *cache, const struct receipt_view *receipt) MUST_USE;
// An event, or one's own message from the answer to its send. An edit or a delete changes its
// target, also if that comes later. *is_dropped: it contradicts what was held.
enum err cache_put_message(struct cache *cache, const struct message_view *message,
        bool *is_dropped) MUST_USE;

// A page of history.get: messages without a hole, ascending.
struct cache_history {
    struct bytes peer;
    const struct message_view *messages;
    size_t count;
    uint64_t head_seq; // of the answer: the changes up to there are in the messages
    uint64_t digest;
    bool is_start; // nothing is before the first message: before or no bound, and no more
};

// ERR_INVALID: it has a hole, or is not of these two users.
enum err cache_put_history(struct cache *cache, const struct cache_history *history,
        bool *is_dropped) MUST_USE;

// Visitors are lent what they see for the call, and return whether to go on. They don't call the
// cache.
typedef bool cache_visit_head(void *context, const struct head_view *head);
typedef bool cache_visit_message(void *context, const struct message_view *message);

// By the time of their last entry, newest first. digest is 0 where the server did not say it for
// this seq; last.text may be cut after CACHE_LAST_TEXT_BYTES.
#define CACHE_LAST_TEXT_BYTES 256
enum err cache_each_head(struct cache *cache, unsigned limit, cache_visit_head *visit,
        void *context) MUST_USE;
// Calls visit once, or not: *is_found.
enum err cache_read_head(struct cache *cache, struct bytes peer, cache_visit_head *visit,
        void *context, bool *is_found) MUST_USE;

// What was visited, ascending and without a hole.
struct cache_page {
    uint64_t first; // 0: nothing
    uint64_t last;
    bool is_whole; // all that was asked for: as many as the limit, or up to where it ends
    bool is_start; // nothing is before the first one
    bool is_head;  // nothing is known behind the last one
};

// The messages next before a seq. With 0 the newest that are held: is_head says whether they are
// the conversation's newest.
enum err cache_read_before(struct cache *cache, struct bytes peer, uint64_t before, unsigned limit,
        cache_visit_message *visit, void *context, struct cache_page *page) MUST_USE;
enum err cache_read_after(struct cache *cache, struct bytes peer, uint64_t after, unsigned limit,
        cache_visit_message *visit, void *context, struct cache_page *page) MUST_USE;

struct cache_range {
    uint64_t first; // 0: none
    uint64_t last;
};

// The range that holds a seq, or else the next one below.
enum err cache_read_range(struct cache *cache, struct bytes peer, uint64_t seq,
        struct cache_range *range) MUST_USE;

// Texts that contain the query, without regard to case as history.search does, newest first; of all
// conversations where peer is empty.
enum err cache_search(struct cache *cache, struct bytes query, struct bytes peer, unsigned limit,
        cache_visit_message *visit, void *context) MUST_USE;

// The reader has opened this conversation: it is dropped last. A batch of its own, or in one.
enum err cache_note_opened(struct cache *cache, struct bytes peer) MUST_USE;

// For tests.
void cache_set_limits(struct cache *cache, uint64_t conversation_messages, uint64_t messages,
        uint64_t trim_every);

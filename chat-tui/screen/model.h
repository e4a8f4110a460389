// SPDX-License-Identifier: MIT
// What the screen shows: conversations, the messages of those that were opened, what is typed, and
// what the connection is like. Plain data with the few rules that keep it right; no curses, no
// sockets, no files.
//
// Owner:  the app; strings are the model's own copies. Thread: one.
// Bounds: MODEL_MESSAGES_MAX messages of an opened conversation; older ones are read again.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/list.h"
#include "shared/map.h"
#include "shared/name.h"
#include "shared/view.h"

#define MODEL_MESSAGES_MAX 20000
#define SNIPPET_BYTES 96
#define NOTICE_BYTES 240
#define TYPING_SHOWN_MS 6000

// How far one's own message has come.
enum tick { TICK_NONE, TICK_QUEUED, TICK_STORED, TICK_DELIVERED, TICK_READ, TICK_FAILED };

enum shown_presence { PRESENCE_UNKNOWN, PRESENCE_OFFLINE, PRESENCE_AWAY, PRESENCE_ONLINE };

struct message {
    uint64_t seq; // 0: not stored yet
    int64_t ts;   // wall clock, milliseconds
    char *text;   // NUL terminated, valid UTF-8
    uint32_t bytes;
    bool is_own;
    bool is_edited;
    bool is_deleted;
    bool is_failed; // a pending one that was refused
    void *handle;   // a pending one: the app's own name for it
};

// Rising by seq, without a gap among those that are texts.
struct timeline {
    struct message *messages;
    uint32_t count;
    uint32_t capacity;
    uint64_t first_seq; // everything from here ...
    uint64_t last_seq;  // ... to here is in it, edits and deletes applied; 0: nothing was read yet
    uint64_t page_from; // the page that is being put in
    uint64_t page_to;
    uint64_t page_changes_below; // its edits and deletes are news only for what is in front of this
    bool is_loading;
    int64_t ask_at_ms; // monotonic: it could not be read, and is not asked for before
    bool is_stale;     // something newer was missed: to be read again
    bool is_apart;     // read around an older message: what follows is read when it is scrolled to
};

// The place in the timeline that the screen shows.
struct place {
    bool is_at_end; // follows new messages
    uint64_t seq;   // else: this message stands in the last row
    uint32_t row;   // its row of wrapped text
};

struct conversation {
    struct map_node by_peer;
    struct list of_model; // the newest change first
    struct name peer;
    uint64_t head_seq;
    uint64_t read_seq;
    uint64_t peer_delivered_seq;
    uint64_t peer_read_seq;
    uint64_t unread;
    uint64_t told_read_seq; // what the server was told, or is being told
    int64_t changed_ts;
    enum shown_presence presence;
    bool is_watched; // the server was asked to tell of it
    char last_seen[32];
    int64_t typing_until_ms; // monotonic
    char snippet[SNIPPET_BYTES];
    bool is_snippet_own;
    struct timeline timeline;
    struct timeline pending; // one's own messages that are not stored yet
    struct place place;
    bool has_marker;       // "new" stands somewhere, while it is open:
    uint64_t marker_seq;   // behind this one; 0: everything is new
    uint64_t selected_seq; // 0: none
    uint64_t jump_seq;     // to be shown once it is here; 0: none
    bool is_marked_unread; // by the user, to come back to it
    uint64_t searched;     // the serial of the search that has looked into what is kept of it
    uint64_t printed_seq;  // up to here it was printed as lines (app_plain.c)
    uint64_t printed_from; // from here on
    struct buffer draft;   // typed here and not sent, while another one is open
};

struct model {
    struct name user;
    struct map by_peer;
    struct list conversations; // struct conversation.of_model
    uint32_t conversation_count;
    struct conversation *open; // NULL: none
    char transport[8];         // "ws", "poll", "offline"
    char why_offline[NOTICE_BYTES];
    int64_t retry_at_ms; // monotonic
    bool has_focus;
    char notice[NOTICE_BYTES];
    int64_t notice_until_ms; // INT64_MAX: until the next one
};

void model_init(struct model *model);
void model_finish(struct model *model);

// NULL when there is none.
struct conversation *model_find(const struct model *model, struct bytes peer);
// Makes it where it is missing. NULL: no valid name, or no memory.
struct conversation *model_get(struct model *model, struct bytes peer);
// It changed: to the front of the list.
void model_touch(struct model *model, struct conversation *conversation, int64_t ts);

// A message that the server has stored; edits and deletes change their target. False: no memory.
// Of an event: the newest. What can't be joined marks the timeline stale; what was there changes
// nothing when it comes again.
bool model_add(struct model *model, struct conversation *conversation,
        const struct message_view *incoming) MUST_USE;
// What the server says of the whole conversation. One that is older than what is known raises
// marks only.
void model_head(struct model *model, const struct head_view *head);
// Of a page of history: messages [from, to] complete, none when from > to; joins at either end or
// replaces. Its messages follow, one by one, with their texts as they are now; what is not in
// [from, to] is not taken.
void model_page_begin(struct conversation *conversation, uint64_t from, uint64_t to,
        bool is_newest);
bool model_page_add(struct model *model, struct conversation *conversation,
        const struct message_view *incoming) MUST_USE;

// One's own message on its way; handle names it. NULL: no memory.
struct message *model_queue(struct model *model, struct conversation *conversation,
        struct bytes text, int64_t ts, void *handle) MUST_USE;
// It is stored, or was refused (then it stays, failed).
void model_stored(struct model *model, struct conversation *conversation, void *handle,
        uint64_t seq, int64_t ts);
void model_refused(struct conversation *conversation, void *handle);
// Takes a failed one away.
void model_dismiss(struct conversation *conversation, struct message *message);

// Marks never go back.
void model_delivered(struct conversation *conversation, uint64_t seq);
void model_peer_read(struct conversation *conversation, uint64_t seq);
void model_own_read(struct conversation *conversation, uint64_t seq);

enum tick model_tick(const struct conversation *conversation, const struct message *message);
// "online" and so on; "": unknown.
const char *model_presence_word(enum shown_presence presence);
bool model_is_offline(const struct model *model);
// Something is new, or was marked so.
static inline bool model_is_unread(const struct conversation *conversation)
{
    return conversation->unread > 0 || conversation->is_marked_unread;
}
// NULL: not held.
struct message *timeline_find(const struct timeline *timeline, uint64_t seq);
void timeline_clear(struct timeline *timeline);

void model_notice(struct model *model, int64_t until_ms, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

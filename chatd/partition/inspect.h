// SPDX-License-Identifier: MIT
// What an admin asks of one user's copies: conversations by name, entries as they are stored, and
// walks over a whole conversation that recompute its digest, a slice at a time so that batches get
// their turn. Otherwise as read.h, which also says the errors.
//
// Thread: the partition's, to fill; any one, to read and finish.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "partition/partition.h"
#include "shared/arena.h"
#include "shared/name.h"
#include "shared/record.h"
#include "shared/view.h"

// A conversation without its messages.
struct copy_view {
    struct bytes peer;
    uint64_t head_seq;
    uint64_t digest; // at head_seq
    uint64_t floor_seq;
    uint64_t floor_digest;  // before floor_seq
    bool is_imported_alone; // nothing was written here yet: empty, or its last entry was imported
};

struct copies_query {
    struct bytes user;
    struct bytes after; // only peers behind this name
    struct bytes peer;  // empty: all; else only this one
    uint32_t limit;
};

struct copies_page {
    struct arena arena;
    struct copy_view *copies; // by rising name
    uint32_t count;
    bool has_more;
    enum user_state state; // of the user
};

enum err inspect_copies(struct partition *partition, const struct copies_query *query,
        struct copies_page *page) MUST_USE;

struct entry_view {
    uint64_t seq;
    uint64_t useq;
    uint64_t ts;
    uint64_t target;
    uint64_t counter;
    uint64_t device;
    uint64_t text_hash; // of the first text
    struct bytes text;
    enum message_kind kind;
    bool is_of_user; // the copy's owner wrote it, else the peer
    bool is_edited;
    bool is_deleted;
    bool is_imported;
};

struct entries_query {
    struct bytes user, peer;
    uint64_t after;
    uint32_t limit;
};

struct entries_page {
    struct arena arena;
    struct entry_view *entries; // ascending
    uint32_t count;
    bool has_more;
    struct copy_view copy;
};

// ERR_NOT_FOUND: no such user. A peer without conversation gives an empty page.
enum err inspect_entries(struct partition *partition, const struct entries_query *query,
        struct entries_page *page) MUST_USE;

#define SCAN_CHANGES_MAX 128

enum scan_fault { SCAN_GOOD, SCAN_MISSING, SCAN_TIME_BACK, SCAN_PLACE_BACK, SCAN_DIGEST };

// A walk over one copy. The caller sets the first part and calls until is_complete.
struct scan {
    struct bytes user, peer;
    uint64_t first; // with digest: begin here, 0: at the floor
    uint64_t upto;  // 0: the head of when it began
    uint64_t digest;
    uint32_t mark_every; // a mark behind each entry whose seq this divides
    uint64_t target;     // look at this message and at what changed it; 0: at none

    bool is_begun, is_complete;
    bool is_absent;        // there is no such conversation
    struct copy_view copy; // as it began; peer is not set
    uint64_t next, ts, useq;
    uint64_t entry_count;
    enum scan_fault fault; // the first one
    uint64_t fault_seq;
    uint64_t *marks; // digests; of seq first_mark * mark_every on. scan_finish() frees them
    uint64_t first_mark;
    uint32_t mark_count, mark_capacity;

    bool has_target;
    struct entry_view entry; // of the target, without text
    uint64_t target_digest;  // behind it
    struct {
        uint64_t seq, ts;
        enum message_kind kind;
        bool is_of_user;
    } changes[SCAN_CHANGES_MAX]; // edits and deletes that name the target
    uint32_t change_count;
    // The copy's watermarks and where it is, as it began.
    uint64_t delivered_seq, read_seq, peer_delivered_seq, peer_read_seq;
    bool is_in_file; // the target's row; else only the log and memory have it
    uint64_t disk_index, applied_index;
};

// The next SCAN_SLICE_ROWS entries. A target that was never changed ends the walk.
enum err inspect_scan(struct partition *partition, struct scan *scan) MUST_USE;
void scan_finish(struct scan *scan);

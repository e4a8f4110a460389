// SPDX-License-Identifier: MIT
// Every bound of the system in one place, with units in the names, and how they fit together.

#pragma once

#include <assert.h>

// The wire (protocol.md "Types" and "What bad input gets").
#define NAME_BYTES_MAX 32
#define TEXT_BYTES_MAX 16384
#define JSON_DEPTH_MAX 16
#define JSON_INTEGER_MAX 9007199254740991ULL // 2^53 - 1
#define FRAME_BYTES_MAX_BEFORE (64 * 1024)
#define FRAME_BYTES_MAX_AFTER (256 * 1024)
#define PASSWORD_BYTES_MIN 8
#define PASSWORD_BYTES_MAX 1024
#define LABEL_BYTES_MAX 64
#define TOKEN_BYTES_MAX 128
#define TOKEN_HASH_BYTES 32 // SHA-256
#define CURSOR_BYTES_MAX 64
#define PATH_PARAM_BYTES_MAX 479
#define USERS_PER_REQUEST_MAX 256

// A session.
#define WATCHES_MAX 1000 // users whose presence one session watches; watches_per_user bounds all
#define SEEN_EVERY_MS 600000 // "last seen" is written that often while somebody is here
#define WINDOW_EVENTS 256
#define WINDOW_BYTES (256 * 1024)
#define SESSION_CALLS_MAX 256 // open requests before its connection is not read any more
#define SESSION_OUTPUT_BYTES_MAX (1024 * 1024) // unread answers before the same
#define IDLE_PING_MS 30000
#define IDLE_CLOSE_MS 45000
#define AUTHENTICATION_DEADLINE_MS 15000

// Long poll.
#define POLL_IDLE_MS 60000 // a poll session lives so long after its last question
#define POLL_WAIT_S_DEFAULT 25
#define POLL_WAIT_S_MAX 55

// Reads.
#define HISTORY_LIMIT_DEFAULT 50
#define HISTORY_LIMIT_MAX 500
#define HISTORY_BYTES_MAX (1024 * 1024) // texts of one page; then "more"
#define HEADS_PER_PAGE_MAX 200
#define CATCH_UP_CONVERSATIONS_MAX 1000 // more changed ones than this: "reset"
#define CATCH_UP_SEEN_MAX 10000 // events that a new poll session acknowledges for an older one
#define UNREAD_COUNT_MAX 999
#define UNREAD_SCAN_ROWS_MAX 2000
#define PREVIOUS_ROWS_MAX 4096 // how far an event looks back for its author's entry before it
#define SEARCH_SLICE_ROWS 2000 // then batches get their turn
#define SEARCH_BUDGET_MS 250   // of one request; then "continue"
#define SEARCH_QUERY_BYTES_MAX 256
#define SEARCH_LIMIT_DEFAULT 50
#define DEVICES_PER_USER_MAX 10000 // ever made: revoked ones keep their place
#define EDITS_PER_MESSAGE_MAX 64

// The log.
#define BATCH_RECORDS_MAX 8192
#define BATCH_RECORDS_SPARE 2048 // for receipts and single requests, when sessions are held back
#define BATCH_BYTES_MAX (4 * 1024 * 1024)
#define BATCHES_APPLYING_MAX 4 // durable ones that some partition has not applied yet
#define RECORD_BYTES_MAX (TEXT_BYTES_MAX + 2048)

#define SCAN_SLICE_ROWS 2000 // of a copy that is verified; then batches get their turn
#define SCAN_MARK_ROWS 1000  // its digest is kept for one in so many, to find where copies part
#define IMPORT_BYTES_MAX (TEXT_BYTES_MAX + 256) // packed entries of one RECORD_IMPORT
#define IMPORT_ENTRIES_MAX 500                  // of one request

// Partitions.
#define PARTITION_COUNT_MAX 4096
#define PARTITION_WORKERS 8
#define PARTITION_QUEUE_MAX 16384 // tasks waiting for one worker
#define RECENT_MESSAGES 15
#define RECENT_BYTES_MAX (256L * 1024 * 1024) // caches of all partitions together
#define MARK_MESSAGES 64     // a sender's sparse marks: one in so many of its messages
#define MARK_SPAN_ROWS 1024  // and so that a search between two marks reads no more rows
#define EXPIRY_ROWS_MAX 1000 // looked at, or expired, by one step of retention
#define CLEAN_ROWS 2000      // deleted, or
#define CLEAN_PAGES 256      // ... given back, by one step
#define RESERVE_FILE_BYTES (64 * 1024 * 1024)
#define DISK_LOW_BYTES (128L * 1024 * 1024)

#define THROTTLED_KEYS_MAX 4096 // names, and as many source addresses
#define THROTTLE_KEY_BYTES_MAX 40
#define NAME_FREE_FAILURES 4
#define SOURCE_FREE_FAILURES 50 // a household or an office behind one address
#define SOURCE_FORGET_MS 30000
#define STORED_ENTRY_BYTES 128 // what an entry of a conversation counts for beside its text
#define METERED_USERS_MAX 16384
#define METER_BURST_SECONDS 10
#define STRICT_AFTER_START_MS 600000 // guesses that a restart would give are not worth the wait
#define DIRECTORY_NAMES_MAX 65536
#define HASHES_WAITING_MAX 64

// What is typed in chat-tui.
#define SENT_LINES_MAX 200
#define UNDO_STEPS_MAX 1000
#define UNDO_BYTES_MAX (1024 * 1024)

static_assert(UNDO_BYTES_MAX > TEXT_BYTES_MAX, "any text can be had back");
static_assert(TEXT_BYTES_MAX * 6 < FRAME_BYTES_MAX_AFTER, "an escaped text fits a frame");
static_assert(RECORD_BYTES_MAX < BATCH_BYTES_MAX, "a record fits a batch");
static_assert(TEXT_BYTES_MAX <= WINDOW_BYTES, "a message fits a window");
static_assert(HISTORY_BYTES_MAX >= TEXT_BYTES_MAX, "a page holds a message");
static_assert(NAME_BYTES_MAX <= THROTTLE_KEY_BYTES_MAX, "a name can be throttled");
static_assert(IMPORT_BYTES_MAX + 2 * NAME_BYTES_MAX + 64 < RECORD_BYTES_MAX,
        "so does a part of an import");
static_assert(SESSION_CALLS_MAX < BATCH_RECORDS_MAX, "one session can't fill a batch");

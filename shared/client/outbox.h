// SPDX-License-Identifier: MIT
// What this device wants stored by the server, on disk before it is sent: an SQLite file in the
// state directory, one holder at a time. A row leaves when its answer was delivered, so what a
// crash left behind is sent again, with the same counter: the server recognises it.
//
// Files:  DIR/outbox.db (WAL, synchronous=FULL: sqlite.org/pragma.html), DIR/lock (flock(2): the
//         holder), DIR/wake (closed after writing: another process has added a row).
// Owner:  outbox_close(). Thread: one.
// Errors: a sentence in outbox_reason().

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/err.h"

struct outbox;

struct outbox_row {
    uint64_t counter;
    struct bytes method; // message.send, message.edit, message.delete
    struct bytes peer;
    struct bytes params;  // a JSON object without counter and after
    struct bytes request; // what the program called it, or empty
    bool is_attempted;    // the server may have it
    bool is_handed_over;  // by another process, which waits for the answer in the file
};

// ERR_IO: see outbox_reason(). The directory is made where it is missing, mode 0700.
enum err outbox_open(const char *directory, struct outbox **outbox) MUST_USE;
void outbox_close(struct outbox *outbox);
const char *outbox_reason(const struct outbox *outbox);

// Becomes the holder. False: another process is.
bool outbox_try_hold(struct outbox *outbox) MUST_USE;
// To watch for input: outbox_was_woken() then says whether rows were added by others. -1: none.
int outbox_wake_fd(const struct outbox *outbox);
void outbox_drain_wake(struct outbox *outbox);
void outbox_wake_holder(const struct outbox *outbox);

// Who the rows are of. The device may be "" before the first connection.
struct outbox_owner {
    char user[40];
    char device[72];
    uint64_t counter; // the last one given out
};

enum err outbox_read_owner(struct outbox *outbox, struct outbox_owner *owner) MUST_USE;
enum err outbox_write_owner(struct outbox *outbox, const struct outbox_owner *owner) MUST_USE;

// Several changes as one; begin reads the owner, because others may have given out counters.
enum err outbox_begin(struct outbox *outbox, struct outbox_owner *owner) MUST_USE;
// For changes that need not survive a power cut: the commit does not wait for the disk.
enum err outbox_begin_lazily(struct outbox *outbox) MUST_USE;
enum err outbox_commit(struct outbox *outbox) MUST_USE;
// Nothing since outbox_begin() has happened.
void outbox_abandon(struct outbox *outbox);
bool outbox_is_begun(const struct outbox *outbox);

// With the next counter of the owner, who is written with the commit.
enum err outbox_add(struct outbox *outbox, const struct outbox_row *row) MUST_USE;
// Those behind a counter, ascending, without an answer; the row is lent for the call.
enum err outbox_each(struct outbox *outbox, uint64_t after,
        bool (*visit)(void *context, const struct outbox_row *row), void *context) MUST_USE;
enum err outbox_renumber(struct outbox *outbox, uint64_t from, uint64_t to) MUST_USE;
enum err outbox_mark_attempted(struct outbox *outbox, uint64_t upto) MUST_USE;
enum err outbox_remove(struct outbox *outbox, uint64_t counter) MUST_USE;

// The answer to a row that was handed over; it stays until somebody comes for it.
enum err outbox_answer(struct outbox *outbox, uint64_t counter, struct bytes answer) MUST_USE;
// For the process that handed it over, by the name it gave. Calls visit with the answer and returns
// true, if there is one.
bool outbox_read_answer(struct outbox *outbox, struct bytes request,
        void (*visit)(void *context, struct bytes answer), void *context);
// False: it is no longer ours to take back, the server may have it.
bool outbox_take_back(struct outbox *outbox, struct bytes request);
enum err outbox_remove_answered(struct outbox *outbox, struct bytes request) MUST_USE;
// Answers that nobody has come for.
enum err outbox_forget_answers(struct outbox *outbox, int64_t before_wall_ms) MUST_USE;

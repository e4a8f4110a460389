// SPDX-License-Identifier: MIT
// The file that "history export" writes: JSON Lines, digests in it, and how it is read again. All
// of it is checked while it is read: the first line that does not fit ends it.
//
//     {"history":"chat","version":1,"user":USER}
//     {"peer":PEER,"head":SEQ,"floor":SEQ,"floor_digest":HEX,"digest":HEX}      for each
//     conversation
//     {"seq":SEQ,"ts":TIME,"from":NAME,...,"digest":HEX}                        for each entry of
//     it
//     {"conversations":COUNT,"entries":COUNT,"sha256":HEX}                      of all lines before
//
// Nothing in it depends on when or where it was written: the same history is the same file.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shared/buffer.h"
#include "shared/bytes.h"
#include "shared/check.h"
#include "shared/json.h"
#include "shared/name.h"

// Writing: lines are counted and hashed on their way.
struct history_writer;

// The stream is borrowed. NULL: out of memory.
struct history_writer *history_writer_create(FILE *stream, const char *user) MUST_USE;
void history_writer_destroy(struct history_writer *writer);
// From admin.history.entries: its first answer of a conversation, and each entry.
void history_writer_begin(struct history_writer *writer, const struct json *copy);
void history_writer_add(struct history_writer *writer, const struct json *entry);
uint64_t history_writer_entry_count(const struct history_writer *writer);
// Whether the last entry gave the digest that the conversation has.
bool history_writer_fits(const struct history_writer *writer);
// The trailer. False: something could not be written (errno).
bool history_writer_end(struct history_writer *writer) MUST_USE;

enum history_line { HISTORY_CONVERSATION, HISTORY_ENTRY, HISTORY_END, HISTORY_BAD };

struct history_reader {
    // Of what was read last.
    struct name user;
    struct name peer;
    uint64_t head, floor, floor_digest, head_digest;
    uint64_t seq;
    uint64_t digest;     // behind that entry
    struct bytes entry;  // the entry's line, as the server takes it again
    uint32_t text_bytes; // of it
    uint64_t conversation_count, entry_count;
    char reason[300]; // HISTORY_BAD: what does not fit, and where
    struct history_reading *inside;
};

// False: reason says why.
bool history_reader_open(struct history_reader *reader, const char *path) MUST_USE;
void history_reader_close(struct history_reader *reader);
enum history_line history_reader_next(struct history_reader *reader);
// What was read of the file, in bytes, and how many it has.
void history_reader_position(const struct history_reader *reader, uint64_t *done, uint64_t *total);

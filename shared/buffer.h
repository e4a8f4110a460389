// SPDX-License-Identifier: MIT
// Bytes that grow at the end. A failed allocation is remembered instead of reported by each call:
// write everything, then ask buffer_is_whole() once.
//
// Owner: whoever embeds it; buffer_finish() releases the memory and makes it empty again.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shared/check.h"

struct buffer {
    char *data;
    size_t bytes;
    size_t capacity;
    bool has_failed;
};

void buffer_finish(struct buffer *buffer);

// Empty, memory kept.
void buffer_clear(struct buffer *buffer);

// False when an allocation failed since the last clear: the content is then not to be used.
static inline bool buffer_is_whole(const struct buffer *buffer)
{
    return !buffer->has_failed;
}

// Room for that many more bytes at the end, or NULL. The room is not counted yet.
char *buffer_reserve(struct buffer *buffer, size_t bytes);

static inline void buffer_add(struct buffer *buffer, const void *data, size_t bytes)
{
    char *room = buffer_reserve(buffer, bytes);

    if (room != NULL && bytes > 0) {
        memcpy(room, data, bytes);
        buffer->bytes += bytes;
    }
}

static inline void buffer_add_byte(struct buffer *buffer, char byte)
{
    buffer_add(buffer, &byte, 1);
}

#define buffer_add_literal(buffer, literal) buffer_add(buffer, "" literal, sizeof(literal) - 1)

// LEB128: seven bits a byte, lowest first, at most ten bytes.
void buffer_add_varint(struct buffer *buffer, uint64_t value);

// printf at the end.
void buffer_print(struct buffer *buffer, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

// A reader over lent bytes: the other half of the varint. Past the end has_failed is set and
// everything reads as 0.
struct reader {
    const char *data;
    size_t bytes;
    size_t position;
    bool has_failed;
};

uint64_t reader_varint(struct reader *reader);
// Lends bytes of the underlying data, or NULL.
const char *reader_take(struct reader *reader, size_t bytes);

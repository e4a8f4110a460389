// SPDX-License-Identifier: MIT
#include "shared/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CAPACITY_FIRST 256
#define VARINT_BYTES_MAX 10

void buffer_finish(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){ 0 };
}

void buffer_clear(struct buffer *buffer)
{
    buffer->bytes = 0;
    buffer->has_failed = false;
}

char *buffer_reserve(struct buffer *buffer, size_t bytes)
{
    if (buffer->has_failed) {
        return NULL;
    }
    if (buffer->capacity - buffer->bytes < bytes || buffer->data == NULL) {
        size_t capacity = buffer->capacity < CAPACITY_FIRST ? CAPACITY_FIRST : buffer->capacity * 2;
        while (capacity < buffer->bytes + bytes) {
            capacity *= 2;
        }
        char *data = realloc(buffer->data, capacity);
        if (data == NULL) {
            buffer->has_failed = true;
            return NULL;
        }
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->bytes;
}

void buffer_add_varint(struct buffer *buffer, uint64_t value)
{
    unsigned char *room = (unsigned char *)buffer_reserve(buffer, VARINT_BYTES_MAX);

    if (room == NULL) {
        return;
    }
    while (value >= 0x80) {
        *room++ = (unsigned char)(value | 0x80);
        buffer->bytes++;
        value >>= 7;
    }
    *room = (unsigned char)value;
    buffer->bytes++;
}

void buffer_print(struct buffer *buffer, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    int bytes = vsnprintf(NULL, 0, format, list);
    va_end(list);
    CHECK(bytes >= 0);
    char *room = buffer_reserve(buffer, (size_t)bytes + 1);
    if (room == NULL) {
        return;
    }
    va_start(list, format);
    vsnprintf(room, (size_t)bytes + 1, format, list);
    va_end(list);
    buffer->bytes += (size_t)bytes;
}

uint64_t reader_varint(struct reader *reader)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (reader->has_failed || reader->position >= reader->bytes) {
            break;
        }
        unsigned char byte = (unsigned char)reader->data[reader->position++];
        if (shift == 63 && byte > 1) {
            break; // more than 64 bits
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            return value;
        }
    }
    reader->has_failed = true;
    return 0;
}

const char *reader_take(struct reader *reader, size_t bytes)
{
    if (reader->has_failed || reader->bytes - reader->position < bytes) {
        reader->has_failed = true;
        return NULL;
    }
    const char *data = reader->data + reader->position;
    reader->position += bytes;
    return data;
}

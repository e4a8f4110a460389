// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "history_file.h"
#include "history_lines.h"
#include "output.h"
#include "shared/history_digest.h"

struct history_writer {
    FILE *stream;
    struct line_hash hash;
    struct buffer line;
    uint64_t conversation_count, entry_count;
    uint64_t digest, head_digest;
};

static void put_line(struct history_writer *writer)
{
    buffer_add_byte(&writer->line, '\n');
    line_hash_add(&writer->hash, writer->line.data, writer->line.bytes);
    (void)fwrite(writer->line.data, 1, writer->line.bytes,
            writer->stream); // ferror() tells, at the end
    buffer_clear(&writer->line);
}

struct history_writer *history_writer_create(FILE *stream, const char *user)
{
    struct history_writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL || !line_hash_begin(&writer->hash)) {
        free(writer);
        return NULL;
    }
    writer->stream = stream;
    buffer_add_literal(&writer->line, "{\"history\":\"chat\",\"version\":1,\"user\":");
    json_add_string(&writer->line, bytes_of(user));
    buffer_add_byte(&writer->line, '}');
    put_line(writer);
    return writer;
}

void history_writer_destroy(struct history_writer *writer)
{
    if (writer != NULL) {
        line_hash_finish(&writer->hash);
        buffer_finish(&writer->line);
        free(writer);
    }
}

static void add_text(struct buffer *line, const char *key, const struct json *from,
        const char *from_key)
{
    buffer_print(line, "\"%s\":", key);
    json_add_string(line, output_text(from, from_key));
}

void history_writer_begin(struct history_writer *writer, const struct json *copy)
{
    struct buffer *line = &writer->line;

    buffer_add_byte(line, '{');
    add_text(line, "peer", copy, "peer");
    buffer_print(line, ",\"head\":%" PRIu64 ",\"floor\":%" PRIu64 ",",
            output_uint(copy, "head_seq"), output_uint(copy, "floor_seq"));
    add_text(line, "floor_digest", copy, "floor_digest");
    buffer_add_byte(line, ',');
    add_text(line, "digest", copy, "digest");
    buffer_add_byte(line, '}');
    put_line(writer);
    writer->conversation_count++;
    (void)digest_read(output_text(copy, "floor_digest"), &writer->digest);
    (void)digest_read(output_text(copy, "digest"), &writer->head_digest);
}

void history_writer_add(struct history_writer *writer, const struct json *entry)
{
    writer->digest = entry_digest(writer->digest, entry);
    entry_write(&writer->line, entry);
    buffer_print(&writer->line, ",\"digest\":\"%016" PRIx64 "\"}", writer->digest);
    put_line(writer);
    writer->entry_count++;
}

uint64_t history_writer_entry_count(const struct history_writer *writer)
{
    return writer->entry_count;
}

bool history_writer_fits(const struct history_writer *writer)
{
    return writer->digest == writer->head_digest;
}

bool history_writer_end(struct history_writer *writer)
{
    char sum[LINE_HASH_TEXT_BYTES];

    line_hash_text(&writer->hash, sum);
    fprintf(writer->stream,
            "{\"conversations\":%" PRIu64 ",\"entries\":%" PRIu64 ",\"sha256\":\"%s\"}\n",
            writer->conversation_count, writer->entry_count, sum);
    return fflush(writer->stream) == 0 && ferror(writer->stream) == 0;
}

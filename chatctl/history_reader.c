// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "history_file.h"
#include "history_lines.h"
#include "output.h"
#include "shared/history_digest.h"
#include "shared/limits.h"

struct history_reading {
    FILE *file;
    char *line;
    size_t line_capacity;
    struct json *json;
    struct line_hash hash;
    struct buffer entry;
    uint64_t line_number;
    uint64_t done_bytes, total_bytes;
    bool has_conversation;
};

static enum history_line bad(struct history_reader *reader, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static enum history_line bad(struct history_reader *reader, const char *format, ...)
{
    int used = snprintf(reader->reason, sizeof(reader->reason), "line %" PRIu64 ": ",
            reader->inside->line_number);
    va_list list;

    va_start(list, format);
    vsnprintf(reader->reason + used, sizeof(reader->reason) - (size_t)used, format, list);
    va_end(list);
    return HISTORY_BAD;
}

// The next line as JSON. The trailer is not hashed, so the caller does it. False: reason is set.
static bool next_line(struct history_reader *reader, size_t *bytes)
{
    struct history_reading *inside = reader->inside;
    char why[120] = "";
    ssize_t length = getline(&inside->line, &inside->line_capacity, inside->file);

    inside->line_number++;
    json_destroy(inside->json);
    inside->json = NULL;
    if (length <= 0) {
        (void)bad(reader, "the file ends before its trailer: it was cut off");
        return false;
    }
    *bytes = (size_t)length;
    inside->done_bytes += *bytes;
    if (inside->line[length - 1] != '\n') {
        (void)bad(reader, "this line has no end: the file was cut off");
        return false;
    }
    inside->json = json_parse(inside->line, *bytes - 1, why, sizeof(why));
    if (!json_value_is_object(inside->json)) {
        (void)bad(reader, "not a line of a history file%s%s", *why != '\0' ? ": " : "", why);
        return false;
    }
    return true;
}

static bool read_name(const struct json *line, const char *key, struct name *name)
{
    struct bytes text = output_text(line, key);

    if (!name_is_valid(text)) {
        return false;
    }
    *name = name_of(text);
    return true;
}

bool history_reader_open(struct history_reader *reader, const char *path)
{
    struct history_reading *inside = calloc(1, sizeof(*inside));
    struct stat status;
    size_t bytes;

    *reader = (struct history_reader){ .inside = inside };
    if (inside == NULL || !line_hash_begin(&inside->hash)) {
        snprintf(reader->reason, sizeof(reader->reason), "out of memory");
        return false;
    }
    inside->file = fopen(path, "re");
    if (inside->file == NULL || fstat(fileno(inside->file), &status) != 0) {
        snprintf(reader->reason, sizeof(reader->reason), "cannot read it: %s", strerror(errno));
        return false;
    }
    inside->total_bytes = (uint64_t)status.st_size;
    if (!next_line(reader, &bytes)) {
        return false;
    }
    line_hash_add(&inside->hash, inside->line, bytes);
    if (!bytes_equal(output_text(inside->json, "history"), bytes_of("chat")) ||
            output_uint(inside->json, "version") != 1 ||
            !read_name(inside->json, "user", &reader->user)) {
        (void)bad(reader, "this is no history file of version 1");
        return false;
    }
    return true;
}

void history_reader_close(struct history_reader *reader)
{
    struct history_reading *inside = reader->inside;

    if (inside == NULL) {
        return;
    }
    if (inside->file != NULL) {
        fclose(inside->file);
    }
    json_destroy(inside->json);
    line_hash_finish(&inside->hash);
    buffer_finish(&inside->entry);
    free(inside->line);
    free(inside);
    reader->inside = NULL;
}

void history_reader_position(const struct history_reader *reader, uint64_t *done, uint64_t *total)
{
    *done = reader->inside->done_bytes;
    *total = reader->inside->total_bytes;
}

// What the conversation before must have come to. HISTORY_END: it has.
static enum history_line end_conversation(struct history_reader *reader)
{
    if (!reader->inside->has_conversation) {
        return HISTORY_END;
    }
    reader->inside->has_conversation = false;
    if (reader->seq != reader->head) {
        return bad(reader, "the conversation with %s ends at entry %" PRIu64 " instead of %" PRIu64,
                reader->peer.text, reader->seq, reader->head);
    }
    if (reader->digest != reader->head_digest) {
        return bad(reader, "the entries of the conversation with %s do not give its digest",
                reader->peer.text);
    }
    return HISTORY_END;
}

static enum history_line take_conversation(struct history_reader *reader)
{
    const struct json *line = reader->inside->json;
    struct name before = reader->peer;
    bool is_first = reader->conversation_count == 0;

    if (end_conversation(reader) == HISTORY_BAD) {
        return HISTORY_BAD;
    }
    reader->head = output_uint(line, "head");
    reader->floor = output_uint(line, "floor");
    if (!read_name(line, "peer", &reader->peer) || reader->floor == 0 ||
            reader->head < reader->floor ||
            !digest_read(output_text(line, "floor_digest"), &reader->floor_digest) ||
            !digest_read(output_text(line, "digest"), &reader->head_digest)) {
        return bad(reader, "a conversation needs peer, head, floor, floor_digest and digest");
    }
    if (!is_first && strcmp(before.text, reader->peer.text) >= 0) {
        return bad(reader, "the conversation with %s is not in its place", reader->peer.text);
    }
    if (strcmp(reader->user.text, reader->peer.text) == 0) {
        return bad(reader, "there is no conversation of %s with itself", reader->user.text);
    }
    reader->seq = reader->floor - 1;
    reader->digest = reader->floor_digest;
    reader->conversation_count++;
    reader->inside->has_conversation = true;
    return HISTORY_CONVERSATION;
}

// Beside the digest, the text must be the one that was hashed, unless it was changed since.
static bool text_fits(const struct json *line)
{
    struct bytes text = output_text(line, "text");
    bool is_edited = json_get(line, "edited") != NULL;
    bool is_emptied =
            text.size == 0 && (json_get(line, "deleted") != NULL || json_get(line, "kind") != NULL);
    uint64_t hash;

    return digest_read(output_text(line, "hash"), &hash) &&
            (is_edited || is_emptied || history_text_hash(text) == hash);
}

static enum history_line take_entry(struct history_reader *reader)
{
    struct history_reading *inside = reader->inside;
    const struct json *line = inside->json;
    struct bytes from = output_text(line, "from");
    uint64_t digest = 0;

    if (!inside->has_conversation || output_uint(line, "seq") != reader->seq + 1 ||
            reader->seq == reader->head) {
        return bad(reader, "entry %" PRIu64 " does not follow entry %" PRIu64 " with %s",
                output_uint(line, "seq"), reader->seq, reader->peer.text);
    }
    reader->seq++;
    if (!bytes_equal(from, name_bytes(&reader->user)) &&
            !bytes_equal(from, name_bytes(&reader->peer))) {
        return bad(reader, "entry %" PRIu64 " with %s is from neither of the two", reader->seq,
                reader->peer.text);
    }
    reader->digest = entry_digest(reader->digest, line);
    if (!digest_read(output_text(line, "digest"), &digest) || digest != reader->digest ||
            !text_fits(line)) {
        return bad(reader, "entry %" PRIu64 " with %s does not fit its digest", reader->seq,
                reader->peer.text);
    }
    buffer_clear(&inside->entry);
    entry_write(&inside->entry, line);
    buffer_add_byte(&inside->entry, '}');
    reader->entry = (struct bytes){ inside->entry.data, (uint32_t)inside->entry.bytes };
    reader->text_bytes = output_text(line, "text").size;
    reader->entry_count++;
    return HISTORY_ENTRY;
}

static enum history_line take_trailer(struct history_reader *reader)
{
    struct history_reading *inside = reader->inside;
    char sum[LINE_HASH_TEXT_BYTES];

    if (end_conversation(reader) == HISTORY_BAD) {
        return HISTORY_BAD;
    }
    line_hash_text(&inside->hash, sum);
    if (output_uint(inside->json, "conversations") != reader->conversation_count ||
            output_uint(inside->json, "entries") != reader->entry_count) {
        return bad(reader, "the trailer counts other lines than there are");
    }
    if (!bytes_equal(output_text(inside->json, "sha256"), bytes_of(sum))) {
        return bad(reader,
                "every entry fits its digest, but the whole is not what was written: a text that "
                "was edited, a device, a counter or a mark was changed");
    }
    if (getc(inside->file) != EOF) {
        return bad(reader, "there is something behind the trailer");
    }
    return HISTORY_END;
}

enum history_line history_reader_next(struct history_reader *reader)
{
    struct history_reading *inside = reader->inside;
    size_t bytes;

    if (!next_line(reader, &bytes)) {
        return HISTORY_BAD;
    }
    if (json_get(inside->json, "sha256") != NULL) {
        return take_trailer(reader);
    }
    line_hash_add(&inside->hash, inside->line, bytes);
    return json_get(inside->json, "peer") != NULL ? take_conversation(reader) : take_entry(reader);
}

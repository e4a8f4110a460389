// SPDX-License-Identifier: MIT
#include "log/journal.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log/segment.h"
#include "shared/failpoint.h"
#include "shared/limits.h"
#include "shared/log.h"

// What is remembered of a segment that is not open.
struct extent {
    uint64_t first_index;
    uint64_t last_index;
    uint64_t bytes;
};

struct journal {
    char directory[600];
    struct segment *active; // the last one; it takes the appends
    struct extent *sealed;  // the others, oldest first
    size_t sealed_count;
    size_t sealed_capacity;
    uint64_t segment_bytes_max;
    uint64_t trimmed_upto; // the highest mark of any segment
    bool has_failed;
};

static enum err remember_sealed(struct journal *journal, const struct segment *segment)
{
    if (journal->sealed_count == journal->sealed_capacity) {
        size_t capacity = journal->sealed_capacity == 0 ? 8 : journal->sealed_capacity * 2;
        struct extent *sealed = realloc(journal->sealed, capacity * sizeof(*sealed));
        if (sealed == NULL) {
            return ERR_MEMORY;
        }
        journal->sealed = sealed;
        journal->sealed_capacity = capacity;
    }
    journal->sealed[journal->sealed_count++] = (struct extent){
        segment_first_index(segment),
        segment_last_index(segment),
        segment_bytes(segment),
    };
    return ERR_OK;
}

static int is_segment_name(const struct dirent *entry)
{
    size_t bytes = strlen(entry->d_name);

    return bytes == 23 && strcmp(entry->d_name + 20, ".db") == 0;
}

// A crash between the two unlinks of segment_remove() leaves a WAL without its database.
static int is_wal_name(const struct dirent *entry)
{
    size_t bytes = strlen(entry->d_name);

    return bytes == 27 && strcmp(entry->d_name + 20, ".db-wal") == 0;
}

static void remove_orphans(const char *directory)
{
    struct dirent **names = NULL;
    int count = scandir(directory, &names, is_wal_name, alphasort);

    for (int i = 0; i < count; i++) {
        char path[900];
        snprintf(path, sizeof(path), "%s/%.23s", directory, names[i]->d_name);
        if (access(path, F_OK) != 0) {
            snprintf(path, sizeof(path), "%s/%s", directory, names[i]->d_name);
            log_info("journal_orphan_removed", "path=%s", path);
            unlink(path);
        }
        free(names[i]);
    }
    free(names);
}

// Opens the segments in order; all but the last are remembered and closed again. A segment that
// never got its first batch is dropped unless it is the last.
static enum err take_segment(struct journal *journal, uint64_t first_index, char *reason,
        size_t reason_bytes)
{
    struct segment *previous = journal->active;
    enum err err;

    if (previous != NULL && segment_last_index(previous) + 1 != first_index) {
        snprintf(reason, reason_bytes,
                "%s: the log has a hole: segment %020" PRIu64 " should begin at %" PRIu64
                "; restore the missing segment or a backup",
                journal->directory, first_index, segment_last_index(previous) + 1);
        return ERR_DAMAGED;
    }
    if (previous != NULL) {
        err = remember_sealed(journal, previous);
        if (err != ERR_OK) {
            return err;
        }
        journal->active = NULL;
        segment_close(previous);
    }
    // A crash may have left the file without a table: it is made now, with the mark known so far.
    err = segment_open(journal->directory, first_index, journal->trimmed_upto, &journal->active);
    if (err == ERR_OK && segment_trimmed_upto(journal->active) > journal->trimmed_upto) {
        journal->trimmed_upto = segment_trimmed_upto(journal->active);
    }
    if (err != ERR_OK) {
        snprintf(reason, reason_bytes, "%s/%020" PRIu64 ".db cannot be read (%s)",
                journal->directory, first_index, err_kind(err));
    }
    return err;
}

// After a power loss the unlinks of a trim may be half there in any order: what the newest segments
// say is trimmed is removed before the chain is looked at.
static void finish_trim(const char *directory, struct dirent **names, int count)
{
    uint64_t trimmed = 0;

    // The newest one may be half made and know nothing yet; the one before it was written then.
    for (int i = count > 2 ? count - 2 : 0; i < count; i++) {
        struct segment *segment = NULL;
        uint64_t first_index = strtoull(names[i]->d_name, NULL, 10);
        if (segment_open(directory, first_index, trimmed, &segment) == ERR_OK &&
                segment_trimmed_upto(segment) > trimmed) {
            trimmed = segment_trimmed_upto(segment);
        }
        segment_close(segment);
    }
    for (int i = 0; i + 1 < count; i++) {
        if (strtoull(names[i + 1]->d_name, NULL, 10) <= trimmed + 1) {
            segment_remove(directory, strtoull(names[i]->d_name, NULL, 10));
            names[i]->d_name[0] = '\0';
        }
    }
}

static enum err check_start(const struct journal *journal, char *reason, size_t reason_bytes)
{
    uint64_t first = journal_first_index(journal);
    uint64_t trimmed = journal->trimmed_upto;

    if (first > trimmed + 1) {
        snprintf(reason, reason_bytes,
                "%s: the log begins at %" PRIu64 " but was trimmed only up to %" PRIu64
                ": a segment is missing; restore it or a backup",
                journal->directory, first, trimmed);
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

enum err journal_open(const char *directory, uint64_t segment_bytes_max, struct journal **out,
        char *reason, size_t reason_bytes)
{
    struct journal *journal = calloc(1, sizeof(*journal));
    struct dirent **names = NULL;
    enum err err = ERR_OK;

    *out = NULL;
    if (journal == NULL) {
        return ERR_MEMORY;
    }
    journal->segment_bytes_max = segment_bytes_max;
    snprintf(journal->directory, sizeof(journal->directory), "%s", directory);
    remove_orphans(directory);
    int count = scandir(directory, &names, is_segment_name, alphasort);
    finish_trim(directory, names, count);
    for (int i = 0; i < count; i++) {
        if (err == ERR_OK && names[i]->d_name[0] != '\0') {
            uint64_t first_index = strtoull(names[i]->d_name, NULL, 10);
            err = take_segment(journal, first_index, reason, reason_bytes);
        }
        free(names[i]);
    }
    free(names);
    if (err == ERR_OK && journal->active == NULL) {
        err = take_segment(journal, 1, reason, reason_bytes);
    }
    if (err == ERR_OK) {
        err = check_start(journal, reason, reason_bytes);
    }
    if (err != ERR_OK) {
        journal_close(journal);
        return err;
    }
    *out = journal;
    return ERR_OK;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL) {
        return;
    }
    segment_close(journal->active);
    free(journal->sealed);
    free(journal);
}

static enum err rotate(struct journal *journal)
{
    struct segment *next = NULL;
    enum err err = segment_open(journal->directory, segment_last_index(journal->active) + 1,
            journal->trimmed_upto, &next);

    if (err == ERR_OK && FAILPOINT("journal.rotated")) {
        err = ERR_IO;
    }
    if (err == ERR_OK) {
        err = remember_sealed(journal, journal->active);
    }
    if (err != ERR_OK) {
        // Nothing was appended; the active segment goes on. A half made file is found empty at the
        // next start and serves then.
        segment_close(next);
        return err == ERR_MEMORY ? ERR_MEMORY : ERR_DISK_FULL;
    }
    segment_close(journal->active);
    journal->active = next;
    return ERR_OK;
}

enum err journal_append(struct journal *journal, struct bytes body)
{
    if (journal->has_failed) {
        return ERR_IO;
    }
    if (segment_bytes(journal->active) >= journal->segment_bytes_max) {
        enum err err = rotate(journal);
        if (err != ERR_OK) {
            return err;
        }
    }
    enum err err = segment_append(journal->active, journal_last_index(journal) + 1, body);
    if (err != ERR_OK && err != ERR_DISK_FULL) {
        journal->has_failed = true;
        log_error("journal_failed", "index=%" PRIu64 " error=%s", journal_last_index(journal) + 1,
                err_kind(err));
        return ERR_IO;
    }
    return err;
}

uint64_t journal_first_index(const struct journal *journal)
{
    return journal->sealed_count > 0 ? journal->sealed[0].first_index
                                     : segment_first_index(journal->active);
}

uint64_t journal_last_index(const struct journal *journal)
{
    return segment_last_index(journal->active);
}

uint64_t journal_bytes(const struct journal *journal)
{
    uint64_t bytes = segment_bytes(journal->active);

    for (size_t i = 0; i < journal->sealed_count; i++) {
        bytes += journal->sealed[i].bytes;
    }
    return bytes;
}

enum err journal_read(struct journal *journal, uint64_t from,
        enum err (*visit)(void *context, uint64_t index, struct bytes body), void *context)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < journal->sealed_count && err == ERR_OK; i++) {
        struct segment *segment = NULL;
        if (journal->sealed[i].last_index < from) {
            continue;
        }
        err = segment_open(journal->directory, journal->sealed[i].first_index, 0, &segment);
        if (err == ERR_OK) {
            err = segment_read(segment, from, visit, context);
        }
        segment_close(segment);
    }
    if (err == ERR_OK) {
        err = segment_read(journal->active, from, visit, context);
    }
    return err;
}

enum err journal_trim(struct journal *journal, uint64_t upto)
{
    size_t gone = 0;

    while (gone < journal->sealed_count && journal->sealed[gone].last_index <= upto) {
        gone++;
    }
    if (gone == 0) {
        return ERR_OK;
    }
    // Said before it is done: a log that begins later than this mark allows has lost a segment.
    uint64_t mark = journal->sealed[gone - 1].last_index;
    enum err err = segment_set_trimmed(journal->active, mark);
    if (err != ERR_OK) {
        return err;
    }
    journal->trimmed_upto = mark;
    for (size_t i = 0; i < gone; i++) {
        segment_remove(journal->directory, journal->sealed[i].first_index);
        if (FAILPOINT("trim.half")) {
            return ERR_IO;
        }
    }
    journal->sealed_count -= gone;
    memmove(journal->sealed, journal->sealed + gone,
            journal->sealed_count * sizeof(*journal->sealed));
    log_info("journal_trimmed", "upto=%" PRIu64 " segments=%zu", mark, gone);
    return ERR_OK;
}

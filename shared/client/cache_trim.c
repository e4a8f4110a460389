// SPDX-License-Identifier: MIT
// What leaves the cache so that it stays within its bounds. Each step takes the oldest messages of
// one conversation, a little more than came in since the last one, so that it costs about as much
// as storing them did, and nobody waits for it.
#include "shared/client/cache_file.h"

// The count oldest messages of a conversation, which has more.
static enum err remove_oldest(struct cache *cache, int64_t id, uint64_t count)
{
    struct device_file *file = &cache->file;
    sqlite3_stmt *statement = device_file_statement(file, FIND_CUT);

    sqlite3_bind_int64(statement, 1, id);
    device_file_bind(statement, 2, count - 1);
    int code = sqlite3_step(statement);
    uint64_t cut = code == SQLITE_ROW ? device_file_column(statement, 0) : JSON_INTEGER_MAX;
    enum err err = device_file_end(file, statement, code);
    if (err != ERR_OK) {
        return err;
    }
    statement = device_file_statement(file, REMOVE_OLDEST);
    sqlite3_bind_int64(statement, 1, id);
    device_file_bind(statement, 2, cut);
    err = device_file_run(file, statement);
    int removed = sqlite3_changes(file->db);
    static const enum statement ranges[] = { REMOVE_HELD_BELOW, CUT_HELD };
    for (int i = 0; i < 2 && err == ERR_OK; i++) {
        statement = device_file_statement(file, (int)ranges[i]);
        sqlite3_bind_int64(statement, 1, id);
        device_file_bind(statement, 2, cut);
        err = device_file_run(file, statement);
    }
    if (err == ERR_OK) {
        statement = device_file_statement(file, COUNT_DOWN);
        sqlite3_bind_int64(statement, 1, id);
        sqlite3_bind_int(statement, 2, removed);
        err = device_file_run(file, statement);
    }
    return err;
}

// The first conversation that has more than so many messages, by which. id 0: none.
static enum err find(struct cache *cache, enum statement which, uint64_t more_than, int64_t *id,
        uint64_t *count)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, (int)which);

    device_file_bind(statement, 1, more_than);
    int code = sqlite3_step(statement);
    *id = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    *count = device_file_column(statement, 1);
    return device_file_end(&cache->file, statement, code);
}

static uint64_t lowest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

// At most excess messages of those conversations that were opened longest ago; *excess sinks.
static enum err remove_least_recent(struct cache *cache, uint64_t kept, uint64_t *excess)
{
    enum err err = ERR_OK;

    while (err == ERR_OK && *excess > 0) {
        int64_t id;
        uint64_t count;
        err = find(cache, FIND_LEAST_RECENT, kept, &id, &count);
        if (err != ERR_OK || id == 0) {
            break;
        }
        uint64_t removed = lowest(*excess, count - kept);
        err = remove_oldest(cache, id, removed);
        *excess -= removed;
    }
    return err;
}

static enum err used_bytes(struct cache *cache, int64_t *bytes)
{
    int64_t pages, unused, page_bytes;
    enum err err = device_file_number(&cache->file, "PRAGMA page_count", &pages);

    if (err == ERR_OK) {
        err = device_file_number(&cache->file, "PRAGMA freelist_count", &unused);
    }
    if (err == ERR_OK) {
        err = device_file_number(&cache->file, "PRAGMA page_size", &page_bytes);
    }
    *bytes = err == ERR_OK ? (pages - unused) * page_bytes : 0;
    return err;
}

enum err cache_trim(struct cache *cache)
{
    uint64_t step = 2 * cache->trim_every, total, count;
    uint64_t kept = lowest(CACHE_KEPT_MESSAGES, cache->conversation_messages_max);
    int64_t bytes, id = 1;
    enum err err = ERR_OK;

    for (uint64_t left = step; err == ERR_OK && id != 0 && left > 0;) {
        err = find(cache, FIND_LONGEST, cache->conversation_messages_max, &id, &count);
        if (err == ERR_OK && id != 0) {
            uint64_t removed = lowest(left, count - cache->conversation_messages_max);
            err = remove_oldest(cache, id, removed);
            left -= removed;
        }
    }
    if (err == ERR_OK) {
        err = used_bytes(cache, &bytes);
    }
    if (err != ERR_OK) {
        return err;
    }
    sqlite3_stmt *statement = device_file_statement(&cache->file, FIND_TOTAL);
    int code = sqlite3_step(statement);
    total = device_file_column(statement, 0);
    err = device_file_end(&cache->file, statement, code);
    uint64_t excess = total > cache->messages_max ? lowest(step, total - cache->messages_max) : 0;
    if (bytes > CACHE_FILE_BYTES_MAX) {
        excess = step;
    }
    if (err == ERR_OK) {
        err = remove_least_recent(cache, kept, &excess);
    }
    return err == ERR_OK ? remove_least_recent(cache, 0, &excess) : err;
}

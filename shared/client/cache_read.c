// SPDX-License-Identifier: MIT
// Messages on their way out of the cache: pages, ranges, search.
#include "shared/client/cache_file.h"

#include <stdio.h>

#include "shared/fold.h"

// What is read by several statements is read of one state of the file, because another process may
// write between them.
static enum err begin_reading(struct cache *cache)
{
    return cache->is_begun ? ERR_OK : device_file_execute(&cache->file, "BEGIN");
}

static enum err end_reading(struct cache *cache, enum err err)
{
    if (!cache->is_begun && sqlite3_get_autocommit(cache->file.db) == 0) {
        sqlite3_exec(cache->file.db, "COMMIT", NULL, NULL, NULL);
    }
    return err;
}

static bool visit_row(struct cache *cache, sqlite3_stmt *statement, cache_visit_message *visit,
        void *context)
{
    uint32_t bits = (uint32_t)sqlite3_column_int64(statement, 3);
    struct bytes peer = device_file_column_text(statement, 0);
    const struct message_view message = {
        .peer = peer,
        .from = (bits & BIT_OWN) != 0 ? name_bytes(&cache->user) : peer,
        .text = device_file_column_text(statement, 7),
        .seq = device_file_column(statement, 1),
        .ts = device_file_column(statement, 2),
        .target = device_file_column(statement, 4),
        .counter = device_file_column(statement, 5),
        .device = device_file_column(statement, 6),
        .kind = (enum message_kind)((bits & KIND_BITS) >> KIND_SHIFT),
        .is_edited = (bits & BIT_EDITED) != 0,
        .is_deleted = (bits & BIT_DELETED) != 0,
    };

    return visit(context, &message);
}

// All of first to last, which are held; page says what was visited.
static enum err visit_rows(struct cache *cache, int64_t id, uint64_t first, uint64_t last,
        cache_visit_message *visit, void *context, struct cache_page *page)
{
    sqlite3_stmt *statement = device_file_statement(&cache->file, EACH_MESSAGE);
    bool goes_on = true;
    uint64_t next = first;
    int code = SQLITE_DONE;

    sqlite3_bind_int64(statement, 1, id);
    device_file_bind(statement, 2, first);
    device_file_bind(statement, 3, last);
    while (goes_on && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (device_file_column(statement, 1) != next) {
            break;
        }
        goes_on = visit_row(cache, statement, visit, context);
        next++;
    }
    enum err err = device_file_end(&cache->file, statement, code);
    if (err == ERR_OK && goes_on && next != last + 1) {
        snprintf(cache->file.reason, sizeof(cache->file.reason),
                "%s: messages are missing that it says are held", cache->path);
        err = ERR_DAMAGED;
    }
    page->first = next > first ? first : 0;
    page->last = next > first ? next - 1 : 0;
    return err;
}

static enum err read_before(struct cache *cache, struct bytes peer, uint64_t before, unsigned limit,
        cache_visit_message *visit, void *context, struct cache_page *page)
{
    struct conversation conversation;
    struct cache_range range = { 0 };
    enum err err = conversation_find(cache, peer, false, &conversation);
    uint64_t wanted = before == 0 ? UINT64_MAX : before - 1;

    if (err == ERR_OK && conversation.id != 0 && wanted > 0) {
        err = held_find(cache, conversation.id, wanted, &range);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (before == 0) {
        wanted = range.last;
    }
    if (range.first == 0 || range.last < wanted) {
        page->is_start = before != 0 && conversation_begins_at(&conversation, before);
        page->is_whole = page->is_start;
        return ERR_OK;
    }
    uint64_t first = wanted - range.first >= limit ? wanted - limit + 1 : range.first;
    err = visit_rows(cache, conversation.id, first, wanted, visit, context, page);
    page->is_start = page->first != 0 && conversation_begins_at(&conversation, page->first);
    page->is_head = page->last != 0 && page->last >= conversation.seq;
    page->is_whole = (before != 0 || page->is_head) &&
            (page->is_start || (page->first != 0 && page->last - page->first + 1 == limit));
    return err;
}

enum err cache_read_before(struct cache *cache, struct bytes peer, uint64_t before, unsigned limit,
        cache_visit_message *visit, void *context, struct cache_page *page)
{
    enum err err = begin_reading(cache);

    *page = (struct cache_page){ 0 };
    if (err == ERR_OK) {
        err = read_before(cache, peer, before, limit, visit, context, page);
    }
    return end_reading(cache, err);
}

static enum err read_after(struct cache *cache, struct bytes peer, uint64_t after, unsigned limit,
        cache_visit_message *visit, void *context, struct cache_page *page)
{
    struct conversation conversation;
    struct cache_range range = { 0 };
    enum err err = conversation_find(cache, peer, false, &conversation);
    uint64_t first = after + 1;

    if (err == ERR_OK && conversation.id != 0) {
        first = first < conversation.floor_seq ? conversation.floor_seq : first;
        err = held_find(cache, conversation.id, first, &range);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (range.first == 0 || range.last < first) {
        page->is_head = conversation.id != 0 && after >= conversation.seq;
        page->is_whole = page->is_head;
        return ERR_OK;
    }
    uint64_t last = range.last - first >= limit ? first + limit - 1 : range.last;
    err = visit_rows(cache, conversation.id, first, last, visit, context, page);
    page->is_start = page->first != 0 && conversation_begins_at(&conversation, page->first);
    page->is_head = page->last != 0 && page->last >= conversation.seq;
    page->is_whole = page->is_head || (page->first != 0 && page->last - page->first + 1 == limit);
    return err;
}

enum err cache_read_after(struct cache *cache, struct bytes peer, uint64_t after, unsigned limit,
        cache_visit_message *visit, void *context, struct cache_page *page)
{
    enum err err = begin_reading(cache);

    *page = (struct cache_page){ 0 };
    if (err == ERR_OK) {
        err = read_after(cache, peer, after, limit, visit, context, page);
    }
    return end_reading(cache, err);
}

enum err cache_read_range(struct cache *cache, struct bytes peer, uint64_t seq,
        struct cache_range *range)
{
    struct conversation conversation;
    enum err err = begin_reading(cache);

    *range = (struct cache_range){ 0 };
    if (err == ERR_OK) {
        err = conversation_find(cache, peer, false, &conversation);
        if (err == ERR_OK && conversation.id != 0) {
            err = held_find(cache, conversation.id, seq, range);
        }
    }
    return end_reading(cache, err);
}

static void has_needle(sqlite3_context *call, int count, sqlite3_value **values)
{
    const struct fold *needle = sqlite3_user_data(call);
    const char *text = (const char *)sqlite3_value_text(values[0]);
    struct bytes bytes = { text, (uint32_t)sqlite3_value_bytes(values[0]) };

    CHECK(count == 1);
    sqlite3_result_int(call, text != NULL && fold_contains(bytes, needle));
}

static enum err search(struct cache *cache, struct bytes peer, unsigned limit,
        cache_visit_message *visit, void *context)
{
    struct conversation conversation = { 0 };
    sqlite3_stmt *statement;
    enum err err = ERR_OK;
    int code;

    if (peer.size > 0) {
        err = conversation_find(cache, peer, false, &conversation);
    }
    if (err != ERR_OK || (peer.size > 0 && conversation.id == 0)) {
        return err;
    }
    statement = device_file_statement(&cache->file, SEARCH);
    sqlite3_bind_int64(statement, 1, conversation.id);
    sqlite3_bind_int64(statement, 2, limit);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW &&
            visit_row(cache, statement, visit, context)) {
    }
    return device_file_end(&cache->file, statement, code);
}

enum err cache_search(struct cache *cache, struct bytes query, struct bytes peer, unsigned limit,
        cache_visit_message *visit, void *context)
{
    struct fold needle;

    if (!fold_init(&needle, query)) {
        return ERR_MEMORY;
    }
    // The function carries this needle: the statement that names it stays prepared.
    enum err err = begin_reading(cache);
    if (err == ERR_OK &&
            sqlite3_create_function_v2(cache->file.db, "has_needle", 1, SQLITE_UTF8, &needle,
                    has_needle, NULL, NULL, NULL) != SQLITE_OK) {
        err = device_file_failed(&cache->file, "can't be searched");
    }
    if (err == ERR_OK) {
        err = search(cache, peer, limit, visit, context);
    }
    fold_finish(&needle);
    return end_reading(cache, err);
}

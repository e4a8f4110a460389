// SPDX-License-Identifier: MIT
#include "shared/client/cache_world.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "shared/history_digest.h"

char directory[64];
struct message_view server[ENTRIES];
uint64_t digests[ENTRIES + 1];
static char texts[ENTRIES][40];

static void set_entry(uint64_t seq, enum message_kind kind, uint64_t target, const char *text)
{
    server[seq - 1] = (struct message_view){
        .peer = bytes_of("bob"),
        .from = bytes_of(seq % 2 == 1 ? "ann" : "bob"),
        .text = bytes_of(text),
        .seq = seq,
        .ts = 1764000000000 + seq,
        .kind = kind,
        .target = target,
    };
}

static void compute_digests(uint64_t from)
{
    for (uint64_t seq = from; seq <= ENTRIES; seq++) {
        const struct message_view *message = &server[seq - 1];
        const struct history_entry entry = {
            .seq = seq,
            .ts = message->ts,
            .target = message->target,
            .text_hash = history_text_hash(message->text),
            .from = message->from,
            .kind = message->kind,
        };
        digests[seq] = history_next_digest(digests[seq - 1], &entry);
    }
}

void server_entry(uint64_t seq, enum message_kind kind, uint64_t target, const char *text)
{
    set_entry(seq, kind, target, text);
    compute_digests(seq);
}

int world_make(void **state)
{
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/cache-test-XXXXXX");
    for (uint64_t seq = 1; seq <= ENTRIES; seq++) {
        snprintf(texts[seq - 1], sizeof(texts[0]), "t%u", (unsigned)seq);
        set_entry(seq, MESSAGE_TEXT, 0, texts[seq - 1]);
    }
    compute_digests(1);
    return mkdtemp(directory) == NULL;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

int world_clean(void **state)
{
    (void)state;
    return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *path_of(const char *name)
{
    static char path[100];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

struct cache *open_it(void)
{
    struct cache *cache;

    assert_int_equal(cache_open(directory, &cache), ERR_OK);
    assert_false(cache_is_private(cache));
    assert_int_equal(cache_set_user(cache, bytes_of("ann")), ERR_OK);
    return cache;
}

struct cache *open_again(struct cache *cache)
{
    cache_close(cache);
    return open_it();
}

bool put_events(struct cache *cache, uint64_t first, uint64_t last)
{
    char cursor[30];
    bool is_dropped, is_any_dropped = false;

    assert_int_equal(cache_begin(cache), ERR_OK);
    for (uint64_t seq = first; seq <= last; seq++) {
        assert_int_equal(cache_put_message(cache, &server[seq - 1], &is_dropped), ERR_OK);
        is_any_dropped |= is_dropped;
    }
    snprintf(cursor, sizeof(cursor), "1.%u", (unsigned)last);
    assert_int_equal(cache_commit(cache, bytes_of(cursor)), ERR_OK);
    return is_any_dropped;
}

bool put_page_at(struct cache *cache, uint64_t first, uint64_t last, uint64_t head_seq)
{
    bool is_dropped;
    const struct cache_history history = {
        .peer = bytes_of("bob"),
        .messages = &server[first - 1],
        .count = last - first + 1,
        .head_seq = head_seq,
        .digest = digests[head_seq],
    };

    assert_int_equal(cache_begin(cache), ERR_OK);
    assert_int_equal(cache_put_history(cache, &history, &is_dropped), ERR_OK);
    assert_int_equal(cache_commit(cache, (struct bytes){ 0 }), ERR_OK);
    return is_dropped;
}

bool put_head(struct cache *cache, const struct head_view *head)
{
    bool is_dropped;

    assert_int_equal(cache_begin(cache), ERR_OK);
    assert_int_equal(cache_put_head(cache, head, &is_dropped), ERR_OK);
    assert_int_equal(cache_commit(cache, (struct bytes){ 0 }), ERR_OK);
    return is_dropped;
}

struct head_view head_at(uint64_t seq)
{
    return (struct head_view){
        .peer = bytes_of("bob"),
        .seq = seq,
        .digest = digests[seq],
        .has_last = true,
        .last = server[seq - 1],
    };
}

void put_receipt(struct cache *cache, const char *by, uint64_t delivered, uint64_t read)
{
    const struct receipt_view receipt = { bytes_of("bob"), bytes_of(by), delivered, read };

    assert_int_equal(cache_begin(cache), ERR_OK);
    assert_int_equal(cache_put_receipt(cache, &receipt), ERR_OK);
    assert_int_equal(cache_commit(cache, (struct bytes){ 0 }), ERR_OK);
}

bool show_message(void *context, const struct message_view *message)
{
    static const char *const kinds[] = { "", "edit:", "delete:" };

    if (message->target != 0) {
        buffer_print(context, "%s%u:", kinds[message->kind], (unsigned)message->target);
    }
    buffer_print(context, "%.*s%s%s ", (int)message->text.size, message->text.data,
            message->is_edited ? "*" : "", message->is_deleted ? "x" : "");
    return true;
}

bool show_head(void *context, const struct head_view *head)
{
    buffer_print(context, "%.*s@%u read %u/%u/%u unread %u%s", (int)head->peer.size,
            head->peer.data, (unsigned)head->seq, (unsigned)head->read_seq,
            (unsigned)head->peer_delivered_seq, (unsigned)head->peer_read_seq,
            (unsigned)head->unread, head->is_blocked ? " blocked" : "");
    if (head->has_last) {
        buffer_print(context, " %.*s:%.*s", (int)head->last.from.size, head->last.from.data,
                (int)head->last.text.size, head->last.text.data);
    }
    buffer_add_literal((struct buffer *)context, "; ");
    return true;
}

void assert_shown(struct buffer *shown, const char *wanted)
{
    buffer_add_byte(shown, '\0');
    assert_string_equal(shown->data, wanted);
    buffer_finish(shown);
}

void assert_heads(struct cache *cache, const char *wanted)
{
    struct buffer shown = { 0 };

    assert_int_equal(cache_each_head(cache, 100, show_head, &shown), ERR_OK);
    assert_shown(&shown, wanted);
}

void assert_before(struct cache *cache, uint64_t before, unsigned limit, const char *wanted)
{
    struct buffer shown = { 0 };
    struct cache_page page;

    assert_int_equal(cache_read_before(cache, bytes_of("bob"), before, limit, show_message, &shown,
                             &page),
            ERR_OK);
    buffer_print(&shown, "%s%s%s", page.is_whole ? "w" : "", page.is_start ? "s" : "",
            page.is_head ? "h" : "");
    assert_shown(&shown, wanted);
}

void assert_after(struct cache *cache, uint64_t after, unsigned limit, const char *wanted)
{
    struct buffer shown = { 0 };
    struct cache_page page;

    assert_int_equal(cache_read_after(cache, bytes_of("bob"), after, limit, show_message, &shown,
                             &page),
            ERR_OK);
    buffer_print(&shown, "%s%s%s", page.is_whole ? "w" : "", page.is_start ? "s" : "",
            page.is_head ? "h" : "");
    assert_shown(&shown, wanted);
}

void assert_range(struct cache *cache, uint64_t seq, uint64_t first, uint64_t last)
{
    struct cache_range range;

    assert_int_equal(cache_read_range(cache, bytes_of("bob"), seq, &range), ERR_OK);
    assert_int_equal(range.first, first);
    assert_int_equal(range.last, last);
}

void assert_cursor(struct cache *cache, const char *wanted)
{
    struct bytes cursor;

    assert_int_equal(cache_read_cursor(cache, &cursor), ERR_OK);
    assert_true(bytes_equal(cursor, bytes_of(wanted)));
}

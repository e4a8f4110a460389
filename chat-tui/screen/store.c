// SPDX-License-Identifier: MIT
#include "store.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/client/cache.h"
#include "shared/client/drafts.h"
#include "shared/client/views.h"

#define HEADS_MAX 500
#define PAGE_MESSAGES 200

struct store {
    struct cache *cache;   // NULL: none could be had
    struct drafts *drafts; // NULL: not opened yet; else, for its reason, also if that failed
    bool has_drafts;       // open, as they are from the first thing that is written
    struct name user;      // whose drafts
    char directory[400];
};

struct store *store_open(const char *directory)
{
    struct store *store = calloc(1, sizeof(*store));

    if (store == NULL) {
        return NULL;
    }
    snprintf(store->directory, sizeof(store->directory), "%s", directory);
    if (cache_open(directory, &store->cache) != ERR_OK) {
        store->cache = NULL;
    }
    return store;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->cache != NULL && cache_is_begun(store->cache)) {
        cache_abandon(store->cache);
    }
    cache_close(store->cache);
    drafts_close(store->drafts);
    free(store);
}

// What can't be read or written is made anew: the server has it all.
static bool is_good(struct store *store, enum err err)
{
    if (err == ERR_OK) {
        return true;
    }
    if (err == ERR_DAMAGED && cache_remake(store->cache) == ERR_OK) {
        return false;
    }
    if (cache_is_begun(store->cache)) {
        cache_abandon(store->cache);
    }
    return false;
}

static bool begin(struct store *store)
{
    struct bytes cursor;

    if (store->cache == NULL || cache_is_begun(store->cache)) {
        return store->cache != NULL;
    }
    enum err err = cache_begin(store->cache);
    if (err == ERR_CONFLICT) { // another process emptied it: what it has now is the truth
        (void)!cache_read_cursor(store->cache, &cursor);
        err = cache_begin(store->cache);
    }
    return is_good(store, err);
}

static bool paint_head(void *context, const struct head_view *head)
{
    model_head(context, head);
    return true;
}

static bool paint_draft(void *context, const struct draft *draft)
{
    struct conversation *conversation = model_get(context, draft->peer);

    if (conversation != NULL) {
        buffer_clear(&conversation->draft);
        buffer_add(&conversation->draft, draft->text.data, draft->text.size);
    }
    return true;
}

static void close_drafts(struct store *store)
{
    drafts_close(store->drafts);
    store->drafts = NULL;
    store->has_drafts = false;
}

// False: store_reason() says why; the next time it is tried again.
static bool open_drafts(struct store *store)
{
    if (!store->has_drafts) {
        close_drafts(store);
        store->has_drafts =
                drafts_open(store->directory, name_bytes(&store->user), &store->drafts) == ERR_OK;
    }
    return store->has_drafts;
}

void store_paint(struct store *store, struct model *model)
{
    struct bytes cursor, user;

    if (store->cache == NULL || !is_good(store, cache_read_cursor(store->cache, &cursor))) {
        return;
    }
    user = bytes_of(cache_user(store->cache));
    if (!name_is_valid(user)) {
        return;
    }
    model->user = name_of(user);
    (void)is_good(store, cache_each_head(store->cache, HEADS_MAX, paint_head, model));
    store->user = model->user;
    if (open_drafts(store)) {
        (void)!drafts_each(store->drafts, paint_draft, model);
    }
    close_drafts(store); // 0.1 MB that whoever only reads does not need
}

bool store_is_fresh(struct store *store)
{
    struct bytes cursor;

    return store->cache == NULL || !is_good(store, cache_read_cursor(store->cache, &cursor)) ||
            cursor.size == 0;
}

bool store_set_user(struct store *store, struct bytes user)
{
    bool was_other = store->cache != NULL && cache_user(store->cache)[0] != '\0' &&
            !bytes_equal(bytes_of(cache_user(store->cache)), user);

    if (was_other) {
        close_drafts(store);
    }
    if (store->cache != NULL) {
        (void)is_good(store, cache_set_user(store->cache, user));
    }
    store->user = name_of(user);
    return was_other;
}

struct filling {
    struct model *model;
    struct conversation *conversation;
    bool is_whole;
};

static bool fill_message(void *context, const struct message_view *message)
{
    struct filling *filling = context;

    filling->is_whole &= model_page_add(filling->model, filling->conversation, message);
    return true;
}

static bool only_look(void *context, const struct message_view *message)
{
    (void)context;
    (void)message;
    return true;
}

// First how far it goes: the timeline is told before it is filled.
static bool fill(struct store *store, struct model *model, struct conversation *conversation,
        struct page_bounds bounds, struct cache_page *page)
{
    struct filling filling = { model, conversation, true };
    struct bytes peer = name_bytes(&conversation->peer);
    bool is_newest = bounds.before == 0 && bounds.after == 0;
    enum err err = bounds.after > 0 ? cache_read_after(store->cache, peer, bounds.after,
                                              PAGE_MESSAGES, only_look, NULL, page)
                                    : cache_read_before(store->cache, peer, bounds.before,
                                              PAGE_MESSAGES, only_look, NULL, page);

    if (!is_good(store, err) || page->first == 0 ||
            (bounds.before > 0 && page->last + 1 != bounds.before) ||
            (bounds.after > 0 && page->first != bounds.after + 1)) {
        return false;
    }
    model_page_begin(conversation, page->is_start ? 1 : page->first, page->last, is_newest);
    err = bounds.after > 0 ? cache_read_after(store->cache, peer, bounds.after, PAGE_MESSAGES,
                                     fill_message, &filling, page)
                           : cache_read_before(store->cache, peer, bounds.before, PAGE_MESSAGES,
                                     fill_message, &filling, page);
    (void)is_good(store, err);
    conversation->timeline.is_stale |= !filling.is_whole || (is_newest && !page->is_head);
    return true;
}

bool store_page(struct store *store, struct model *model, struct conversation *conversation,
        struct page_bounds bounds)
{
    struct cache_page page = { 0 };

    return store->cache != NULL && !cache_is_begun(store->cache) &&
            fill(store, model, conversation, bounds, &page);
}

bool store_page_around(struct store *store, struct model *model, struct conversation *conversation,
        uint64_t seq)
{
    struct bytes peer = name_bytes(&conversation->peer);
    struct cache_range range;

    if (store->cache == NULL || cache_is_begun(store->cache) ||
            !is_good(store, cache_read_range(store->cache, peer, seq, &range)) ||
            range.first == 0 || range.last < seq) {
        return false;
    }
    uint64_t last = seq + PAGE_MESSAGES / 4;
    last = last < range.last ? last : range.last;
    return store_page(store, model, conversation, (struct page_bounds){ .before = last + 1 });
}

struct finding {
    struct search *search;
    struct bytes user;
    bool is_whole;
};

static bool find_message(void *context, const struct message_view *message)
{
    struct finding *finding = context;

    finding->is_whole &= search_add(finding->search, message, finding->user);
    return true;
}

void store_search(struct store *store, const struct model *model, struct bytes peer,
        struct search *search)
{
    struct finding finding = { search, name_bytes(&model->user), true };

    if (store->cache != NULL) {
        (void)is_good(store,
                cache_search(store->cache, pattern_bytes(&search->pattern), peer,
                        SEARCH_FOUND_MAX / 2, find_message, &finding));
    }
}

void store_heads(struct store *store, struct model *model, const struct json *result)
{
    const struct json *heads = json_get(result, "conversations");

    for (size_t i = 0; i < json_count(heads) && begin(store); i++) {
        const struct head_view head = views_head(json_at(heads, i));
        struct conversation *conversation = model_find(model, head.peer);
        bool is_dropped = false;
        if (is_good(store, cache_put_head(store->cache, &head, &is_dropped)) && is_dropped &&
                conversation != NULL) {
            timeline_clear(&conversation->timeline);
        }
    }
}

void store_event(struct store *store, struct model *model, const struct json *root)
{
    const struct json *params = json_get(root, "params");
    struct bytes method = { "", 0 };
    bool is_dropped = false;

    json_read_string(json_get(root, "method"), &method);
    if (json_get(params, "cursor") == NULL || !begin(store)) {
        return;
    }
    if (bytes_equal(method, bytes_of("message"))) {
        const struct message_view message = views_message(params);
        struct conversation *conversation = model_find(model, message.peer);
        if (is_good(store, cache_put_message(store->cache, &message, &is_dropped)) && is_dropped &&
                conversation != NULL) {
            conversation->timeline.is_stale = true;
        }
    } else if (bytes_equal(method, bytes_of("receipt"))) {
        const struct receipt_view receipt = views_receipt(params);
        (void)is_good(store, cache_put_receipt(store->cache, &receipt));
    } else if (bytes_equal(method, bytes_of("conversation"))) {
        const struct head_view head = views_head(params);
        (void)is_good(store, cache_put_head(store->cache, &head, &is_dropped));
    }
}

void store_history(struct store *store, struct conversation *conversation,
        const struct json *result)
{
    const struct json *messages = json_get(result, "messages");
    size_t count = json_count(messages);
    struct message_view *views = calloc(count + 1, sizeof(*views));
    struct cache_history history = { .peer = name_bytes(&conversation->peer),
        .messages = views,
        .count = count };
    bool has_more = false, is_dropped = false;

    json_read_uint(json_get(result, "head_seq"), &history.head_seq);
    json_read_bool(json_get(result, "more"), &has_more);
    history.digest = views_digest(result);
    history.is_start = !has_more;
    for (size_t i = 0; views != NULL && i < count; i++) {
        views[i] = views_message(json_at(messages, i));
    }
    if (views != NULL && count > 0 && begin(store)) {
        (void)is_good(store, cache_put_history(store->cache, &history, &is_dropped));
    }
    free(views);
}

void store_own(struct store *store, struct conversation *conversation,
        const struct message_view *message)
{
    struct message_view own = *message;
    bool is_dropped = false;

    own.peer = name_bytes(&conversation->peer);
    if (begin(store)) {
        (void)is_good(store, cache_put_message(store->cache, &own, &is_dropped));
    }
}

void store_reset(struct store *store)
{
    if (begin(store)) {
        (void)is_good(store, cache_reset(store->cache));
    }
}

void store_commit(struct store *store, const char *cursor)
{
    if (store->cache != NULL && cache_is_begun(store->cache)) {
        (void)is_good(store, cache_commit(store->cache, bytes_of(cursor)));
    }
}

bool store_draft(struct store *store, const struct conversation *conversation, struct bytes text)
{
    if (store->user.size == 0) {
        return true; // nobody is known yet: nothing could be written to anybody
    }
    return open_drafts(store) &&
            drafts_put(store->drafts, name_bytes(&conversation->peer), text, text.size) == ERR_OK;
}

const char *store_reason(const struct store *store)
{
    return store->drafts == NULL ? "" : drafts_reason(store->drafts);
}
